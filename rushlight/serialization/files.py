"""Files to read from and to write to: paths and file objects, and the writing that leaves either the old or the new."""
import errno
import os
from contextlib import contextmanager

FileLike = str | os.PathLike | object  # a path, or an object with read and seek, or with write
FILE_LIKE = FileLike


class SaveError(OSError, RuntimeError):
    """The disk refused. An OSError with its errno, and the RuntimeError that PyTorch raises there."""


def is_path(f) -> bool:
    return isinstance(f, (str, os.PathLike))


def name_of(f) -> str:
    """What messages call a file: its path, or what kind of file object it is."""
    if is_path(f):
        return os.fspath(f)
    name = getattr(f, "name", None)
    return name if isinstance(name, str) else f"<{type(f).__name__}>"


@contextmanager
def reading(f):
    """A seekable binary file: the path opened, or the file object itself, which stays open."""
    if is_path(f):
        with open(f, "rb") as file:
            yield file
        return
    try:
        f.seek(f.tell())
    except (OSError, AttributeError) as error:
        if isinstance(error, OSError) and not isinstance(error, ValueError):  # io.UnsupportedOperation is both
            raise
        raise type(error)(
            f"{error}. You can only torch.load from a file that is seekable. Please pre-load the data into a buffer "
            "like io.BytesIO and try to load from it instead."
        ) from None
    yield f


def check_writable(f) -> None:
    if not is_path(f) and not hasattr(f, "write"):
        raise AttributeError("expected 'f' to be string, path, or a file-like object with a 'write' attribute")


def check_parent(path: str) -> None:
    """Raise PyTorch's error if the folder of `path` is not there."""
    parent = os.path.dirname(path)
    if parent and not os.path.isdir(parent):
        raise RuntimeError(f"Parent directory {parent} does not exist.")


@contextmanager
def writing(path: str):
    """A binary file whose content appears at `path` only when the block has ended well.

    It is written beside the target, brought to the disk, and renamed over it: whenever the program is killed, the
    former file or the new one is there, whole. A symbolic link stays, and what it points to is replaced; mode and
    owner are kept. Devices and pipes are written directly, and so is a file in a folder where nothing can be created.
    """
    target = os.path.realpath(path)
    if os.path.isdir(path) or not os.path.basename(path):
        raise SaveError(errno.EISDIR, "cannot save: this is a directory", path)
    if os.path.exists(target) and not os.access(target, os.W_OK):
        raise SaveError(errno.EACCES, "cannot save: no permission to write", path)
    beside = _open_beside(target)
    if beside is None:
        with _disk_errors(path, "what was written so far is incomplete"), open(path, "wb") as file:
            yield file
        return
    file, temporary = beside
    try:
        with _disk_errors(path, "the file that was there before, if any, is unchanged"):
            with file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, target)
            _sync_folder(os.path.dirname(target))
    except BaseException:
        file.close()
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise


@contextmanager
def _disk_errors(path: str, state: str):
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise SaveError(error.errno or errno.EIO, f"{reason} while saving; {state}", path) from error


def _open_beside(target: str):
    """(file, its path) of a new file beside `target`; None where that cannot be, or would be wrong."""
    if os.path.exists(target) and not os.path.isfile(target):
        return None
    folder, name = os.path.split(target)
    _remove_leftovers(folder, name)
    for attempt in range(100):
        temporary = os.path.join(folder, _temporary_name(name, attempt))
        try:
            file = open(temporary, "xb")
        except FileExistsError:
            continue  # another thread is saving to the same place
        except PermissionError:
            if os.path.exists(target):
                return None
            raise
        _keep_mode_and_owner(target, file.fileno())
        return file, temporary
    return None


def _temporary_name(name: str, attempt: int) -> str:
    import socket

    return f".{name[:100]}.{socket.gethostname()[:40]}.{os.getpid()}.{attempt}.saving"


def _remove_leftovers(folder: str, name: str) -> None:
    """Remove what savers to this path on this machine left when they were killed."""
    prefix = _temporary_name(name, 0).rsplit(".", 3)[0] + "."
    try:
        found = [entry for entry in os.listdir(folder) if entry.startswith(prefix) and entry.endswith(".saving")]
    except OSError:
        return
    for entry in found:
        pid = entry[len(prefix):].partition(".")[0]
        if pid.isdigit() and not _alive(int(pid)):
            try:
                os.unlink(os.path.join(folder, entry))
            except OSError:
                pass


def _alive(pid: int) -> bool:
    if pid == os.getpid() or os.name != "posix":  # elsewhere os.kill would not ask but kill
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


def _keep_mode_and_owner(target: str, descriptor: int) -> None:
    try:
        former = os.stat(target)
        ours = os.fstat(descriptor)
        if (former.st_uid, former.st_gid) != (ours.st_uid, ours.st_gid):
            os.fchown(descriptor, former.st_uid, former.st_gid)
        os.fchmod(descriptor, former.st_mode & 0o7777)
    except (OSError, AttributeError):  # no former file; not ours to give; a system without owners
        pass


def _sync_folder(folder: str) -> None:
    """Bring the renaming to the disk, where folders can be opened."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)


def write_all(stream, data) -> None:
    """Write every byte, also to a raw file whose `write` may take only some."""
    view = memoryview(data).cast("B")
    while view.nbytes:
        taken = stream.write(view)
        if taken is None or taken == view.nbytes:
            return
        if taken <= 0:
            raise OSError(errno.EIO, "the file object's write() took no bytes")
        view = view[taken:]
