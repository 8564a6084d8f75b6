"""`rushlight explain FILE`, in processes of its own."""
import os
import subprocess
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def explain(*arguments, cwd):
    done = subprocess.run([sys.executable, "-c", "import sys; from rushlight.cli import main; sys.exit(main())", "explain", *map(str, arguments)],
                          capture_output=True, text=True, cwd=cwd, env={**os.environ, "PYTHONPATH": ROOT}, timeout=120)
    return done.returncode, done.stdout, done.stderr


PROGRAM = """\
import sys
import torch
w = torch.ones(4, 3, requires_grad=True)
for i in range(3):
    (torch.ones(5, 4) @ w).relu().sum().backward()
print("argument", sys.argv[1:], __name__)
"""


@pytest.fixture
def program(tmp_path):
    def write(more=""):
        (tmp_path / "train.py").write_text(PROGRAM + more)
        return "train.py"
    return write


def test_a_program_that_ends_well(program, tmp_path):
    status, out, told = explain("--wait", "--html", "page.html", program(), "--lr", "3", cwd=tmp_path)
    assert status == 0 and out == "argument ['--lr', '3'] __main__\n"
    assert "PLAN 1  run by train.py:5  (torch.ones(5, 4) @ w).relu().sum().backward()" in told
    assert "The page is page.html" in told and (tmp_path / "page.html").read_text().startswith("<!DOCTYPE html>")
    try:
        import llvmlite     # noqa: F401
    except ImportError:
        assert "llvmlite" in told
    else:
        assert "with kernels" in told and "dot 5x4x3 relu" in told


def test_a_program_that_ends_by_an_exception(program, tmp_path):
    status, out, told = explain(program("raise KeyError('oh')\n"), cwd=tmp_path)
    assert status == 1
    assert "The program ended by KeyError: 'oh'. Up to there:" in told and "PLAN 1" in told
    assert told.rstrip().endswith("KeyError: 'oh'") and "explain.py" not in told[told.index("Traceback"):]


@pytest.mark.parametrize("code, status", [("0", 0), ("3", 3), ("", 0), ("'bye'", 1)])
def test_a_program_that_exits(program, tmp_path, code, status):
    found, out, told = explain(program(f"sys.exit({code})\n"), cwd=tmp_path)
    assert found == status and "PLAN 1" in told
    assert ("bye" in told) == (code == "'bye'")


def test_a_child_that_the_program_forks_tells_nothing(program, tmp_path):
    status, out, told = explain(program("import os\npid = os.fork()\nif not pid: sys.exit(0)\nos.waitpid(pid, 0)\n"), cwd=tmp_path)
    assert status == 0 and told.count("PLAN 1 ") == 1


def test_refused_before_anything_runs(program, tmp_path, monkeypatch, capsys):
    from rushlight.cli import main

    name = program()
    monkeypatch.chdir(tmp_path)
    for arguments, message in ((("--quick", name), "there is no option --quick"), (("-q", name), "there is no option -q"),
                               (("nowhere.py",), "no such file"), (("--html",), "--html needs a file"),
                               (("--html", "no/where.html", name), "there is no such folder"), ((), "usage:")):
        assert main(["explain", *arguments]) == 2
        told = capsys.readouterr()
        assert message in told.err and not told.out
    assert main(["explain", "--help"]) == 0
    assert capsys.readouterr().out.startswith("usage: rushlight explain")
