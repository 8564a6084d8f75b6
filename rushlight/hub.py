"""Weights from the network, kept in a folder of the user's (torch.hub).

Models' weights come to `get_dir()/checkpoints`. Loading code from GitHub (`torch.hub.load`) is not offered.
"""
import os
import re

import rushlight as torch

__all__ = ["download_url_to_file", "get_dir", "load_state_dict_from_url", "set_dir"]

HASH_REGEX = re.compile(r"-([a-f0-9]*)\.")  # resnet18-f37072fd.pth: the file's SHA-256 begins so

_hub_dir: str | None = None


def get_dir() -> str:
    """The folder of downloads: the one of `set_dir`, else `hub` in $TORCH_HOME, $XDG_CACHE_HOME/torch or ~/.cache/torch."""
    if _hub_dir is not None:
        return _hub_dir
    home = os.getenv("TORCH_HOME", os.path.join(os.getenv("XDG_CACHE_HOME", "~/.cache"), "torch"))
    return os.path.join(os.path.expanduser(home), "hub")


def set_dir(d) -> None:
    """Set the folder of downloads."""
    global _hub_dir
    _hub_dir = os.path.expanduser(d)


def download_url_to_file(url: str, dst: str, hash_prefix: str | None = None, progress: bool = True) -> None:
    """Download `url` to the path `dst`, which appears only when all is there and right.

    A download that was cut off goes on where it stopped. `hash_prefix` is the beginning of the SHA-256 that the file
    must have: RuntimeError if it does not. URLError if it cannot be had, saying where to put the file by hand.
    """
    from urllib.error import HTTPError, URLError

    from rushlight.vision.datasets._download import fetch

    dst = os.path.expanduser(dst)
    folder = os.path.dirname(dst)
    if folder and not os.path.isdir(folder):
        raise FileNotFoundError(2, "No such file or directory", dst)
    unchecked = dst + ".download"
    by_hand = f"Without a network, put the file at {os.path.abspath(dst)}"
    try:
        fetch(url, unchecked, quiet=not progress)
    except HTTPError as error:
        error.add_note(f"cannot download {url}. {by_hand}")
        raise
    except URLError as error:
        raise URLError(f"{error.reason}; cannot download {url}. {by_hand}") from error
    if hash_prefix:
        found = _sha256(unchecked)
        if not found.startswith(hash_prefix):
            os.remove(unchecked)  # or the next attempt would go on from it
            raise RuntimeError(f'invalid hash value (expected "{hash_prefix}", got "{found}")')
    os.replace(unchecked, dst)


def _sha256(path: str) -> str:
    import hashlib

    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def load_state_dict_from_url(
    url: str,
    model_dir: str | None = None,
    map_location=None,
    progress: bool = True,
    check_hash: bool = False,
    file_name: str | None = None,
    weights_only: bool = False,
) -> dict:
    """Load what `torch.save` wrote from `url`; from the folder `model_dir` if it is there already.

    The folder is `get_dir()/checkpoints` unless said otherwise. With `check_hash` the file's SHA-256 must begin with
    the digits in its name (name-0a1b2c3d.pth).
    """
    import sys
    from urllib.parse import urlparse

    if model_dir is None:
        model_dir = os.path.join(get_dir(), "checkpoints")
    os.makedirs(model_dir, exist_ok=True)
    name = file_name or os.path.basename(urlparse(url).path)
    path = os.path.join(model_dir, name)
    if not os.path.exists(path):
        sys.stderr.write(f'Downloading: "{url}" to {path}\n')
        digits = HASH_REGEX.search(name) if check_hash else None
        download_url_to_file(url, path, digits[1] if digits else None, progress=progress)
    packed = _single_packed_file(path)
    if packed is not None:
        path = _unpacked(path, packed, model_dir)
    return torch.load(path, map_location=map_location, weights_only=weights_only)


def _single_packed_file(path: str) -> str | None:
    """The one file in a zip that was packed by hand around a checkpoint, as was done before PyTorch 1.6."""
    import zipfile

    if not zipfile.is_zipfile(path):
        return None
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    return names[0] if len(names) == 1 else None


def _unpacked(path: str, name: str, folder: str) -> str:
    import warnings
    import zipfile

    warnings.warn(
        "Falling back to the old format < 1.6. This support will be deprecated in favor of default zipfile format "
        "introduced in 1.6. Please redo torch.save() to save it in the new zipfile format.",
        FutureWarning,
        stacklevel=3,
    )
    with zipfile.ZipFile(path) as archive:
        return archive.extract(name, folder)
