"""Every example runs to its end in its small form, as a user would start it."""
import pathlib
import re
import subprocess
import sys

import pytest

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
RUNS = {
    "linear_regression.py": ["", r"w = \[(1\.9|2\.0)"],
    "softmax_regression.py": ["--limit 500 --epochs 2", r"test acc 0\.[5-9]"],
    "mlp.py": ["--limit 300 --epochs 3", r"dropout +train acc"],
    "convnets.py": ["--model lenet --limit 128 --epochs 1", r"lenet: \d+ parameters"],
    "convnets.py alexnet": ["--model alexnet --limit 64 --epochs 1", r"epoch 1, loss"],
    "convnets.py vgg": ["--model vgg --limit 64 --epochs 1", r"epoch 1, loss"],
    "convnets.py nin": ["--model nin --limit 64 --epochs 1", r"epoch 1, loss"],
    "convnets.py googlenet": ["--model googlenet --limit 64 --epochs 1", r"epoch 1, loss"],
    "convnets.py resnet": ["--model resnet --limit 64 --epochs 1", r"epoch 1, loss"],
    "convnets.py densenet": ["--model densenet --limit 64 --epochs 1", r"epoch 1, loss"],
    "fashion_mnist_csv.py": ["--limit 200 --epochs 1", r"Validation Loss"],
    "mnist_verify.py": ["--epochs 1 --picture {tmp}/digits.png", r"Real Label is"],
    "cifar10.py": ["--epochs 2", r"the photograph shows: \w+"],
    "optimizers.py": ["--epochs 2 --plot {tmp}/curves.png", r"Adam +valley"],
    "augmentation.py": ["--columns 2 --picture {tmp}/grid.png", r"grid \(3, 786, 198\)"],
    "fine_tuning.py": ["--epochs 1 --size 32", r"epoch 1, loss"],
    "segmentation.py": ["--epochs 1 --picture {tmp}/shapes.png", r"test pixel accuracy 0\.[5-9]"],
}


@pytest.mark.parametrize("name", RUNS)
def test_example(name, tmp_path):
    pytest.importorskip("PIL")
    if "--plot" in RUNS[name][0]:
        pytest.importorskip("matplotlib")
    arguments, expected = RUNS[name][0].format(tmp=tmp_path).split(), RUNS[name][1]
    script = EXAMPLES / name.split()[0]
    done = subprocess.run([sys.executable, "-m", "rushlight", "run", str(script), *arguments], cwd=tmp_path, capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert re.search(expected, done.stdout), done.stdout
    for picture in re.findall(r"wrote (\S+)", done.stdout):
        assert pathlib.Path(picture).stat().st_size > 0


def test_every_example_is_run():
    assert {p.name for p in EXAMPLES.glob("*.py")} == {n.split()[0] for n in RUNS} | {"fashion_mnist.py"}
