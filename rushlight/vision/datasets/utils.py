"""Files of data sets: download, check, extract, list (torchvision.datasets.utils)."""

import os
import re

from rushlight.vision.datasets._download import USER_AGENT  # noqa: F401  (a public name there)

_FILE_TYPE_ALIASES = {".tbz": (".tar", ".bz2"), ".tbz2": (".tar", ".bz2"), ".tgz": (".tar", ".gz")}
_COMPRESSIONS = (".bz2", ".gz", ".xz")
_ARCHIVES = (".tar", ".zip")


# ---------------------------------------------------------------- checks
def calculate_md5(fpath, chunk_size: int = 1024 * 1024) -> str:
    """The MD5 of a file as hexadecimal digits."""
    return _digest(fpath, "md5", chunk_size)


def calculate_sha256(fpath, chunk_size: int = 1024 * 1024) -> str:
    """The SHA-256 of a file as hexadecimal digits."""
    return _digest(fpath, "sha256", chunk_size)


def _digest(fpath, algorithm: str, chunk_size: int) -> str:
    import hashlib

    digest = hashlib.new(algorithm, usedforsecurity=False)
    with open(fpath, "rb") as f:
        while chunk := f.read(chunk_size):
            digest.update(chunk)
    return digest.hexdigest()


def check_md5(fpath, md5: str, **kwargs) -> bool:
    """Whether the file has this MD5."""
    return md5 == calculate_md5(fpath, **kwargs)


def check_integrity(fpath, md5: str | None = None) -> bool:
    """Whether the file is there and, where `md5` is given, has that MD5."""
    return os.path.isfile(fpath) and (md5 is None or check_md5(fpath, md5))


def verify_str_arg(value, arg: str | None = None, valid_values=None, custom_msg: str | None = None):
    """`value` if it is a string and one of `valid_values`; else a ValueError that lists them."""
    if not isinstance(value, str):
        of = "" if arg is None else f" for argument {arg}"
        raise ValueError(f"Expected type str{of}, but got type {type(value)}.")
    if valid_values is None or value in valid_values:
        return value
    if custom_msg is not None:
        raise ValueError(custom_msg)
    raise ValueError(f"Unknown value '{value}' for argument {arg}. Valid values are {{{iterable_to_str(valid_values)}}}.")


def iterable_to_str(iterable) -> str:
    """The items in quotes, with commas between."""
    return "'" + "', '".join(str(item) for item in iterable) + "'"


# ---------------------------------------------------------------- folders
def list_dir(root, prefix: bool = False) -> list[str]:
    """The folders directly under `root`, with its path in front if `prefix`."""
    root = os.path.expanduser(root)
    names = [name for name in os.listdir(root) if os.path.isdir(os.path.join(root, name))]
    return [os.path.join(root, name) for name in names] if prefix else names


def list_files(root, suffix: str, prefix: bool = False) -> list[str]:
    """The files directly under `root` whose names end in `suffix`, with its path in front if `prefix`."""
    root = os.path.expanduser(root)
    names = [name for name in os.listdir(root) if os.path.isfile(os.path.join(root, name)) and name.endswith(suffix)]
    return [os.path.join(root, name) for name in names] if prefix else names


# ---------------------------------------------------------------- downloads
def download_url(url: str, root, filename=None, md5: str | None = None, max_redirect_hops: int = 3) -> None:
    """Download `url` into the folder `root` and check its MD5. A file that is there and right is left alone.

    `max_redirect_hops` is accepted and left to the HTTP client. Raises RuntimeError when the file is not what it should
    be, URLError when it cannot be reached.
    """
    from urllib.error import URLError

    from rushlight.vision.datasets._download import fetch

    root = os.path.expanduser(root)
    fpath = os.fspath(os.path.join(root, filename or os.path.basename(url)))
    if check_integrity(fpath, md5):
        return
    drive_id = _get_google_drive_file_id(url)
    if drive_id is not None:
        return download_file_from_google_drive(drive_id, root, filename, md5)
    os.makedirs(root, exist_ok=True)
    try:
        fetch(url, fpath)
    except OSError as error:  # URLError is one
        reason = getattr(error, "reason", error)
        raise URLError(f"{reason}; cannot download {url}. Without a network, put the file at {fpath}") from error
    if not check_integrity(fpath, md5):
        found = calculate_md5(fpath)
        os.remove(fpath)  # or the next run would stumble over it
        raise RuntimeError(f"File not found or corrupted. {url} has MD5 {found}, expected {md5}")


