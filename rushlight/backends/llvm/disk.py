"""Compiled code kept on disk, from one process to the next: entries by the text of a key, each with fields and bytes.

One file an entry, in a directory of the user's own. Nothing read from it is believed: the content must have the checksum and the
key that it was stored with. Whatever goes wrong with the disk means that there is no entry, never an error.
"""
import dataclasses
import errno
import functools
import hashlib
import importlib.util
import itertools
import json
import os
import stat
import struct
import time

import numpy as np

LIMIT = 256 << 20               # bytes of all entries; then those go that were not used for longest
LARGEST = 32 << 20              # bytes of one entry
_SUFFIX, _UNFINISHED = ".kernel", ".tmp"
_STORES_PER_TRIM = 64
_HOUR = 3600                    # an entry's time of use is written down at most so often; unfinished files live so long
_BLOCK = 4096                   # bytes that a file's size is rounded up to on disk
_DEFAULT = object()
_POSIX = hasattr(os, "geteuid") and os.open in os.supports_dir_fd and os.scandir in os.supports_fd

_directory = _DEFAULT
_refused = None                 # a directory that was found unsafe; it has been warned of
_stores = itertools.count()


# ---------------------------------------------------------------- where
def directory():
    """Where entries are kept: `rushlight/kernels` in the user's cache directory ($XDG_CACHE_HOME, or ~/.cache), unless set. None: nowhere."""
    if _directory is not _DEFAULT:
        return _directory
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):                     # relative ones are to be ignored, by the XDG specification
        base = os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "rushlight", "kernels") if os.path.isabs(base) else None


def set_directory(path=_DEFAULT):
    """Keep entries in another directory, from now on in this process; None: keep none; without an argument: where they are by default.

    The directory must belong to the user, and nobody else may be able to write to it. What is missing of it is created."""
    global _directory, _refused
    _directory = path if path is _DEFAULT or path is None else os.path.abspath(os.fspath(path))
    _refused = None


def _open_directory(create=False):
    """A descriptor of the directory, or None. It is looked at anew each time, since it may have been deleted or replaced;
    files are then opened relative to the very directory that was looked at."""
    path = directory()
    if path is None or path == _refused or not _POSIX:
        return None
    try:
        if create:
            _create(path)
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        link = os.lstat(path)
        problem = _problem(os.fstat(fd)) or stat.S_ISLNK(link.st_mode) and link.st_uid != os.geteuid() and "is somebody else's link"
    except OSError:
        problem = "was replaced"                    # deleted since it was opened: a matter of this moment
    else:
        if not problem:
            return fd
        _refuse(path, problem)
    os.close(fd)
    return None


def _problem(status):
    """Why a file or directory is not to be trusted, or None."""
    if status.st_uid != os.geteuid():
        return "belongs to somebody else"
    return "can be written by others" if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) else None


def _refuse(path, problem):
    global _refused
    import warnings

    _refused = path
    try:
        warnings.warn(f"compiled kernels are not kept on disk, since the directory {path} {problem}", stacklevel=2)
    except Warning:             # where warnings are errors: a kernel is compiled all the same
        pass


def _create(path):
    """The directory and those above it that are missing, for nobody but the user."""
    missing = []
    while not os.path.lexists(path):
        missing.append(path)
        path = os.path.dirname(path)
    if missing and os.geteuid() == 0 and os.stat(path).st_uid != 0:
        raise PermissionError(path)                 # under sudo with the user's HOME, it would be root's from then on
    for path in reversed(missing):
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            pass                                    # by another process just now


# ---------------------------------------------------------------- keys
def text(value):
    """A value as a text that no other value has: 1, 1.0, True and "1" differ, and so do 0.0 and -0.0, and one NaN and another.

    None, numbers, strings, NumPy's scalars, tuples, and dataclasses of these; TypeError for others."""
    cls = type(value)
    if value is None or cls is int or cls is bool:
        return repr(value)
    if cls is str:
        return ascii(value)
    if cls is tuple:
        return f"({','.join([text(item) for item in value])})"
    if cls is float:
        return f"float:{struct.pack('>d', value).hex()}"
    if cls is complex:
        return f"complex:{struct.pack('>dd', value.real, value.imag).hex()}"
    if isinstance(value, np.generic) and not value.dtype.hasobject:
        return f"{value.dtype.str}:{value.tobytes().hex()}"
    if dataclasses.is_dataclass(cls):
        name, fields = _shape(cls)
        return f"{name}({','.join([text(getattr(value, field)) for field in fields])})"
    raise TypeError(f"a kernel's specification holds a {cls.__name__}, which cannot be part of a key")


@functools.cache
def _shape(cls):
    """A dataclass's full name, and the names of its fields."""
    return f"{cls.__module__}.{cls.__qualname__}", tuple(field.name for field in dataclasses.fields(cls))


