"""examples/fashion_mnist.py: an ordinary PyTorch program, under `rushlight run` and on PyTorch."""
import gzip
import importlib.util
import os
import pathlib
import re
import subprocess
import sys

import pytest

HOME = pathlib.Path(importlib.util.find_spec("rushlight").origin).parent.parent
ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples/fashion_mnist.py"
CUT = HOME / "rushlight/vision/datasets/data/fashion-mnist-cut"

pytest.importorskip("PIL")


@pytest.fixture
def cut(tmp_path):
    """A --data folder that holds the cut, as torchvision wants it."""
    raw = tmp_path / "cut/FashionMNIST/raw"
    raw.mkdir(parents=True)
    for packed in CUT.glob("*.gz"):
        (raw / packed.stem).write_bytes(gzip.decompress(packed.read_bytes()))
    return tmp_path / "cut"


@pytest.fixture
def example(tmp_path, cut):
    """Runs the example; returns what it prints."""

    def run(*arguments, launcher=("-m", "rushlight", "run"), path=str(HOME), data=cut):
        environment = {**os.environ, "PYTHONPATH": path}
        command = [sys.executable, *launcher, str(EXAMPLE), "--logdir", "", "--data", str(data), *map(str, arguments)]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def on_pytorch(example, oracle_vision):
    """The same, on the real PyTorch."""
    runner = str(ROOT / "tests/support/real_torchvision.py")
    return lambda *arguments: example(*arguments, launcher=(runner,), path=os.environ.get("PYTHONPATH", ""))


def epochs(printed):
    """{epoch: (loss, train accuracy, test accuracy)} of the lines of the epochs."""
    found = re.findall(r"^epoch (\d+): loss ([\d.]+), train accuracy ([\d.]+), test accuracy ([\d.]+), [\d.]+ s$", printed, re.M)
    return {int(epoch): tuple(map(float, numbers)) for epoch, *numbers in found}


def test_it_trains_and_says_how_well(example):
    printed = example("--model", "softmax", "--epochs", 3)
    assert "softmax: 7850 parameters, 2000 training images, 500 test images" in printed
    told = epochs(printed)
    assert list(told) == [1, 2, 3] and told[3][0] < told[1][0]
    assert printed.splitlines()[-1] == f"test accuracy {told[3][2]:.4f}" and told[3][2] > 0.7


@pytest.mark.skipif(os.path.isdir("/usr/share/datasets/fashion-mnist"), reason="the whole set is installed here")
def test_without_data_it_takes_the_cut_and_says_so(example, tmp_path):
    printed = example("--model", "softmax", "--epochs", 1, data=tmp_path / "nowhere")
    assert "2000 training images" in printed and "cut" in printed


def test_it_goes_on_from_a_checkpoint_as_if_never_stopped(example, tmp_path):
    arguments = ("--model", "mlp", "--seed", 3)
    whole = epochs(example(*arguments, "--epochs", 3))
    saved = tmp_path / "saved.pt"
    example(*arguments, "--epochs", 2, "--save", saved)
    rest = epochs(example("--model", "mlp", "--epochs", 3, "--resume", saved))
    assert rest == {3: whole[3]}
    nothing_left = example("--model", "mlp", "--epochs", 2, "--resume", saved)
    assert nothing_left.splitlines()[-1] == f"test accuracy {whole[2][2]:.4f}"


@pytest.mark.parametrize("optimizer", ["sgd", "adamw", "adagrad", "rmsprop", "adadelta"])
def test_every_optimizer_learns(example, optimizer):
    rate = {"sgd": 0.05, "adagrad": 0.01, "adadelta": 1.0}.get(optimizer, 2e-3)
    told = epochs(example("--model", "softmax", "--epochs", 2, "--optimizer", optimizer, "--lr", rate))
    assert told[2][2] > 0.6


def test_the_log_is_there(tmp_path, example):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    printed = epochs(example("--model", "softmax", "--epochs", 2, "--logdir", tmp_path / "logs"))
    log = EventAccumulator(str(tmp_path / "logs")).Reload()
    assert [event.step for event in log.Scalars("loss/train")] == [1, 2]
    assert [round(event.value, 4) for event in log.Scalars("accuracy/test")] == [printed[1][2], printed[2][2]]


@pytest.mark.parametrize("model", ["softmax", "mlp", "lenet", "cnn"])
def test_it_prints_what_it_prints_on_pytorch(example, on_pytorch, model):
    """Same seed: same initial weights, batches and dropout masks; the rest is rounding."""
    arguments = ("--model", model, "--epochs", 2, "--lr", 1e-3)
    ours, theirs = epochs(example(*arguments)), epochs(on_pytorch(*arguments))
    for epoch in (1, 2):
        assert ours[epoch][0] == pytest.approx(theirs[epoch][0], rel=2e-3)
        assert ours[epoch][1:] == pytest.approx(theirs[epoch][1:], abs=0.011)


def test_checkpoints_cross_to_pytorch_and_back(example, on_pytorch, tmp_path):
    arguments = ("--model", "mlp", "--epochs")
    whole = epochs(on_pytorch(*arguments, 3))
    example(*arguments, 1, "--save", tmp_path / "one.pt")
    on_pytorch(*arguments, 2, "--resume", tmp_path / "one.pt", "--save", tmp_path / "two.pt")
    last = epochs(example(*arguments, 3, "--resume", tmp_path / "two.pt"))
    assert last[3] == pytest.approx(whole[3], abs=0.011)
