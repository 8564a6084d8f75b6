"""Version strings that compare as versions do: `torch.__version__ >= (2, 0)`. Source: torch.torch_version."""

__all__ = ["TorchVersion", "__version__"]


def _key(version):
    """What to compare versions by: the release's numbers, final or not, and the local part."""
    import re

    if isinstance(version, (tuple, list)):
        version = ".".join(map(str, version))
    public, _, local = str(version).partition("+")
    match = re.fullmatch(r"v?(\d+(?:\.\d+)*)[-._]?(?:(dev|a|b|c|rc|alpha|beta|post)[-._]?(\d*))?(?:\.?dev(\d*))?", public)
    if match is None:
        return None
    numbers = [int(n) for n in match[1].split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    stage = {"dev": 0, "a": 1, "alpha": 1, "b": 2, "beta": 2, "c": 3, "rc": 3, None: 4, "post": 5}[match[2]]
    if match[4] is not None and match[2] is None:
        stage = 0
    return numbers, stage, int(match[3] or match[4] or 0), local


class TorchVersion(str):
    """A string that compares with strings, and with tuples of numbers, as a version."""

    def _compare(self, other, name):
        if not isinstance(other, (str, tuple, list)):
            return NotImplemented
        mine, theirs = _key(str(self)), _key(other)
        if mine is None or theirs is None:      # not a version: compare as text
            return getattr(str, name)(self, other if isinstance(other, str) else ".".join(map(str, other)))
        return getattr(_Ordered, name)(_Ordered(mine), _Ordered(theirs))

    def __lt__(self, other):
        return self._compare(other, "__lt__")

    def __le__(self, other):
        return self._compare(other, "__le__")

    def __gt__(self, other):
        return self._compare(other, "__gt__")

    def __ge__(self, other):
        return self._compare(other, "__ge__")

    def __eq__(self, other):
        return self._compare(other, "__eq__")

    def __ne__(self, other):
        return self._compare(other, "__ne__")

    __hash__ = str.__hash__


class _Ordered(tuple):
    """A key, ordered as tuples are."""


__version__ = TorchVersion("2.13.0")
