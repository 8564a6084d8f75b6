"""`rushlight run`: a Python program, as `python` would run it, but with `torch` leading to Rushlight.

As with `python`: `__main__` is a module of the program's own, `sys.argv` and `sys.path[0]` are what it expects, an
uncaught exception shows the program's lines only, and exit statuses and Ctrl-C go the way they always go.
"""
from __future__ import annotations

import os
import sys
import types

from rushlight.compat import install

HELP = """\
usage: rushlight run [-h] (FILE | -m MODULE | -c CODE | -) [ARGUMENT ...]

Run a Python program in which these names, and every module below them, lead to Rushlight:

  torch          rushlight
  torchvision    rushlight.vision
  torchsummary   rushlight.inspect.summary
  torchviz       rushlight.inspect.graph_drawing

  FILE           a Python file, or a folder or zip file with a __main__.py
  -m MODULE      a module, as `python -m MODULE`
  -c CODE        a program text, as `python -c CODE`
  -              a program read from the standard input

The processes that the program starts inherit the names, unless they start Python with -I, -E or -S.
A PyTorch installed beside Rushlight is neither used nor changed.
"""


def run(arguments: list[str]) -> int:
    """Run what the arguments name; returns 0 when it came to its end, 2 where the command makes no sense."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(HELP, end="", file=sys.stdout if arguments else sys.stderr)
        return 0 if arguments else 2
    install()
    kind, rest = arguments[0], arguments[1:]
    if kind[:2] in ("-m", "-c"):
        if len(kind) > 2:  # -mMODULE
            kind, rest = kind[:2], [kind[2:], *rest]
        if not rest:
            print(f"rushlight run: error: {kind} needs {'a module' if kind == '-m' else 'a program text'}", file=sys.stderr)
            return 2
        program = module_program if kind == "-m" else text_program
        return execute(program, rest[0], rest[1:])
    if kind == "-":
        return execute(input_program, kind, rest)
    if kind.startswith("-"):
        print(f"rushlight run: error: there is no option {kind}\n{HELP.splitlines()[0]}", file=sys.stderr)
        return 2
    if not os.path.exists(kind):
        print(f"rushlight run: can't open file {os.path.abspath(kind)!r}: no such file", file=sys.stderr)
        return 2
    return execute(container_program if is_container(kind) else file_program, kind, rest)


def execute(program, what: str, arguments: list[str]) -> int:
    """Make a fresh `__main__`, run the program in it, and keep our frames out of its traceback.

    The `__main__` stays: threads, exit handlers and pickles of the program may want it after its last line.
    """
    main = types.ModuleType("__main__")
    main.__builtins__ = sys.modules["builtins"]
    main.__annotations__ = {}
    launcher = sys.modules["__main__"]  # held while its frame is still on the stack
    sys.modules["__main__"] = main
    try:
        program(main, what, arguments)
    except SystemExit:
        raise
    except BaseException as error:
        show_only_its_own_frames(error)
        raise
    finally:
        del launcher
    return 0


def file_program(main: types.ModuleType, file: str, arguments: list[str]) -> None:
    """`python FILE`."""
    from importlib.machinery import SourceFileLoader

    sys.argv = [file, *arguments]
    set_first_path(os.path.dirname(os.path.realpath(file)))
    path = os.path.abspath(file)
    main.__file__, main.__cached__ = path, None
    main.__loader__ = SourceFileLoader("__main__", path)
    with open(path, "rb") as source:
        code = compile(source.read(), path, "exec", dont_inherit=True)
    exec(code, main.__dict__)


def text_program(main: types.ModuleType, text: str, arguments: list[str], name: str = "<string>", argv0: str = "-c") -> None:
    """`python -c TEXT`."""
    sys.argv = [argv0, *arguments]
    set_first_path("")
    exec(compile(text, name, "exec", dont_inherit=True), main.__dict__)


def input_program(main: types.ModuleType, dash: str, arguments: list[str]) -> None:
    """`python -`."""
    text_program(main, sys.stdin.read(), arguments, name="<stdin>", argv0=dash)


def module_program(main: types.ModuleType, module: str, arguments: list[str]) -> None:
    """`python -m MODULE`: by runpy's own entry, which runs the module in `__main__` and leaves it there."""
    import runpy

    sys.argv = ["-m", *arguments]  # runpy puts the module's file in the place of -m once it is found
    set_first_path(os.getcwd())
    runpy._run_module_as_main(module)


def container_program(main: types.ModuleType, path: str, arguments: list[str]) -> None:
    """`python FOLDER` and `python FILE.zip`: the `__main__.py` within."""
    import runpy

    sys.argv = [path, *arguments]
    set_first_path(path, beside_safe_path=True)
    runpy._run_module_as_main("__main__", alter_argv=False)


def is_container(path: str) -> bool:
    if os.path.isdir(path):
        return True
    from zipfile import is_zipfile

    return is_zipfile(path)


def set_first_path(folder: str, beside_safe_path: bool = False) -> None:
    """sys.path[0] is where the launcher lies; the program's own folder takes its place."""
    if not sys.flags.safe_path:
        sys.path[0] = folder
    elif beside_safe_path:
        sys.path.insert(0, folder)


def show_only_its_own_frames(error: BaseException) -> None:
    """Leave out of the traceback to be printed the frames of this file (and what led to it).

    The exception goes on up to the interpreter, which gives it to `sys.excepthook`, the program's or Python's, and ends
    as it always does: status 1, or death by SIGINT after a Ctrl-C.  So it is the hook that is wrapped.
    """
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_frame.f_code.co_filename == __file__:
        traceback = traceback.tb_next
    hook = sys.excepthook

    def shortened(kind, value, whole):
        if value is error:
            value.__traceback__ = whole = traceback
        hook(kind, value, whole)

    sys.excepthook = shortened
