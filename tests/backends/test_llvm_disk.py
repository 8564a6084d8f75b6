"""Compiled code on disk: what is kept and found again, and that no state of the disk is an error or gives wrong code."""
import ctypes
import itertools
import os
import resource
import stat
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from dataclasses import dataclass, replace

import numpy as np
import pytest

pytest.importorskip("llvmlite")

from rushlight.backends.llvm import disk, driver, library, nest, target          # noqa: E402


def scaling(factor, size=5):
    """y = factor * x."""
    nodes = (nest.Node("load", (), "float32", nest.Access(0, (1,))), nest.Node("const", (), "float32", None, factor),
             nest.Node("mul", (0, 1), "float32"))
    return nest.Nest((size,), nodes, ((2, nest.Access(1, (1,))),), (), (), 2)


def run(kernel, size=5):
    x, y = np.arange(1, size + 1, dtype=np.float32), np.full(size, 7, np.float32)
    arguments = (ctypes.c_void_p * 3)(x.ctypes.data, y.ctypes.data, 0)
    words = driver.entries(kernel.phases, ctypes.addressof(arguments))
    table = (ctypes.c_int64 * len(words))(*words)
    driver.Pool(1).run(ctypes.addressof(table), len(kernel.phases), 1)
    return y


class Cache:
    """A directory of entries, and how often something was compiled."""

    def __init__(self, path):
        self.path, self.compiled = path, 0

    def kernel(self, spec):
        """As a new process would get it."""
        library._entries.clear()
        return library.kernel(spec)

    def right(self, factor):
        """Whether a kernel that comes from wherever it comes from does what it should."""
        np.testing.assert_array_equal(run(self.kernel(scaling(factor))), factor * np.arange(1, 6, dtype=np.float32))
        return True

    def files(self):
        return sorted(self.path.iterdir()) if self.path.is_dir() else []


@pytest.fixture
def cache(tmp_path, monkeypatch):
    made = Cache(tmp_path / "user" / "kernels")
    compile_text = target.compile_text

    def counted(*args):
        made.compiled += 1
        return compile_text(*args)

    driver.functions()
    monkeypatch.setattr(target, "compile_text", counted)
    monkeypatch.setattr(library, "_entries", {})
    monkeypatch.setattr(disk.Sources, "SETTLED", -1e9)
    (tmp_path / "generators").mkdir()
    (tmp_path / "generators" / "one.py").write_text("1")
    monkeypatch.setattr(disk, "sources", disk.Sources(tmp_path / "generators"))      # those of the package may be being edited
    disk.set_directory(made.path)
    yield made
    disk.set_directory()


# ---------------------------------------------------------------- keys
@dataclass(frozen=True)
class One:
    value: object


@dataclass(frozen=True)
class Other:
    value: object


DIFFERENT = [None, True, False, 1, 0, 1.0, 0.0, -0.0, -1, float("nan"), -float("nan"), float("inf"), float("-inf"), 5e-324, 1e300, "1", "", "None",
             "(1)", (), (1,), (1.0,), ((1,),), (1, 1), ("1,1",), ("1", "1"), "a'b", 'a"b', "\n", "\\n", "\ud800", "é", 2 ** 70,
             np.float32(1), np.float64(1), np.int64(1), np.bool_(True), 1j, complex(-0.0, 0), One(1), One(1.0), Other(1), One(One(1)), One((1,))]


def test_different_values_have_different_texts():
    assert len({disk.text(v) for v in DIFFERENT}) == len(DIFFERENT)
    assert len({disk.text(pair) for pair in itertools.product(DIFFERENT, repeat=2)}) == len(DIFFERENT) ** 2
    assert disk.text(scaling(2.0)) == disk.text(scaling(2.0))


@pytest.mark.parametrize("value", [[1], {1: 2}, object(), (1, [2]), One({}), np.zeros(3), One])
def test_what_could_change_or_look_like_something_else_is_no_key(value):
    with pytest.raises(TypeError, match="cannot be part of a key"):
        disk.text(value)


def test_equal_specifications_that_are_not_the_same(cache):
    zero, minus = scaling(0.0), scaling(-0.0)
    assert zero == minus
    assert not np.signbit(run(library.kernel(zero))).any() and np.signbit(run(library.kernel(minus))).all()
    assert library.kernel(zero) is library.kernel(scaling(0.0)) is not library.kernel(minus)


