"""Programs are run in child processes: the test's own process must never have the names aliased."""
from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest

HOME = os.path.dirname(os.path.dirname(importlib.util.find_spec("rushlight").origin))


class Shell:
    """Runs Python in a folder of its own, where `import rushlight` finds the Rushlight under test."""

    def __init__(self, folder):
        self.folder = folder
        self.environment = {**os.environ, "PYTHONPATH": HOME, "COLUMNS": "80"}

    def write(self, name: str, text: str) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf8")
        return str(path)

    def python(self, *arguments: str, **options) -> subprocess.CompletedProcess:
        options = {"cwd": self.folder, "env": self.environment, "capture_output": True, "text": True, "timeout": 60, **options}
        return subprocess.run([sys.executable, *arguments], **options)

    def rushlight(self, *arguments: str, **options) -> subprocess.CompletedProcess:
        return self.python("-m", "rushlight", *arguments, **options)

    def run(self, *arguments: str, **options) -> str:
        """What a program prints; it must succeed."""
        done = self.rushlight("run", *arguments, **options)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def shell(tmp_path):
    return Shell(tmp_path)
