"""The names of `aliases.py` as installed distributions, for programs that ask `importlib.metadata`."""
import importlib
from importlib.metadata import Distribution


class AliasDistribution(Distribution):
    """Says a name and a version; it has no files."""

    def __init__(self, name: str, version: str):
        self.alias, self.alias_version = name, version

    def read_text(self, filename: str):
        if filename in ("METADATA", "PKG-INFO"):
            return f"Metadata-Version: 2.1\nName: {self.alias}\nVersion: {self.alias_version}\n"
        return None

    def locate_file(self, path):
        return path


def distributions(wanted: str | None, aliases: dict[str, str]):
    """Those of the aliases that are wanted (all, for None) and that have a `__version__` to tell."""
    for name, real_name in aliases.items():
        if wanted not in (None, name):
            continue
        try:
            version = getattr(importlib.import_module(real_name), "__version__", None)
        except ModuleNotFoundError:  # not there yet
            continue
        if version is not None:
            yield AliasDistribution(name, str(version))