def download_file_from_google_drive(file_id: str, root, filename=None, md5: str | None = None) -> None:
    """Download a file of Google Drive (with the package gdown) into the folder `root`, and check its MD5."""
    try:
        import gdown
    except ModuleNotFoundError:
        raise RuntimeError(
            "To download files from GDrive, 'gdown' is required. You can install it with 'pip install gdown'."
        ) from None
    root = os.path.expanduser(root)
    fpath = os.fspath(os.path.join(root, filename or file_id))
    os.makedirs(root, exist_ok=True)
    if check_integrity(fpath, md5):
        return
    gdown.download(id=file_id, output=fpath, quiet=False, user_agent=USER_AGENT)
    if not check_integrity(fpath, md5):
        raise RuntimeError("File not found or corrupted.")


def _get_google_drive_file_id(url: str) -> str | None:
    found = re.match(r"https?://(?:drive|docs)\.google\.com/.*/d/(?P<id>[^/]+)", url)
    return found["id"] if found else None


def download_and_extract_archive(
    url: str, download_root, extract_root=None, filename=None, md5: str | None = None, remove_finished: bool = False
) -> None:
    """Download an archive into `download_root` and extract it into `extract_root` (by default the same folder)."""
    download_root = os.path.expanduser(download_root)
    archive = os.path.join(download_root, filename or os.path.basename(url))
    download_url(url, download_root, filename, md5)
    extract_archive(archive, download_root if extract_root is None else extract_root, remove_finished)


# ---------------------------------------------------------------- archives
def _detect_file_type(file) -> tuple[str, str | None, str | None]:
    """(suffix, archive type, compression) of a file name: a.tar.gz is ('.tar.gz', '.tar', '.gz')."""
    from pathlib import PurePath

    suffixes = PurePath(file).suffixes
    if not suffixes:
        raise RuntimeError(
            f"File '{file}' has no suffixes that could be used to detect the archive type and compression."
        )
    last = suffixes[-1]
    if last in _FILE_TYPE_ALIASES:
        return (last, *_FILE_TYPE_ALIASES[last])
    if last in _ARCHIVES:
        return last, last, None
    if last in _COMPRESSIONS:
        if len(suffixes) > 1 and suffixes[-2] in _ARCHIVES:
            return suffixes[-2] + last, suffixes[-2], last
        return last, None, last
    known = sorted([*_FILE_TYPE_ALIASES, *_ARCHIVES, *_COMPRESSIONS])
    raise RuntimeError(f"Unknown compression or archive type: '{last}'.\nKnown suffixes are: '{known}'.")


def open_compressed(path, compression: str):
    """A file of decompressed bytes; `compression` is '.gz', '.bz2' or '.xz'."""
    if compression == ".gz":
        import gzip

        return gzip.open(path, "rb")
    if compression == ".bz2":
        import bz2

        return bz2.open(path, "rb")
    import lzma

    return lzma.open(path, "rb")


def _decompress(from_path, to_path=None, remove_finished: bool = False) -> str:
    """Decompress a single file, beside it and under its name without the suffix unless `to_path` says otherwise."""
    import shutil

    from_path = os.fspath(from_path)
    suffix, archive, compression = _detect_file_type(from_path)
    if not compression:
        raise RuntimeError(f"Couldn't detect a compression from suffix {suffix}.")
    to_path = os.fspath(to_path) if to_path is not None else from_path[: -len(suffix)] + (archive or "")
    partial = to_path + ".part"
    with open_compressed(from_path, compression) as source, open(partial, "wb") as out:
        shutil.copyfileobj(source, out, 1 << 20)
    os.replace(partial, to_path)
    if remove_finished:
        os.remove(from_path)
    return to_path


def extract_archive(from_path, to_path=None, remove_finished: bool = False):
    """Extract a .tar (also compressed) or .zip, or decompress a single file. Returns where it went.

    `to_path` is the folder, by default the archive's own. Members that would land outside it are an error.
    """
    from_path = os.fspath(from_path)
    _, archive, compression = _detect_file_type(from_path)
    if archive is None:
        folder = os.path.dirname(from_path) if to_path is None else to_path
        target = os.path.join(folder, os.path.splitext(os.path.basename(from_path))[0])
        return _decompress(from_path, target, remove_finished)
    to_path = os.path.dirname(from_path) if to_path is None else to_path
    if archive == ".tar":
        import tarfile

        with tarfile.open(from_path, f"r:{compression[1:]}" if compression else "r") as tar:
            if hasattr(tarfile, "data_filter"):
                tar.extractall(to_path, filter="data")
            else:
                tar.extractall(to_path)
    else:
        import zipfile

        with zipfile.ZipFile(from_path) as zipped:
            zipped.extractall(to_path)
    if remove_finished:
        os.remove(from_path)
    return to_path
