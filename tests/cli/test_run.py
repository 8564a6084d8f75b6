"""`rushlight run` runs a program as `python` runs it: the same outputs, tracebacks and exit statuses."""
import os
import re
import signal
import subprocess
import sys
import time
import zipfile

import pytest

ABOUT = """
import sys, os
print(__name__, __package__, __spec__, __doc__, os.path.basename(globals().get("__file__", "-")))
print(sys.argv, sys.path[0] in ("", os.getcwd(), os.path.join(os.getcwd(), "sub")), type(__loader__).__name__)
print(sorted(k for k in globals()), sys.modules["__main__"].__dict__ is globals())
"""


def both(shell, *arguments, **options):
    """The same program under python and under rushlight run."""
    return shell.python(*arguments, **options), shell.rushlight("run", *arguments, **options)


def same(shell, *arguments, **options):
    plain, ours = both(shell, *arguments, **options)
    assert (ours.stdout, ours.stderr, ours.returncode) == (plain.stdout, plain.stderr, plain.returncode)
    return ours


def test_a_file(shell):
    shell.write("sub/program.py", ABOUT)
    shell.write("sub/beside.py", "")
    same(shell, "sub/program.py", "-x", "--help", "a b")


def test_a_file_sees_its_own_folder_first_and_not_ours(shell):
    shell.write("sub/beside.py", "print('beside')")
    shell.write("sub/program.py", "import beside, sys; print(sys.path[0] == __file__.rsplit('/', 1)[0])")
    assert same(shell, "sub/program.py").stdout == "beside\nTrue\n"


def test_a_file_by_a_link(shell):
    shell.write("real/beside.py", "print('beside')")
    shell.write("real/program.py", "import beside, sys; print(sys.argv, __file__)")
    os.symlink("real/program.py", shell.folder / "link.py")
    assert "beside" in same(shell, "link.py").stdout


def test_a_module(shell):
    shell.write("package/__init__.py", "")
    shell.write("package/tool.py", "import sys, os; print(sys.argv, __name__, __package__, __spec__.name, sys.path[0] == os.getcwd())")
    assert "package.tool" in same(shell, "-m", "package.tool", "--help", "x").stdout
    same(shell, "-mpackage.tool")


def test_a_package_with_a_main(shell):
    shell.write("package/__init__.py", "")
    shell.write("package/__main__.py", "print(__name__, __package__)")
    assert same(shell, "-m", "package").stdout == "__main__ package\n"


def test_a_text(shell):
    same(shell, "-c", "import sys; print(sys.argv, repr(sys.path[0]), __name__, '__file__' in globals())", "-m", "x")


def test_the_standard_input(shell):
    same(shell, "-", "x", input="import sys\nprint(sys.argv, repr(sys.path[0]))\n")


def test_a_folder_and_a_zip_file(shell):
    shell.write("app/__main__.py", "import helper, sys; print(sys.argv, __name__)")
    shell.write("app/helper.py", "print('helper')")
    assert "helper" in same(shell, "app", "x").stdout
    with zipfile.ZipFile(shell.folder / "app.zip", "w") as archive:
        archive.write(shell.folder / "app/__main__.py", "__main__.py")
        archive.write(shell.folder / "app/helper.py", "helper.py")
    assert "helper" in same(shell, "app.zip", "x").stdout


@pytest.mark.parametrize("text, status", [
    ("import sys; sys.exit()", 0), ("import sys; sys.exit(7)", 7), ("import sys; sys.exit('said why')", 1),
    ("raise SystemExit(3)", 3), ("import os; os._exit(5)", 5), ("exit(4)", 4), ("1 / 0", 1),
    ("import atexit, sys; x = 'late'; atexit.register(lambda: print(x)); sys.exit(2)", 2),
    ("import threading, time\nthreading.Thread(target=lambda: (time.sleep(0.2), print(time.time() > 0))).start()", 0),
])
def test_exit_statuses(shell, text, status):
    shell.write("program.py", text)
    assert same(shell, "program.py").returncode == status


