"""Makes the checkpoints of this folder with the real PyTorch: `python make_fixtures.py` (they are checked in).

zipped.pt   torch.save, the zip archive
legacy.pt   torch.save(_use_new_zipfile_serialization=False): pickles in a row
tarred.pt   the format of 2016, put together by hand, since no PyTorch of today writes it
"""
import io
import os
import pickle
import struct
import tarfile
from collections import OrderedDict

import torch

HERE = os.path.dirname(os.path.abspath(__file__))


def checkpoint():
    base = torch.arange(12, dtype=torch.float32).reshape(3, 4)
    return OrderedDict(
        base=base,
        row=base[1],
        turned=base.t(),
        parameter=torch.nn.Parameter(torch.tensor([1.5, -2.0])),
        half=torch.tensor([1.0, 0.5], dtype=torch.float16),
        brain=torch.tensor([1.0, -0.5], dtype=torch.bfloat16),
        long=torch.tensor(7),
        truth=torch.tensor([True, False]),
        empty=torch.empty(0, 3),
        nested={"epoch": 3, "names": ["a", "b"], "betas": (0.9, 0.999), "size": torch.Size([2, 3]), "none": None},
    )


def reference(key, location, name):
    """The pickle of (key, location, class)."""
    return (b"\x80\x02K" + bytes([key]) + b"X" + struct.pack("<I", len(location)) + location.encode()
            + f"ctorch\n{name}\n".encode() + b"\x87.")


def tarred():
    storages = pickle.dumps(1, 2) + reference(5, "cpu", "FloatStorage") + struct.pack("<q6f", 6, *range(6))
    storages += pickle.dumps([(9, 5, 2, 3)], 2)  # storage 9 is elements 2 to 5 of storage 5
    tensors = pickle.dumps(2, 2)
    tensors += reference_to_tensor(7, 5) + struct.pack("<2i5q", 2, 0, 2, 3, 3, 1, 0)
    tensors += reference_to_tensor(8, 9) + struct.pack("<2i3q", 1, 0, 2, 1, 1)
    stack = io.BytesIO()
    with tarfile.open(fileobj=stack, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in (("sys_info", pickle.dumps({}, 2)), ("pickle", PICKLE), ("tensors", tensors),
                              ("storages", storages)):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return stack.getvalue()


def reference_to_tensor(key, storage):
    return b"\x80\x02K" + bytes([key]) + b"K" + bytes([storage]) + b"ctorch\nFloatTensor\n\x87."


# {"a": the tensor of id "7", "b": the tensor of id "8"}
PICKLE = b"\x80\x02}(X\x01\0\0\0aX\x01\0\0\x007QX\x01\0\0\0bX\x01\0\0\x008Qu."

if __name__ == "__main__":
    torch.save(checkpoint(), os.path.join(HERE, "zipped.pt"))
    torch.save(checkpoint(), os.path.join(HERE, "legacy.pt"), _use_new_zipfile_serialization=False)
    with open(os.path.join(HERE, "tarred.pt"), "wb") as file:
        file.write(tarred())
