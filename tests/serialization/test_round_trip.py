"""Checkpoints written and read: by us, and across to PyTorch and back."""
import io
import os
import zipfile
from collections import Counter, OrderedDict

import pytest

import rushlight as torch

DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64", "float16", "bfloat16",
          "float32", "float64", "complex64", "complex128"]


def everything(lib):
    """The same checkpoint made with either library."""
    base = lib.tensor([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])
    return OrderedDict(
        base=base,
        turned=base.t(),
        row=base[1],
        steps=base[:, ::2],
        spread=lib.tensor([[1.0], [2.0]]).expand(2, 3),
        scalar=lib.tensor(3),
        empty=lib.zeros(0, 4),
        leaf=lib.ones(2, requires_grad=True),
        parameter=lib.nn.Parameter(lib.tensor([1.0, -1.0])),
        frozen=lib.nn.Parameter(lib.tensor([2.0]), requires_grad=False),
        size=lib.Size([2, 3]),
        device=lib.device("cpu"),
        dtype=lib.float32,
        plain={"state": {0: {"step": lib.tensor(3.0), "exp_avg": lib.zeros(2)}},
               "param_groups": [{"lr": 0.1, "betas": (0.9, 0.999), "params": [0, 1], "maximize": False, "foreach": None}]},
        numbers=[0, -1, 255, 256, 70000, -(2 ** 31), 2 ** 40, -(2 ** 100), 1.5, float("inf"), 1 + 2j, True, None],
        text=["", "é", "\U0001f56f", "a" * 300],
        bytes=b"\x00\xff",
        set={1},
        counter=Counter("aab"),
        tuples=((), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)),
    )


def test_ours_to_ours(saved, assert_same):
    checkpoint = everything(torch)
    assert_same(torch.load(saved(checkpoint)), checkpoint)


def test_ours_to_pytorch(oracle, saved, assert_same):
    assert_same(oracle.load(saved(everything(torch))), everything(oracle))


def test_pytorch_to_ours(oracle, saved, assert_same):
    assert_same(torch.load(saved(everything(oracle), oracle)), everything(torch))


def test_there_and_back_changes_no_byte_of_data(oracle, saved):
    """What PyTorch writes is read, written again, and lies in the file as PyTorch would lay it."""
    first = saved({"weight": oracle.arange(100.0), "bias": oracle.ones(3)}, oracle)
    again = saved(torch.load(first))
    one, other = first.getvalue(), again.getvalue()
    mark = one.index(b"archive/.data/serialization_id")  # the one record whose content is the writer's own
    assert one[:mark] == other[:mark] and len(one) == len(other)


@pytest.mark.parametrize("name", DTYPES)
def test_every_dtype_crosses(oracle, saved, assert_same, name):
    values = [True, False] if name == "bool" else [0, 1, 5]
    ours, theirs = (lib.tensor(values, dtype=getattr(lib, name)) for lib in (torch, oracle))
    assert_same(oracle.load(saved(ours)), theirs)
    assert_same(torch.load(saved(theirs, oracle)), ours)


@pytest.mark.parametrize("name", DTYPES)
def test_every_dtype_in_the_older_format(oracle, saved, assert_same, name):
    values = [True, False] if name == "bool" else [0, 1, 5]
    ours, theirs = (lib.tensor(values, dtype=getattr(lib, name)) for lib in (torch, oracle))
    assert_same(torch.load(saved(ours, _use_new_zipfile_serialization=False)), ours)
    if name in ("uint16", "uint32", "uint64"):
        return  # PyTorch does not read its own files of these dtypes in this format
    assert_same(oracle.load(saved(ours, _use_new_zipfile_serialization=False)), theirs)
    assert_same(torch.load(saved(theirs, oracle, _use_new_zipfile_serialization=False)), ours)


@pytest.mark.parametrize("zipped", [True, False])
def test_tensors_go_on_sharing_their_storage(saved, zipped):
    base = torch.tensor([[0.0, 1.0], [2.0, 3.0]])
    loaded = torch.load(saved([base, base.t(), base[1]], _use_new_zipfile_serialization=zipped))
    with torch.no_grad():
        loaded[0][1, 0] = 10.0
    assert loaded[1][0, 1].item() == 10.0 and loaded[2][0].item() == 10.0


def test_a_shared_storage_is_written_once(saved):
    base = torch.zeros(1000)
    names = zipfile.ZipFile(saved([base, base[10:], base[5]])).namelist()
    assert [name for name in names if "/data/" in name and ".data" not in name] == ["archive/data/0"]