@pytest.mark.parametrize("text", [
    "def f(x):\n    return 1 / x\n\nf(0)\n",
    "def f(:\n",
    "  x = 1\ny = 2\n",
    "try:\n    {}['a']\nexcept KeyError as e:\n    raise ValueError('chained') from e\n",
    "try:\n    {}['a']\nexcept KeyError:\n    undefined_name\n",
    "raise ExceptionGroup('several', [ValueError(1), TypeError(2)])\n",
    "import sys\nsys.excepthook = lambda kind, value, tb: print('mine', kind.__name__, tb.tb_lineno, tb.tb_next)\n1 / 0\n",
    "import helper\n",
    "import threading\nt = threading.Thread(target=lambda: 1 / 0)\nt.start(); t.join()\n",
    "x = '\\ud800'\nprint(x)\n",
    "import no_such_module_at_all\n",
])
def test_tracebacks_show_the_programs_lines_only(shell, text):
    shell.write("helper.py", "def g():\n    raise RuntimeError('in helper')\ng()\n")
    shell.write("program.py", text)
    done = same(shell, "program.py")
    assert "rushlight" not in done.stderr


def test_tracebacks_of_texts_and_modules(shell):
    same(shell, "-c", "def f():\n    1 / 0\nf()")
    shell.write("tool.py", "1 / 0")
    same(shell, "-m", "tool")
    same(shell, "-m", "no_such_module_at_all")


def test_a_file_that_is_not_there(shell):
    plain, ours = both(shell, "nowhere.py")
    assert ours.returncode == plain.returncode == 2
    assert "nowhere.py" in ours.stderr and "can't open file" in ours.stderr and "Traceback" not in ours.stderr


def test_future_statements_and_encodings_are_the_programs_own(shell):
    shell.write("program.py", "# -*- coding: utf-8 -*-\ndef f(x: 'ö' = 1, y: int = 2): pass\nprint(f.__annotations__, 'ö')")
    same(shell, "program.py")
    (shell.folder / "latin.py").write_bytes("# coding: latin-1\nprint(len('\xe4\xf6'))".encode("latin-1"))
    assert same(shell, "latin.py").stdout == "2\n"


def test_inspect_and_pickle_find_the_program(shell):
    shell.write("program.py", "import inspect, pickle\nclass Net:\n    pass\n"
                "print(inspect.getsource(Net), pickle.loads(pickle.dumps(Net())).__class__ is Net, Net.__module__)\n")
    assert "class Net" in same(shell, "program.py").stdout


def test_python_options_before_it_are_kept(shell):
    shell.write("program.py", "assert False\nprint('optimised')")
    done = shell.python("-O", "-m", "rushlight", "run", "program.py")
    assert done.stdout == "optimised\n"


def test_ctrl_c_ends_it_as_it_ends_python(shell):
    shell.write("program.py", "import time\nprint('ready', flush=True)\ntime.sleep(30)\n")

    def interrupted(*command):
        child = subprocess.Popen([sys.executable, *command], cwd=shell.folder, env=shell.environment, text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.1)
        child.send_signal(signal.SIGINT)
        _, errors = child.communicate(timeout=10)
        return child.returncode, errors

    ours, plain = interrupted("-m", "rushlight", "run", "program.py"), interrupted("program.py")
    assert ours == plain
    assert ours[0] == -signal.SIGINT and ours[1].endswith("KeyboardInterrupt\n")


# ------------------------------------------------------------------ the command itself
def test_help_and_version(shell):
    assert "usage: rushlight run" in shell.run("--help")
    assert shell.rushlight("--help").stdout.startswith("usage: rushlight")
    assert re.fullmatch(r"rushlight \d+\.\d+\.\d+ \(with the interface of PyTorch 2\.13\.\d+\)\n", shell.rushlight("--version").stdout)


@pytest.mark.parametrize("arguments", [[], ["no-such-command"], ["run"], ["run", "-m"], ["run", "-c"], ["run", "--no-such-option"]])
def test_a_wrong_call_is_told_so(shell, arguments):
    done = shell.rushlight(*arguments)
    assert done.returncode == 2 and "usage:" in done.stderr + "usage:" * ("needs a" in done.stderr)
    assert done.stdout == ""
