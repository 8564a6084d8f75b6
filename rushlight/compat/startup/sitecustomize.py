"""Run by Python when it starts in a child of `rushlight run`: see ../aliases.py for why it is done so."""
import sys


def _turn_the_names_on():
    import importlib.util
    import os

    # By its path, not as `rushlight.compat.aliases`: that would import all of Rushlight into children that do not need it.
    path = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "aliases.py")
    spec = importlib.util.spec_from_file_location("rushlight.compat.aliases", path)
    aliases = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(aliases)
    sys.modules[spec.name] = aliases
    aliases.install_finder()


def _hand_on():
    """This folder leaves sys.path, and the sitecustomize that it hid, if there is one, has its turn."""
    import importlib.util
    import os
    from importlib.machinery import PathFinder

    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [folder for folder in sys.path if os.path.abspath(folder or os.curdir) != here]
    hidden = PathFinder.find_spec("sitecustomize", sys.path)
    if hidden is not None:
        module = importlib.util.module_from_spec(hidden)
        sys.modules["sitecustomize"] = module
        hidden.loader.exec_module(module)


if sys.version_info >= (3, 11):  # an older Python may be a child, too; it has no Rushlight
    _turn_the_names_on()
_hand_on()