class Sources:
    """The source files in a directory as they are while this process loads them.

    A fingerprint that is taken of them later counts only if they have not been changed since, or just before: else it would
    stand for other code than what is running."""

    SETTLED = 2                 # seconds; a process that was started sooner after an edit does without entries

    def __init__(self, folder):
        self.folder, self._fingerprint = folder, None
        self.seen, self.at = self._look(), time.time()

    def _look(self):
        try:
            with os.scandir(self.folder) as files:
                found = [(f.name, f.stat()) for f in files if f.name.endswith(".py")]
        except OSError:
            return None
        return sorted((name, s.st_size, s.st_mtime_ns, s.st_ctime_ns, s.st_ino) for name, s in found) or None

    def unchanged(self):
        # The time of change cannot be set by programs, unlike that of modification.
        return self.seen is not None and self._look() == self.seen and all(s[3] / 1e9 < self.at - self.SETTLED for s in self.seen)

    def fingerprint(self):
        """A hash of the files' content, or None where it is not known to be what runs."""
        if self._fingerprint is None and self.unchanged():
            try:
                found = self._hash()
            except (OSError, NotImplementedError):
                return None
            if self.unchanged():
                self._fingerprint = found
        return self._fingerprint

    def _hash(self):
        content = hashlib.sha256()
        for name, *_ in self.seen:
            path = os.path.join(self.folder, name)
            # The .pyc, too: Python goes by time and size when it prefers one to its source, so it may run older code.
            for file in (path, importlib.util.cache_from_source(path)):
                try:
                    with open(file, "rb") as f:
                        data = f.read()
                except FileNotFoundError:
                    if file is path:
                        raise
                    data = b""
                content.update(b"%d:" % len(data))
                content.update(data)
        return content.hexdigest()


sources = Sources(os.path.dirname(__file__))


def key(spec, host):
    """The key of what the generators make of a specification, given as text, for a host; None if there cannot be one."""
    fingerprint = sources.fingerprint()
    return None if fingerprint is None else "\n".join(("rushlight 1", fingerprint, host, spec))


def _name(key):
    return hashlib.sha256(key.encode()).hexdigest() + _SUFFIX


# ---------------------------------------------------------------- entries
# A file: SHA-256 of the rest; length of the header (4 bytes); the header in JSON: key and fields; the bytes.
def _pack(key, fields, code):
    header = json.dumps({"key": key, "fields": fields}, default=int).encode()       # int: of NumPy's
    rest = struct.pack("<I", len(header)) + header + code
    return hashlib.sha256(rest).digest() + rest


def _unpack(data, key):
    """(fields, bytes), or None if that is not an entry of this key."""
    rest = memoryview(data)[32:]
    if len(rest) < 4 or hashlib.sha256(rest).digest() != data[:32]:
        return None
    end = 4 + struct.unpack_from("<I", rest)[0]
    try:
        header = json.loads(bytes(rest[4:end]))
        return (header["fields"], bytes(rest[end:])) if header["key"] == key else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def load(key):
    """(fields, bytes) of an entry, or None. A file in its place that is not a good one is removed."""
    fd = _open_directory()
    if fd is None:
        return None
    try:
        name = _name(key)
        try:
            found = _read(fd, name, key)
        except OSError as error:
            if error.errno != errno.ELOOP:          # that is a symbolic link
                return None
            found = None
        if found is None:
            os.unlink(name, dir_fd=fd)
        return found
    except OSError:
        return None
    finally:
        os.close(fd)


def has(key):
    """Whether there is a file in the place of an entry."""
    fd = _open_directory()
    if fd is None:
        return False
    try:
        os.stat(_name(key), dir_fd=fd, follow_symlinks=False)
        return True
    except OSError:
        return False
    finally:
        os.close(fd)


def _read(directory, name, key):
    # A pipe would wait for its other end.
    file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory)
    with open(file, "rb") as f:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode) or _problem(status) or status.st_size > LARGEST:
            return None
        found = _unpack(f.read(), key)
        if found is not None and abs(time.time() - status.st_mtime) > _HOUR:
            _used(file)
    return found


def _used(file):
    """Note that an entry was of use now: by the file's time of modification, since that of access is often not kept."""
    try:
        os.utime(file)
    except OSError:
        pass


def store(key, fields, code):
    """Keep an entry: fields that JSON can hold, and bytes. Other processes see all of it or nothing."""
    if not sources.unchanged():                     # a generator may have been loaded after an edit
        return
    data = _pack(key, fields, code)
    fd = _open_directory(create=True) if len(data) <= LARGEST else None
    if fd is None:
        return
    try:
        _write(fd, _name(key), data)
        if next(_stores) % _STORES_PER_TRIM == 0:
            _trim(fd)
    except OSError:
        pass                                        # full, read-only, or deleted meanwhile
    finally:
        os.close(fd)


def _write(directory, name, data):
    unfinished = f"{os.getpid()}-{os.urandom(8).hex()}{_UNFINISHED}"
    file = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=directory)
    try:
        with open(file, "wb") as f:
            f.write(data)
        os.replace(unfinished, name, src_dir_fd=directory, dst_dir_fd=directory)
    except BaseException:
        os.unlink(unfinished, dir_fd=directory)
        raise


def remove(key):
    """Remove an entry that turned out to be of no use."""
    fd = _open_directory()
    if fd is not None:
        _remove(fd, _name(key))
        os.close(fd)


def _remove(directory, name):
    try:
        os.unlink(name, dir_fd=directory)
    except OSError:
        pass                                        # another process was quicker


def _trim(directory):
    """Bring the entries to three quarters of the limit if they are above it, and remove what crashed processes left."""
    entries, total, now = [], 0, time.time()
    with os.scandir(directory) as files:
        for file in files:
            if not file.name.endswith((_SUFFIX, _UNFINISHED)):
                continue
            try:
                status = file.stat(follow_symlinks=False)
            except OSError:
                continue
            if file.name.endswith(_SUFFIX):
                size = -(-status.st_size // _BLOCK) * _BLOCK
                entries.append((status.st_mtime, size, file.name))
                total += size
            elif now - status.st_mtime > _HOUR:
                _remove(directory, file.name)
    if total <= LIMIT:
        return
    for _, size, name in sorted(entries):
        _remove(directory, name)
        total -= size
        if total <= LIMIT * 3 // 4:
            return
