"""The second promise: with the same seed a program prints the numbers that PyTorch prints on a CPU."""
import json
import pathlib
import subprocess
import sys

import pytest

PROGRAM = pathlib.Path(__file__).with_name("same_numbers_program.py")


def run(command, *arguments):
    done = subprocess.run([*command, str(PROGRAM), *arguments], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("model", ["mlp", "lenet", "cnn"])
def test_fifty_steps_are_pytorchs(oracle, model, optimizer):
    theirs = run([sys.executable], model, optimizer)
    nudged = run([sys.executable], model, optimizer, "--nudge")
    ours = run([sys.executable, "-m", "rushlight", "run"], model, optimizer)
    for what in ("weights", "batches", "mask", "after"):
        assert ours[what] == theirs[what], f"{what} differ"
    for i in range(5):
        assert ours["losses"][i] == pytest.approx(theirs["losses"][i], rel=1e-5), f"step {i}"
    for a, b in zip(ours["gradients"], theirs["gradients"]):
        assert a == pytest.approx(b, rel=1e-4)
    own = abs(nudged["losses"][49] - theirs["losses"][49])
    assert abs(ours["losses"][49] - theirs["losses"][49]) <= max(3 * own, 1e-5)
