"""`torch` and its kin lead to Rushlight: the same modules, in the program and in its children, and nowhere else."""
import sys

import pytest

SAME = """
import sys
import torch, rushlight
assert torch is rushlight and sys.modules["torch"] is sys.modules["rushlight"]
import torch.nn as nn, torch.nn.functional as F
import rushlight.nn
assert nn is rushlight.nn and F is rushlight.nn.functional and torch.nn is nn
from torch.utils.data import Dataset
import rushlight.utils.data as data
assert Dataset is data.Dataset
import torchvision, torchvision.datasets
import rushlight.vision
assert torchvision is rushlight.vision and torchvision.datasets is rushlight.vision.datasets
from torchsummary import summary
import rushlight.inspect.summary
assert summary is rushlight.inspect.summary.summary
print("same")
"""


def test_the_names_are_rushlights_modules_themselves(shell):
    assert shell.run("-c", SAME) == "same\n"


def test_also_when_rushlight_was_imported_first(shell):
    assert shell.run("-c", "import rushlight.nn.functional, rushlight.vision.datasets\n" + SAME) == "same\n"


def test_modules_keep_their_own_spec_and_name(shell):
    out = shell.run("-c", "import torch.nn as nn; print(nn.__name__, nn.__spec__.name, nn.__package__, nn.__spec__.parent)")
    assert out.split() == ["rushlight.nn", "rushlight.nn", "rushlight.nn", "rushlight.nn"]


def test_every_submodule_can_be_walked_and_imported_by_its_alias(shell):
    out = shell.run("-c", """
import pkgutil, sys, importlib, torch
names = [m.name for m in pkgutil.iter_modules(torch.nn.__path__, "torch.nn.")]
assert names
for name in names:
    assert importlib.import_module(name) is sys.modules["rushlight" + name[len("torch"):]]
print("ok")
""")
    assert out == "ok\n"


@pytest.mark.parametrize("name", ["torch.no_such_room", "torch.nn.no_such_layer", "torch.nn.functional.relu.deeper",
                                  "torchvision.no_such_thing"])
def test_a_missing_module_is_named_as_the_program_named_it(shell, name):
    out = shell.run("-c", f"""
try:
    import {name}
except ModuleNotFoundError as error:
    print(error.name, "|", error)
""")
    said, _, text = out.strip().partition(" | ")
    assert said == name or name.startswith(said)
    assert text == f"rushlight has no {said} yet" or "is not a package" in text


def test_a_gap_is_never_filled_by_the_real_pytorch(shell):
    """A `torch` that lies on the program's own path stands for a PyTorch installed beside Rushlight."""
    shell.write("torch/__init__.py", "raise SystemExit('the real one was imported')")
    shell.write("torch/no_such_room.py", "")
    shell.write("program.py", "import torch\ntry:\n    import torch.no_such_room\nexcept ImportError as e:\n    print(torch.__name__, e)")
    assert shell.run("program.py") == "rushlight rushlight has no torch.no_such_room yet\n"


def test_outside_run_the_real_pytorch_is_untouched(shell):
    shell.write("torch/__init__.py", "mark = 'real'")
    shell.write("program.py", "import rushlight, torch\nprint(torch.mark, torch is rushlight)")
    assert shell.python("program.py").stdout == "real False\n"


def test_rushlight_as_torch(shell):
    out = shell.python("-c", "import rushlight as torch, sys; print(torch.__name__, 'torch' in sys.modules)")
    assert out.stdout == "rushlight False\n"


def test_the_installed_version_can_be_asked(shell):
    out = shell.run("-c", """
import importlib.metadata as m, importlib.util as u, torch, torchvision
print(m.version("torch") == torch.__version__, m.version("torchvision") == torchvision.__version__)
print(m.distribution("torch").metadata["Name"], u.find_spec("torch") is not None, u.find_spec("torch.nn").name)
print("torch" in {d.metadata["Name"] for d in m.distributions()})
""")
    assert out == "True True\ntorch True torch.nn\nTrue\n"


def test_a_notebook_can_turn_the_names_on(shell):
    done = shell.python("-c", "import rushlight.compat as c; c.install(); c.install(); import torch; print(torch.__name__, c.installed())")
    assert done.stdout == "rushlight True\n"