def test_a_small_view_takes_its_whole_storage_along(saved):
    loaded = torch.load(saved(torch.arange(100.0)[90:92]))
    assert loaded.storage_offset() == 90 and loaded.untyped_storage().nbytes() == 400


def test_one_object_stays_one_object(saved):
    tensor, items = torch.ones(2), []
    items.extend([tensor, tensor, items])
    loaded = torch.load(saved(items))
    assert loaded[0] is loaded[1] and loaded[2] is loaded


def test_the_archive_is_stored_aligned_and_complete(tmp_path):
    path = tmp_path / "model.final.pt"
    torch.save({"a": torch.ones(3), "b": torch.zeros(5, dtype=torch.int8)}, path)
    archive, content = zipfile.ZipFile(path), path.read_bytes()
    assert archive.testzip() is None
    assert archive.namelist() == [
        "model.final/data.pkl", "model.final/.format_version", "model.final/.storage_alignment", "model.final/byteorder",
        "model.final/data/0", "model.final/data/1", "model.final/version", "model.final/.data/serialization_id"]
    assert archive.read("model.final/version") == b"3\n"
    for info in archive.infolist():
        assert info.compress_type == zipfile.ZIP_STORED
        name, extra = (int.from_bytes(content[info.header_offset + at:][:2], "little") for at in (26, 28))
        assert (info.header_offset + 30 + name + extra) % 64 == 0


