"""Location tags and map_location."""
import io

import pytest

import rushlight as torch

FAILING = ["cuda:0", "cuda", "cuda:7", "xla:0", "foo", "xpu:0", "hpu", "mps", "privateuseone", "npu"]


def errors(oracle, content, **options):
    found = []
    for library in (torch, oracle):
        with pytest.raises(Exception) as raised:
            library.load(io.BytesIO(content), **options)
        found.append((type(raised.value), str(raised.value)))
    return found


@pytest.mark.parametrize("location", FAILING)
def test_devices_that_are_not_here(oracle, saved, tagged, location):
    ours, theirs = errors(oracle, tagged(saved(torch.ones(2)).getvalue(), location))
    assert ours == theirs


@pytest.mark.parametrize("zipped", [True, False])
def test_the_text_for_cuda(saved, tagged, zipped):
    content = saved(torch.ones(2), _use_new_zipfile_serialization=zipped).getvalue()
    content = tagged(content, "cuda:0") if zipped else content.replace(b"X\x03\0\0\0cpu", b"X\x06\0\0\0cuda:0")
    with pytest.raises(RuntimeError) as raised:
        torch.load(io.BytesIO(content))
    assert str(raised.value) == (
        "Attempting to deserialize object on a CUDA device but torch.cuda.is_available() is False. If you are running "
        "on a CPU-only machine, please use torch.load with map_location=torch.device('cpu') to map your storages to "
        "the CPU.")
    for place in ("cpu", torch.device("cpu"), {"cuda:0": "cpu"}, lambda storage, location: storage):
        assert torch.load(io.BytesIO(content), map_location=place).tolist() == [1.0, 1.0]


@pytest.mark.parametrize("place", ["cuda", "foo", "mps", "cpu:0", "", 3, [1], {}, {"cuda:1": "cpu"}, {"cuda:0": "cuda:1"}])
def test_maps_that_fail(oracle, saved, tagged, place):
    ours, theirs = errors(oracle, tagged(saved(torch.ones(2)).getvalue(), "cuda:0"), map_location=place)
    assert ours == theirs


def test_maps_by_function(oracle, saved, tagged):
    content = tagged(saved(torch.ones(2)).getvalue(), "cuda:0")
    seen = []

    def keep(storage, location):
        seen.append((type(storage).__name__, location, len(storage), str(storage.device)))
        return storage

    for library in (torch, oracle):
        assert library.load(io.BytesIO(content), map_location=keep).tolist() == [1.0, 1.0]
        assert library.load(io.BytesIO(content), map_location=lambda s, l: s.cpu()).tolist() == [1.0, 1.0]
        assert library.load(io.BytesIO(content), map_location=lambda s, l: s.clone()).tolist() == [1.0, 1.0]
    assert seen == [("UntypedStorage", "cuda:0", 8, "cpu")] * 2
    ours, theirs = errors(oracle, content, map_location=lambda storage, location: None)
    assert ours == theirs
    ours, theirs = errors(oracle, content, map_location=lambda storage, location: "cpu")
    assert ours == theirs


def test_a_package_for_a_device(saved, tagged):
    from rushlight.serialization import locations

    former = list(locations._registry)
    try:
        torch.serialization.register_package(
            5, lambda storage: None, lambda storage, location: storage if location == "toaster" else None)
        content = tagged(saved(torch.ones(2)).getvalue(), "toaster")
        assert torch.load(io.BytesIO(content)).tolist() == [1.0, 1.0]
        torch.serialization.register_package(
            1, lambda storage: "toaster:1" if len(storage) == 12 else None, lambda storage, location: None)
        assert b"toaster:1" in saved(torch.ones(3)).getvalue() and b"toaster" not in saved(torch.ones(2)).getvalue()
    finally:
        locations._registry[:] = former


def test_asking_about_locations():
    storage = torch.ones(1).untyped_storage()
    assert torch.serialization.location_tag(storage) == "cpu"
    assert torch.serialization.default_restore_location(storage, "cpu") is storage
    with pytest.raises(RuntimeError, match="don't know how to restore data location of torch.storage.UntypedStorage"):
        torch.serialization.default_restore_location(storage, "toaster")


def test_options_are_checked(oracle):
    import mmap

    for library in (torch, oracle):
        serialization = library.serialization
        with pytest.raises(TypeError, match="Invalid argument type in function set_default_load_endianness"):
            serialization.set_default_load_endianness("big")
        for flags in (55, "x", mmap.MAP_SHARED | mmap.MAP_PRIVATE):
            with pytest.raises(ValueError, match="Invalid argument in function set_default_mmap_options, expected mmap"):
                serialization.set_default_mmap_options(flags)
        with serialization.set_default_mmap_options(mmap.MAP_SHARED):
            assert serialization.get_default_mmap_options() == mmap.MAP_SHARED
        assert serialization.get_default_mmap_options() == mmap.MAP_PRIVATE
        assert serialization.get_crc32_options() is True
        assert [entry.name for entry in serialization.LoadEndianness] == ["NATIVE", "LITTLE", "BIG"]


def test_without_checksums(oracle, saved):
    torch.serialization.set_crc32_options(False)
    try:
        stream = saved(torch.ones(3))
    finally:
        torch.serialization.set_crc32_options(True)
    for library in (torch, oracle):
        stream.seek(0)
        assert library.load(stream).tolist() == [1.0] * 3