def test_but_not_after_the_real_pytorch_is_there(shell):
    shell.write("torch/__init__.py", "")
    done = shell.python("-c", "import torch, rushlight.compat as c\ntry: c.install()\nexcept RuntimeError as e: print(e)")
    assert done.stdout == "the real torch is imported already; the names must be turned on before\n"


def test_pickles_find_classes_by_either_name(shell):
    out = shell.run("-c", """
import pickle, torch.nn
Module = torch.nn.Module
by_alias = b"c" + b"torch.nn\\nModule\\n."
assert pickle.loads(by_alias) is Module and pickle.loads(pickle.dumps(Module)) is Module
print("ok")
""")
    assert out == "ok\n"


# ------------------------------------------------------------------ children
CHILD = """
import multiprocessing, sys
def ask(_):
    import torch, torchvision
    return torch.__name__, torchvision.__name__
if __name__ == "__main__":
    with multiprocessing.get_context(sys.argv[1]).Pool(1) as pool:
        print(*pool.map(ask, [0])[0])
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_of_multiprocessing_inherit_the_names(shell, method):
    shell.write("program.py", CHILD)
    assert shell.run("program.py", method) == "rushlight rushlight.vision\n"


def test_children_of_a_module_program_inherit_the_names(shell):
    shell.write("package/__init__.py", "")
    shell.write("package/program.py", CHILD)
    assert shell.run("-m", "package.program", "spawn") == "rushlight rushlight.vision\n"


def test_a_spawned_child_imports_a_main_that_imports_torch_at_its_top(shell):
    shell.write("program.py", "import torch\nimport torch.nn as nn\n" + CHILD)
    assert shell.run("program.py", "spawn") == "rushlight rushlight.vision\n"


def test_subprocesses_and_their_subprocesses_inherit_the_names(shell):
    shell.write("inner.py", "import torch, sys; print(torch.__name__, any('startup' in p for p in sys.path))")
    shell.write("outer.py", "import subprocess, sys; subprocess.run([sys.executable, 'inner.py'], check=True)")
    shell.write("program.py", "import subprocess, sys; subprocess.run([sys.executable, 'outer.py'], check=True)")
    assert shell.run("program.py") == "rushlight False\n"


def test_a_child_in_another_folder_finds_the_same_rushlight(shell):
    shell.write("elsewhere/rushlight/__init__.py", "raise SystemExit('a stranger')")
    shell.write("program.py", """
import os, subprocess, sys, torch
os.chdir("elsewhere")
text = "import torch, rushlight; print(torch is rushlight, torch.__file__ == sys.argv[1])"
subprocess.run([sys.executable, "-c", "import sys; " + text, torch.__file__], check=True)
""")
    assert shell.run("program.py") == "True True\n"


def test_a_child_that_never_imports_torch_does_not_load_it(shell):
    text = "import sys; print([m for m in ('numpy', 'rushlight', 'torch') if m in sys.modules])"
    shell.write("program.py", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {text!r}], check=True)")
    assert shell.run("program.py") == "[]\n"


def test_a_sitecustomize_of_the_users_own_still_runs(shell):
    folder = shell.folder / "site"
    shell.write("site/sitecustomize.py", "import builtins; builtins.mine = __name__, __file__")
    shell.environment["PYTHONPATH"] = f"{folder}:{shell.environment['PYTHONPATH']}"
    shell.write("program.py", "import subprocess, sys\n"
                "subprocess.run([sys.executable, '-c', 'import torch; print(torch.__name__, *mine)'], check=True)")
    assert shell.run("program.py") == f"rushlight sitecustomize {folder}/sitecustomize.py\n"


def test_a_child_without_our_environment_is_plain_python(shell):
    shell.write("program.py", "import subprocess, sys\n"
                "sys.exit(subprocess.run([sys.executable, '-I', '-c', 'import sys; sys.exit(any(\"Alias\" in str(f) for f in sys.meta_path))']).returncode)")
    assert shell.run("program.py") == ""


def test_pytest_and_its_workers_can_be_run(shell):
    pytest.importorskip("xdist")
    shell.write("test_it.py", "import torch\ndef test_name():\n    assert torch.__name__ == 'rushlight'\n")
    out = shell.run("-m", "pytest", "-q", "-n", "1", "-p", "no:cacheprovider", "test_it.py")
    assert "1 passed" in out