def test_paths_and_file_objects(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tensor = torch.tensor([1.0, 2.0])
    torch.save(tensor, "a.pt")
    torch.save(tensor, tmp_path / "b.pt")
    with open("c.pt", "wb", buffering=0) as file:
        torch.save(tensor, file)
    with open("c.pt", "rb") as file:
        assert torch.load(file).tolist() == [1.0, 2.0] and not file.closed
    for path in ("a.pt", tmp_path / "b.pt", "c.pt"):
        assert torch.load(path).tolist() == [1.0, 2.0]


def test_a_checkpoint_within_a_larger_file(saved):
    """The file object is read from where it stands."""
    for zipped in (True, False):
        stream = io.BytesIO(b"1234" + saved([1, torch.ones(2)], _use_new_zipfile_serialization=zipped).getvalue())
        stream.seek(4)
        assert torch.load(stream)[1].tolist() == [1.0, 1.0]


def test_several_objects_in_a_row_in_the_older_format():
    stream = io.BytesIO()
    for number in range(3):
        torch.save(number, stream, _use_new_zipfile_serialization=False)
    stream.seek(0)
    assert [torch.load(stream) for _ in range(3)] == [0, 1, 2]


def test_attributes_of_tensors_and_parameters(oracle, saved):
    def make(lib):
        tensor, parameter = lib.ones(2), lib.nn.Parameter(lib.ones(1))
        tensor.note, parameter.decay = "kept", False
        return [tensor, parameter]

    for loaded in (torch.load(saved(make(torch))), oracle.load(saved(make(torch))), torch.load(saved(make(oracle), oracle))):
        assert loaded[0].note == "kept" and loaded[1].decay is False
        assert type(loaded[1]).__name__ == "Parameter" and loaded[1].requires_grad


def test_storages_themselves(oracle, saved):
    typed, untyped = torch.load(saved([torch.FloatStorage([1.0, 2.0]), torch.ones(1).untyped_storage()]))
    assert typed.tolist() == [1.0, 2.0] and typed.dtype == torch.float32 and len(untyped) == 4
    theirs = oracle.load(saved([torch.FloatStorage([1.0, 2.0]), torch.ones(1).untyped_storage()]))
    assert list(theirs[0]) == [1.0, 2.0] and theirs[1].nbytes() == 4


def test_two_dtypes_of_one_storage_are_refused(saved):
    tensor = torch.ones(2)
    with pytest.raises(RuntimeError, match="Cannot save multiple tensors or storages that view the same data as diff"):
        saved([tensor, tensor.view(torch.int32)])


def test_numpy_values_need_trust(saved):
    numpy = pytest.importorskip("numpy")
    checkpoint = {"array": numpy.arange(3), "scalar": numpy.float64(2.5)}
    loaded = torch.load(saved(checkpoint), weights_only=False)
    assert loaded["array"].tolist() == [0, 1, 2] and loaded["scalar"] == 2.5


@pytest.mark.parametrize("protocol", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("zipped", [True, False])
def test_pickle_protocols(saved, protocol, zipped):
    stream = saved({"a": torch.ones(2), "n": torch.nn.Parameter(torch.ones(1))}, pickle_protocol=protocol,
                   _use_new_zipfile_serialization=zipped)
    loaded = torch.load(stream, weights_only=False)
    assert loaded["a"].tolist() == [1.0, 1.0] and type(loaded["n"]) is torch.nn.Parameter


def test_protocol_0_cannot_hold_tensors(saved):
    assert torch.load(saved([1], pickle_protocol=0), weights_only=False) == [1]
    with pytest.raises(ValueError, match="pickle_protocol=0 cannot hold tensors"):
        saved(torch.ones(1), pickle_protocol=0)


@pytest.mark.parametrize("protocol", [2, 4])
def test_pytorch_reads_our_protocols(oracle, saved, protocol):
    loaded = oracle.load(saved({"a": torch.ones(2), "s": torch.Size([3])}, pickle_protocol=protocol), weights_only=False)
    assert loaded["a"].tolist() == [1.0, 1.0] and loaded["s"] == oracle.Size([3])


def test_memory_mapped(tmp_path):
    path = tmp_path / "big.pt"
    torch.save({"a": torch.arange(1000.0), "b": torch.ones(3)}, path)
    before = path.read_bytes()
    loaded = torch.load(path, mmap=True)
    assert loaded["a"][999].item() == 999.0
    loaded["a"].fill_(5.0)
    assert loaded["a"][0].item() == 5.0 and path.read_bytes() == before


def test_mmap_wants_a_path_and_an_archive(tmp_path, saved):
    with pytest.raises(ValueError, match="f must be a file path in order to use the mmap argument"):
        torch.load(saved(1), mmap=True)
    torch.save(1, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    with pytest.raises(RuntimeError, match="mmap can only be used with files saved with"):
        torch.load(tmp_path / "old.pt", mmap=True)


def test_big_endian_files(saved, edited):
    content = saved({"f": torch.tensor([1.0, 2.0]), "c": torch.tensor([1 + 2j]), "i": torch.tensor([258])}).getvalue()
    archive = zipfile.ZipFile(io.BytesIO(content))
    swapped = {"byteorder": b"big"}
    for key, width in (("0", 4), ("1", 4), ("2", 8)):
        raw = archive.read(f"archive/data/{key}")
        swapped[f"data/{key}"] = b"".join(raw[i:i + width][::-1] for i in range(0, len(raw), width))
    loaded = torch.load(io.BytesIO(edited(content, swapped)))
    assert loaded["f"].tolist() == [1.0, 2.0] and loaded["c"].tolist() == [1 + 2j] and loaded["i"].tolist() == [258]


def test_the_byte_order_of_files_that_do_not_say(saved, edited):
    content = edited(saved(torch.tensor([1])).getvalue(), {"byteorder": None, "data/0": (1).to_bytes(8, "big")})
    torch.serialization.set_default_load_endianness(torch.serialization.LoadEndianness.BIG)
    try:
        assert torch.load(io.BytesIO(content)).tolist() == [1]
    finally:
        torch.serialization.set_default_load_endianness(None)
    assert torch.load(io.BytesIO(content)).tolist() == [1 << 56]


def test_deflated_archives_are_read(saved, edited):
    content = edited(saved({"a": torch.ones(100)}).getvalue(), {}, compression=zipfile.ZIP_DEFLATED)
    assert torch.load(io.BytesIO(content))["a"].tolist() == [1.0] * 100


def test_a_random_generator_state(oracle, saved):
    loaded = torch.load(saved({"rng": oracle.get_rng_state()}, oracle))["rng"]
    assert loaded.dtype == torch.uint8 and loaded.tolist() == oracle.get_rng_state().tolist()


def test_the_checked_in_archive(data):
    loaded = torch.load(os.path.join(data, "zipped.pt"))
    check_fixture(loaded)


def check_fixture(loaded):
    """What tests/serialization/data/make_fixtures.py put in."""
    assert loaded["base"].tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    assert loaded["row"].tolist() == [4, 5, 6, 7] and loaded["row"].storage_offset() == 4
    assert loaded["turned"].shape == (4, 3) and tuple(loaded["turned"].stride()) == (1, 4)
    assert type(loaded["parameter"]) is torch.nn.Parameter and loaded["parameter"].tolist() == [1.5, -2.0]
    assert loaded["half"].dtype == torch.float16 and loaded["half"].tolist() == [1.0, 0.5]
    assert loaded["brain"].dtype == torch.bfloat16 and loaded["brain"].tolist() == [1.0, -0.5]
    assert loaded["long"].item() == 7 and loaded["truth"].tolist() == [True, False] and loaded["empty"].shape == (0, 3)
    assert loaded["nested"] == {"epoch": 3, "names": ["a", "b"], "betas": (0.9, 0.999), "size": torch.Size([2, 3]),
                                "none": None}