def test_the_key_has_the_host_and_the_sources(cache, monkeypatch):
    wide, narrow = target.host(), target.host("avx2")
    keys = {disk.key("spec", wide.text), disk.key("other", wide.text), disk.key("spec", narrow.text)}
    (disk.sources.folder / "one.py").write_text("2")
    monkeypatch.setattr(disk, "sources", disk.Sources(disk.sources.folder))
    assert len(keys | {disk.key("spec", wide.text)}) == 4


# ---------------------------------------------------------------- sources
def test_sources_that_change_while_they_are_in_use(tmp_path, monkeypatch):
    file = tmp_path / "a.py"
    file.write_text("x = 1")
    assert disk.Sources(tmp_path).fingerprint() is None                     # written just now
    monkeypatch.setattr(disk.Sources, "SETTLED", -1e9)
    first, second = disk.Sources(tmp_path), disk.Sources(tmp_path)
    found = first.fingerprint()
    assert found and second.fingerprint() == found
    late, old = disk.Sources(tmp_path), file.stat()
    time.sleep(0.02)
    file.write_text("x = 2")
    os.utime(file, ns=(old.st_atime_ns, old.st_mtime_ns))                   # as long, and as old
    assert late.fingerprint() is None and not first.unchanged()
    assert disk.Sources(tmp_path).fingerprint() not in (None, found)
    assert disk.Sources(tmp_path / "missing").fingerprint() is None


def test_code_that_python_would_rather_take_from_a_pyc_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(disk.Sources, "SETTLED", -1e9)
    (tmp_path / "a.py").write_text("x = 1")
    before = disk.Sources(tmp_path).fingerprint()
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / f"a.{sys.implementation.cache_tag}.pyc").write_bytes(b"older code")
    assert disk.Sources(tmp_path).fingerprint() not in (None, before)


def test_nothing_is_stored_after_an_edit(cache):
    assert cache.right(2.0)
    time.sleep(0.02)
    (disk.sources.folder / "one.py").write_text("another")
    assert cache.right(3.0) and len(cache.files()) == 1


# ---------------------------------------------------------------- entries
def test_found_again(cache):
    first = cache.kernel(scaling(2.0))
    assert cache.compiled == 1 and first.source.text
    again = cache.kernel(scaling(2.0))
    assert cache.compiled == 1 and replace(first.source, text="") == again.source
    assert cache.right(2.0) and cache.compiled == 1
    assert cache.right(3.0) and cache.compiled == 2


def test_only_the_user_can_read(cache):
    old = os.umask(0)
    try:
        cache.kernel(scaling(2.0))
    finally:
        os.umask(old)
    assert [stat.S_IMODE(p.stat().st_mode) for p in (cache.path.parent, cache.path, *cache.files())] == [0o700, 0o700, 0o600]


def test_damaged_entries_are_replaced(cache):
    cache.kernel(scaling(2.0))
    (file,) = cache.files()
    good = file.read_bytes()
    places = np.linspace(0, len(good) - 1, 40).astype(int)
    damaged = [good[:n] for n in places] + [good[:n] + bytes([good[n] ^ 1]) + good[n + 1:] for n in places] + [good + b"\0", b"x" * 5000]
    for content in damaged:
        file.write_bytes(content)
        before = cache.compiled
        assert cache.right(2.0) and cache.compiled == before + 1
        assert file.read_bytes() == good and cache.files() == [file]


def test_entries_of_another_form_are_replaced(cache):
    key = disk.key(disk.text(scaling(2.0)), target.host().text)
    cache.kernel(scaling(2.0))
    (file,) = cache.files()
    good = file.read_bytes()
    fields, code = disk.load(key)
    for content in (disk._pack("another key", fields, code), disk._pack(key, {}, code), disk._pack(key, [], code),
                    disk._pack(key, {**fields, "phases": 3}, code), disk._pack(key, {**fields, "phases": [["missing", 1]]}, code),
                    disk._pack(key, fields, b""), disk._pack(key, fields, b"no object code")):
        file.write_bytes(content)
        assert cache.right(2.0) and file.read_bytes() == good


