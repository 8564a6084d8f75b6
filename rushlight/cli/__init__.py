"""The command `rushlight`: one module a subcommand, imported when it is asked for."""
from __future__ import annotations

import sys

USAGE = """\
usage: rushlight run [-h] (FILE | -m MODULE | -c CODE | -) [ARGUMENT ...]
       rushlight explain [-h] [--wait] [--all] [--html FILE] (FILE | -m MODULE | -c CODE | -) [ARGUMENT ...]
       rushlight --version | --help

  run        run a Python program in which `torch` and `torchvision` are Rushlight
  explain    run it, and tell what took the time: plans, their kernels, memory, and what was interpreted and why
"""


def main(arguments: list[str] | None = None) -> int | None:
    """The entry point; returns the exit status (None is success)."""
    arguments = sys.argv[1:] if arguments is None else arguments
    command, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if command == "run":
        from rushlight.cli.run import run

        return run(rest)
    if command == "explain":
        from rushlight.inspect.explain import main as explain

        return explain(rest)
    if command in ("-h", "--help", "help"):
        print(USAGE, end="")
        return 0
    if command in ("-V", "--version"):
        import rushlight

        print(f"rushlight {rushlight.__rushlight_version__} (with the interface of PyTorch {rushlight.__version__})")
        return 0
    print(USAGE, end="", file=sys.stderr)
    if command:
        print(f"rushlight: error: there is no command {command!r}", file=sys.stderr)
    return 2
