"""Memory that processes share: files without a name, mapped.

Nothing is ever left behind: a file that has no name is gone when the last process that holds it is, however
they ended. On Linux it is also outside of /dev/shm, whose size containers limit.
"""

import os


def anonymous_file(size):
    """A file descriptor of `size` bytes of memory, reserved at once: OSError now rather than SIGBUS later."""
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create("rushlight")
    else:
        fd = _unlinked_file()
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(fd, 0, size)
        else:
            os.ftruncate(fd, size)
    except BaseException:
        os.close(fd)
        raise
    return fd


def _unlinked_file():
    import tempfile

    fd, path = tempfile.mkstemp(prefix="rushlight-")
    os.unlink(path)
    return fd


def map_file(fd, size):
    """The file's memory as an array of bytes, which keeps it mapped; the descriptor may be closed."""
    import numpy as np

    return np.asarray(_Mapping(fd, size))


class _Mapping:
    """Memory mapped until nobody refers to it.

    Not `mmap.mmap`: before Python 3.13 that keeps a descriptor for each mapping, and a program that keeps a
    thousand batches would run out of them.
    """

    def __init__(self, fd, size):
        import ctypes
        import mmap

        libc = ctypes.CDLL(None, use_errno=True)
        libc.mmap.restype = ctypes.c_void_p
        libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
        libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
        # Populated at once: one call instead of a page fault every 4 KiB.
        flags = mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0)
        address = libc.mmap(None, size, mmap.PROT_READ | mmap.PROT_WRITE, flags, fd, 0)
        if address == ctypes.c_void_p(-1).value:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
        self._unmap = libc.munmap
        self._place = (address, size)
        self.__array_interface__ = {
            "version": 3,
            "data": (address, False),
            "typestr": "|u1",
            "shape": (size,),
        }

    def __del__(self):
        if hasattr(self, "_place"):
            self._unmap(*self._place)