def test_what_is_not_a_file_of_ours_is_replaced(cache, tmp_path):
    cache.kernel(scaling(2.0))
    (file,) = cache.files()
    good = file.read_bytes()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(good)
    for make in (lambda: file.symlink_to(elsewhere), lambda: os.mkfifo(file), lambda: (file.write_bytes(good), file.chmod(0o620))):
        file.unlink()
        make()
        before = cache.compiled
        assert cache.right(2.0) and cache.compiled == before + 1
        assert file.read_bytes() == good and not file.is_symlink() and stat.S_IMODE(file.stat().st_mode) == 0o600
    file.unlink()
    file.mkdir()
    assert cache.right(2.0) and cache.files() == [file]                     # left alone
    assert elsewhere.read_bytes() == good


# ---------------------------------------------------------------- the directory
def test_where(monkeypatch, tmp_path):
    disk.set_directory()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert disk.directory() == str(tmp_path / "rushlight" / "kernels")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for ignored in ("relative/cache", ""):
        monkeypatch.setenv("XDG_CACHE_HOME", ignored)
        assert disk.directory() == str(tmp_path / "home" / ".cache" / "rushlight" / "kernels")
    disk.set_directory(tmp_path / "there")
    assert disk.directory() == str(tmp_path / "there")
    disk.set_directory(None)
    assert disk.directory() is None
    disk.set_directory()


def test_switched_off_and_moved(cache, tmp_path):
    disk.set_directory(None)
    assert cache.right(2.0) and not cache.files()
    disk.set_directory(tmp_path / "a" / "b")
    assert cache.right(2.0) and len(list((tmp_path / "a" / "b").iterdir())) == 1 and not cache.files()


def refused(cache, warned):
    """Nothing is kept, and that is said so often."""
    before = cache.compiled
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(3):
            assert cache.right(2.0)
    assert cache.compiled == before + 3
    assert len(caught) == warned and all("not kept on disk" in str(w.message) for w in caught)
    return True


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702, 0o1777])
def test_refused_if_others_can_write(cache, mode):
    assert cache.right(2.0)
    cache.path.chmod(mode)
    assert refused(cache, 1)


def test_refused_if_somebody_elses(cache, monkeypatch):
    assert cache.right(2.0)
    me = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: me + 1)
    assert refused(cache, 1)


def test_links(cache, tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir(0o700)
    cache.path.parent.mkdir()
    cache.path.symlink_to(tmp_path / "mine")
    assert cache.right(2.0) and len(cache.files()) == 1                     # one's own cache on another disk
    lstat = os.lstat

    def somebodys(path, **how):
        status = lstat(path, **how)
        return os.stat_result((status.st_mode, 0, 0, 1, os.geteuid() + 1, 0, 0, 0, 0, 0)) if stat.S_ISLNK(status.st_mode) else status

    monkeypatch.setattr(os, "lstat", somebodys)
    assert refused(cache, 1)


def test_dangling_link_and_warnings_as_errors(cache, tmp_path):
    cache.path.parent.mkdir()
    cache.path.symlink_to(tmp_path / "missing")
    assert refused(cache, 0)
    cache.path.unlink()
    cache.path.mkdir()
    cache.path.chmod(0o777)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert cache.right(2.0)


def test_no_home(cache, monkeypatch):
    for path in ("/dev/null/kernels", "/proc/kernels", "/dev/null"):
        disk.set_directory(path)
        assert refused(cache, 0)
    monkeypatch.setattr(os, "mkdir", lambda *a, **k: (_ for _ in ()).throw(OSError(30, "Read-only file system")))
    disk.set_directory(cache.path)
    assert refused(cache, 0)


def test_root_makes_no_directory_in_a_users_home(cache, tmp_path, monkeypatch):
    if os.geteuid() != 0:
        pytest.skip("needs to be root")
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, 12345, 12345)
    disk.set_directory(home / ".cache" / "kernels")
    assert refused(cache, 0) and not list(home.iterdir())


def test_full_disk(cache):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    cache.path.mkdir(parents=True, mode=0o700)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        assert cache.right(2.0) and cache.files() == []                     # nothing half written
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert cache.right(2.0) and len(cache.files()) == 1


