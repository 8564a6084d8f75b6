"""What the tests of data loading share: running one scenario on Rushlight and on PyTorch, and small programs."""

import os
import subprocess
import sys
import warnings
from collections import deque
from pathlib import Path

import numpy as np
import pytest

import rushlight as torch

ROOT = Path(__file__).resolve().parents[2]


def plain(value):
    """A result in terms that both libraries share: tensors as (dtype, values), containers by their type's name."""
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        return str(value.dtype).removeprefix("torch."), list(value.shape), value.tolist()
    if isinstance(value, dict):
        return type(value).__name__, {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, deque)):
        return type(value).__name__, [plain(item) for item in value]
    return value


def outcome(scenario, library):
    """(result or error, warnings) of `scenario(library)`, from the seed 0."""
    library.manual_seed(0)
    np.random.seed(0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = plain(scenario(library))
        except Exception as error:
            result = type(error).__name__, str(error)
    return result, sorted({(w.category.__name__, str(w.message)) for w in caught if "worker processes" not in str(w.message)})


@pytest.fixture
def same(oracle):
    """`same(scenario)`: the scenario gives here what it gives in PyTorch: values, errors, warnings."""

    def check(scenario):
        ours, theirs = outcome(scenario, torch), outcome(scenario, oracle)
        assert ours == theirs
        return ours[0]

    return check


@pytest.fixture
def program(tmp_path):
    """`program(text, ...)`: start a Python program in a process group of its own; give the Popen."""
    started = []

    def start(text, *args):
        file = tmp_path / "program.py"
        file.write_text(text)
        paths = [*os.environ.get("PYTHONPATH", "").split(os.pathsep), str(ROOT)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}
        process = subprocess.Popen(
            [sys.executable, str(file), *args],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()
