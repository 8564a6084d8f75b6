"""Damaged and foreign files, full disks, and programs killed while they save."""
import io
import os
import pickle
import signal
import subprocess
import sys
import time
import zipfile

import pytest

import rushlight as torch


@pytest.fixture
def good(saved):
    return saved({"a": torch.arange(100.0), "b": torch.ones(3)}).getvalue()


@pytest.fixture
def older(saved):
    return saved({"a": torch.arange(100.0), "b": torch.ones(3)}, _use_new_zipfile_serialization=False).getvalue()


@pytest.fixture
def fails(tmp_path):
    """fails(bytes, weights_only=...) -> the exception of loading a file of them; it must name the file."""

    def load(content, **options):
        path = tmp_path / "broken.pt"
        path.write_bytes(content)
        with pytest.raises(Exception) as raised:
            torch.load(path, **options)
        assert "broken.pt" in str(raised.value), str(raised.value)
        return raised.value

    return load


@pytest.mark.parametrize("trusting", [False, True])
class TestDamagedFiles:
    def test_empty(self, fails, trusting):
        error = fails(b"", weights_only=not trusting)
        assert type(error) is EOFError and "is empty" in str(error)

    def test_truncated_archives(self, fails, good, trusting):
        for length in (10, 50, 200, len(good) // 2, len(good) - 30, len(good) - 1):
            error = fails(good[:length], weights_only=not trusting)
            assert type(error) is RuntimeError
            assert str(error).startswith("PytorchStreamReader failed reading zip archive: ")

    def test_truncated_older_files(self, fails, older, trusting):
        for length in [*range(1, 700, 23), len(older) - 415, len(older) - 300, len(older) - 1]:
            error = fails(older[:length], weights_only=not trusting)
            assert type(error) in (EOFError, RuntimeError, pickle.UnpicklingError), (length, error)
        assert "unexpected EOF, expected 1 more bytes. The file might be corrupted." in str(fails(older[:-1]))

    def test_a_damaged_byte(self, fails, good, trusting):
        """In the pickle or in a tensor, it is noticed: the checksums are read."""
        for record in ("archive/data.pkl", "archive/data/0"):
            info = zipfile.ZipFile(io.BytesIO(good)).getinfo(record)
            name, extra = (int.from_bytes(good[info.header_offset + at:][:2], "little") for at in (26, 28))
            begin = info.header_offset + 30 + name + extra
            for at in range(begin, begin + info.file_size, 17):
                broken = bytearray(good)
                broken[at] ^= 0x10
                error = fails(bytes(broken), weights_only=not trusting)
                assert type(error) is RuntimeError and "CRC-32 check failed" in str(error)

    def test_missing_records(self, fails, good, edited, trusting):
        for record in ("data.pkl", "data/0"):
            error = fails(edited(good, {record: None}), weights_only=not trusting)
            assert str(error).startswith(f"PytorchStreamReader failed locating file {record}: file not found.")
        error = fails(edited(good, {"version": None}), weights_only=not trusting)
        assert str(error).startswith('Expected hasRecord("version") to be true, but got false.')

    def test_versions(self, fails, good, edited, trusting):
        newer = fails(edited(good, {"version": b"99\n"}), weights_only=not trusting)
        assert "Attempted to read a PyTorch file with version 99, but the maximum supported version for reading is 10" \
            in str(newer)
        assert "Couldn't parse the version x" in str(fails(edited(good, {"version": b"x\n"}), weights_only=not trusting))
        assert "minimum supported version" in str(fails(edited(good, {"version": b"0\n"}), weights_only=not trusting))

    def test_records_of_the_wrong_length(self, fails, good, edited, trusting):
        for content in (b"abcd", b"abcd" * 1000):
            error = fails(edited(good, {"data/0": content}), weights_only=not trusting)
            assert str(error).startswith(f"record size ({len(content)} bytes) does not match expected size (400 bytes = "
                                         "400 elements * 1 bytes/element) for dtype Byte")

    def test_a_cut_pickle(self, fails, good, edited, trusting):
        pickled = zipfile.ZipFile(io.BytesIO(good)).read("archive/data.pkl")
        for content in (b"", pickled[:60], pickled[:-1]):
            error = fails(edited(good, {"data.pkl": content}), weights_only=not trusting)
            assert type(error) in (EOFError, pickle.UnpicklingError)

    def test_other_peoples_files(self, fails, trusting):
        foreign = {"text": b"hello world\nfoo\n", "page": b"<!DOCTYPE html><html>", "zeros": b"\0" * 600}
        for content in foreign.values():
            error = fails(content, weights_only=not trusting)
            assert type(error) is pickle.UnpicklingError and repr(content[:5])[2:7] in str(error)

    def test_other_peoples_zips(self, fails, trusting):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("foo.txt", "x")
        error = fails(stream.getvalue(), weights_only=not trusting)
        assert type(error) is RuntimeError and "file in archive is not in a subdirectory: foo.txt" in str(error)

    def test_a_pickle_that_is_no_checkpoint(self, fails, trusting):
        error = fails(pickle.dumps(12345, 2), weights_only=not trusting)
        assert type(error) is RuntimeError and str(error).startswith("Invalid magic number; corrupt file?")


def test_types_agree_with_pytorch(oracle, good, older, edited, tmp_path):
    """The exception's type is the oracle's for whatever befalls files most."""
    path = tmp_path / "broken.pt"
    cases = [b"", good[:10], good[:200], good[:-1], older[:-1], older[:-200], b"<!DOCTYPE html>", b"\0" * 100,
             edited(good, {"data/0": None}), edited(good, {"data/0": b""}), edited(good, {"byteorder": b"middle"}),
             edited(good, {"version": b"99\n"}), edited(good, {"constants.pkl": b""}), edited(good, {"data.pkl": b"x"})]
    for content in cases:
        path.write_bytes(content)
        kinds = []
        for library in (torch, oracle):
            with pytest.raises(Exception) as raised:
                library.load(path)
            kinds.append(type(raised.value))
        assert kinds[0] is kinds[1], content[:20]


def test_what_is_no_file(oracle, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text").write_text("x")
    for make in (lambda: "absent.pt", lambda: ".", object, lambda: 3, lambda: None, lambda: b"absent.pt"):
        errors = []
        for library in (torch, oracle):
            with pytest.raises(Exception) as raised:
                library.load(make())
            errors.append((type(raised.value), str(raised.value)))
        assert errors[0] == errors[1]
    with open("text") as file, pytest.raises(TypeError, match="bytes-like object is required"):
        torch.load(file, weights_only=False)


# ---------------------------------------------------------------- saving
def test_saving_where_it_cannot_be(oracle, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    for target in ("absent/x.pt", "/absent/a/x.pt", "file/x.pt", 3, None, b"x.pt"):
        errors = []
        for library in (torch, oracle):
            with pytest.raises(Exception) as raised:
                library.save(1, target)
            errors.append((type(raised.value), str(raised.value)))
        assert errors[0] == errors[1]
    for target in (".", "", tmp_path):
        with pytest.raises(RuntimeError, match="this is a directory"):
            torch.save(1, target)
    with pytest.raises(FileNotFoundError):
        torch.save(1, "absent/x.pt", _use_new_zipfile_serialization=False)
    with pytest.raises(TypeError):
        torch.save(torch.ones(1), io.StringIO())


def test_what_cannot_be_pickled_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.pt"
    torch.save(1, path)
    with pytest.raises((AttributeError, pickle.PicklingError)):
        torch.save(lambda: 1, path)
    assert torch.load(path) == 1 and os.listdir(tmp_path) == ["a.pt"]


def test_links_and_modes_stay(tmp_path):
    real, link = tmp_path / "real.pt", tmp_path / "link.pt"
    link.symlink_to("real.pt")
    torch.save(1, link)
    assert link.is_symlink() and torch.load(real) == 1
    real.chmod(0o640)
    torch.save(2, link)
    assert link.is_symlink() and torch.load(real) == 2 and real.stat().st_mode & 0o777 == 0o640
    former = os.umask(0o077)
    try:
        torch.save(1, tmp_path / "new.pt")
    finally:
        os.umask(former)
    assert (tmp_path / "new.pt").stat().st_mode & 0o777 == 0o600
    assert sorted(os.listdir(tmp_path)) == ["link.pt", "new.pt", "real.pt"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("zipped", [True, False])
def test_devices(zipped):
    torch.save(torch.ones(1), "/dev/null", _use_new_zipfile_serialization=zipped)
    for kind in (OSError, RuntimeError):  # PyTorch raises the one or the other: ours is both
        with pytest.raises(kind, match="No space left on device"):
            torch.save(torch.ones(1), "/dev/full", _use_new_zipfile_serialization=zipped)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch, zipped):
    from rushlight.serialization import archive_writer, legacy

    path = tmp_path / "a.pt"
    torch.save("old", path)

    def full(stream, data, write_all=archive_writer.write_all):
        if len(data) >= 4000:
            raise OSError(28, "No space left on device")
        write_all(stream, data)

    monkeypatch.setattr(archive_writer, "write_all", full)
    monkeypatch.setattr(legacy, "write_all", full)
    with pytest.raises(OSError, match="No space left on device while saving; the file that was there .* unchanged") as raised:
        torch.save(torch.ones(1000), path, _use_new_zipfile_serialization=zipped)
    assert raised.value.errno == 28 and raised.value.filename == str(path)
    assert torch.load(path) == "old" and os.listdir(tmp_path) == ["a.pt"]


def test_ctrl_c_while_saving_leaves_the_old_file(tmp_path, monkeypatch):
    from rushlight.serialization import archive_writer

    path = tmp_path / "a.pt"
    torch.save("old", path)

    def interrupted(stream, data):
        raise KeyboardInterrupt

    monkeypatch.setattr(archive_writer, "write_all", interrupted)
    with pytest.raises(KeyboardInterrupt):
        torch.save("new", path)
    assert torch.load(path) == "old" and os.listdir(tmp_path) == ["a.pt"]


SAVES_FOREVER = """
import sys, rushlight as torch
path, number = sys.argv[1], 0
while True:
    number += 1
    torch.save({"number": number, "weights": [torch.ones(200_000) for _ in range(5)]}, path)
    print(number, flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_killed_while_saving(tmp_path):
    """Whenever the program is killed, a whole checkpoint is there, and none older than the last that was finished."""
    path = tmp_path / "checkpoint.pt"
    for attempt in range(4):
        child = subprocess.Popen([sys.executable, "-c", SAVES_FOREVER, str(path)], stdout=subprocess.PIPE, text=True)
        child.stdout.readline()
        time.sleep(0.003 + 0.011 * attempt)
        child.send_signal(signal.SIGKILL)
        finished = [int(line) for line in child.communicate(timeout=30)[0].split()]
        loaded = torch.load(path)
        assert loaded["number"] >= max(finished, default=1)
        assert [weights.numel() for weights in loaded["weights"]] == [200_000] * 5
    torch.save(1, path)  # clears what the killed programs left behind
    assert os.listdir(tmp_path) == ["checkpoint.pt"]


def test_a_program_killed_in_the_very_middle(tmp_path):
    """The child kills itself between two records."""
    path = tmp_path / "checkpoint.pt"
    torch.save("old", path)
    code = """
import os, signal, sys, rushlight as torch
from rushlight.serialization import archive_writer
original, count = archive_writer.write_all, 0
def dying(stream, data):
    global count
    count += 1
    if count == int(sys.argv[2]):
        stream.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    original(stream, data)
archive_writer.write_all = dying
torch.save([torch.ones(1000), torch.ones(1000)], sys.argv[1])
"""
    for at in (1, 14, 20):
        child = subprocess.run([sys.executable, "-c", code, str(path), str(at)], timeout=60)
        assert child.returncode == -signal.SIGKILL
        assert torch.load(path) == "old"