def test_deleted_meanwhile(cache):
    import shutil

    for _ in range(3):
        assert cache.right(2.0) and len(cache.files()) == 1
        shutil.rmtree(cache.path.parent)


# ---------------------------------------------------------------- its size
def test_least_used_are_removed(cache, monkeypatch):
    sizes = 8 * 4096
    monkeypatch.setattr(disk, "LIMIT", 3 * sizes)
    monkeypatch.setattr(disk, "_stores", itertools.count())
    monkeypatch.setattr(disk, "_STORES_PER_TRIM", 1)
    now = time.time()
    names = [disk._name(f"key {i}") for i in range(5)]
    for i in range(3):
        disk.store(f"key {i}", {}, bytes(sizes - 4096))
        os.utime(cache.path / names[i], (now - 9e5 + 1e5 * i,) * 2)
    assert disk.load("key 0") is not None                                   # used now
    left = cache.path / ("1-2" + disk._UNFINISHED)
    left.write_bytes(b"")
    os.utime(left, (now - 8000,) * 2)
    (cache.path / "notes").write_text("of the user")
    disk.store("key 3", {}, bytes(sizes - 4096))
    kept = {p.name for p in cache.files()}
    assert kept == {names[0], names[3], "notes"}


def test_seldom_looked_at(cache, monkeypatch):
    looked = []
    monkeypatch.setattr(disk, "_stores", itertools.count())
    monkeypatch.setattr(disk, "_trim", looked.append)
    for i in range(130):
        disk.store(f"key {i}", {}, b"")
    assert len(looked) == 3


# ---------------------------------------------------------------- at the same time
def test_threads(cache):
    """Each kernel is made once, different ones by different threads."""
    library._entries.clear()
    specs = [scaling(float(i)) for i in range(6)] * 4
    got, start = {}, threading.Barrier(4)

    def work(n):
        start.wait(20)
        got[n] = [library.kernel(spec) for spec in specs[n:] + specs[:n]]

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    assert cache.compiled == 6 and len({id(k) for kernels in got.values() for k in kernels}) == 6


def test_one_being_made_does_not_hold_up_another(cache, monkeypatch):
    make, reached, go = library._make, threading.Event(), threading.Event()

    def slow(spec, *rest):
        if spec == disk.text(scaling(1.0)):
            reached.set()
            assert go.wait(20)
        return make(spec, *rest)

    monkeypatch.setattr(library, "_make", slow)
    thread = threading.Thread(target=library.kernel, args=(scaling(1.0),))
    thread.start()
    assert reached.wait(20)
    library.kernel(scaling(2.0))
    go.set()
    thread.join(20)


PROGRAM = textwrap.dedent("""
    import pathlib, sys, shutil
    sys.path[:0] = [sys.argv[3]]
    import test_llvm_disk as t
    from rushlight.backends.llvm import disk, library, target
    disk.Sources.SETTLED = -1e9
    disk.sources = disk.Sources(sys.argv[2])
    disk.set_directory(sys.argv[1])
    cache = t.Cache(pathlib.Path(sys.argv[1]))
    mode = sys.argv[4]
    if mode == "found":
        target.compile_text = None
        t.driver.functions()
    for turn in range(1 if mode == "found" else 8):
        for i in range(5):
            assert cache.right(float(i))
        if mode == "delete":
            shutil.rmtree(sys.argv[1], ignore_errors=True)
    print("right")
""")


def start(cache, mode):
    command = [sys.executable, "-c", PROGRAM, str(cache.path), str(disk.sources.folder), os.path.dirname(__file__), mode]
    path = os.pathsep.join(p for p in sys.path if p)
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path})


def finish(processes):
    for process in processes:
        out, err = process.communicate(timeout=120)
        assert (process.returncode, out) == (0, "right\n"), err


def test_processes_at_once_while_the_directory_is_deleted(cache):
    finish([start(cache, mode) for mode in ("fill", "fill", "delete")])
    finish([start(cache, "fill")])
    finish([start(cache, "found")])                                         # which cannot compile
    assert not [p for p in cache.files() if p.name.endswith(disk._UNFINISHED)]
