"""Small data sets in their official file formats, for the tests of the data sets."""
import gzip
import json
import pickle
import struct
import zlib

import numpy as np
from PIL import Image

from .conftest import picture


def idx_bytes(array):
    code = {"uint8": 8, "int32": 12, "float32": 13}[array.dtype.name]
    head = struct.pack(">BBBB", 0, 0, code, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


def write_mnist(folder, train=40, test=20, zipped=False, prefix=("train", "t10k")):
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(5)
    for part, n in zip(prefix, (train, test)):
        images = rng.integers(0, 256, (n, 28, 28), dtype=np.uint8)
        for name, array in (("images-idx3", images), ("labels-idx1", (np.arange(n) * 7 % 10).astype(np.uint8))):
            data = idx_bytes(array)
            if zipped:
                (folder / f"{part}-{name}-ubyte.gz").write_bytes(gzip.compress(data, 1))
            else:
                (folder / f"{part}-{name}-ubyte").write_bytes(data)


def write_cifar10(root, n=30):
    base = root / "cifar-10-batches-py"
    base.mkdir(parents=True)
    rng = np.random.default_rng(6)
    for name in [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]:
        data = rng.integers(0, 256, (n, 3072), dtype=np.uint8)
        content = {"data": data, "labels": rng.integers(0, 10, n).tolist(), "batch_label": name}
        (base / name).write_bytes(pickle.dumps(content, protocol=2))
    names = "airplane automobile bird cat deer dog frog horse ship truck".split()
    (base / "batches.meta").write_bytes(pickle.dumps({"label_names": names, "num_vis": 3072}, protocol=2))


def write_cifar100(root, n=30):
    base = root / "cifar-100-python"
    base.mkdir(parents=True)
    rng = np.random.default_rng(7)
    for name in ("train", "test"):
        content = {"data": rng.integers(0, 256, (n, 3072), dtype=np.uint8), "fine_labels": rng.integers(0, 100, n).tolist()}
        (base / name).write_bytes(pickle.dumps(content, protocol=2))
    (base / "meta").write_bytes(pickle.dumps({"fine_label_names": [f"class {i:02d}" for i in range(100)]}, protocol=2))


def write_folder(root, classes=("ants", "bees"), n=6, size=(40, 30)):
    for c, name in enumerate(classes):
        (root / name / "deeper").mkdir(parents=True)
        for i in range(n):
            where = root / name / ("deeper" if i == 1 else "") / f"{i}.{'jpg' if i % 2 else 'png'}"
            Image.fromarray(picture(size[1], size[0], seed=10 * c + i)).save(where)
    (root / classes[0] / "notes.txt").write_text("no picture")


def write_voc(root, year="2012", n=3):
    base = root / "VOCdevkit" / f"VOC{year}"
    names = [f"2007_{i:06d}" for i in range(n)]
    for folder in ("JPEGImages", "SegmentationClass", "Annotations", "ImageSets/Segmentation", "ImageSets/Main"):
        (base / folder).mkdir(parents=True)
    for i, name in enumerate(names):
        Image.fromarray(picture(seed=i)).save(base / f"JPEGImages/{name}.jpg")
        mask = Image.fromarray((picture(channels=1, seed=i) // 60).astype(np.uint8))
        mask.putpalette(sum(([10 * k, 20, 30] for k in range(5)), []))
        mask.save(base / f"SegmentationClass/{name}.png")
        things = "".join(
            f"<object><name>thing{k}</name><bndbox><xmin>{k}</xmin><ymin>1</ymin><xmax>9</xmax><ymax>8</ymax></bndbox></object>"
            for k in range(i + 1)
        )
        (base / f"Annotations/{name}.xml").write_text(
            f"<annotation><filename>{name}.jpg</filename><size><width>46</width><depth>3</depth></size>"
            f"<segmented>1</segmented><empty></empty>{things}</annotation>"
        )
    for kind in ("Segmentation", "Main"):
        (base / f"ImageSets/{kind}/train.txt").write_text("\n".join(names) + "\n")
        (base / f"ImageSets/{kind}/val.txt").write_text(names[0] + "\n")


def mat_bytes(arrays, compressed=True):
    """A MATLAB 5 file of numeric arrays, as the data sets publish them."""

    def element(kind, data):
        return struct.pack("<II", kind, len(data)) + data + b"\0" * (-len(data) % 8)

    codes = {"uint8": (9, 2), "float64": (6, 9), "uint16": (11, 4)}
    out = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<H", 0x0100) + b"IM"
    for name, array in arrays.items():
        array = np.atleast_2d(array)
        class_code, type_code = codes[array.dtype.name]
        body = element(6, struct.pack("<II", class_code, 0)) + element(5, np.array(array.shape, "<i4").tobytes())
        if len(name) <= 4:  # the small form
            body += struct.pack("<HH", 1, len(name)) + name.encode().ljust(4, b"\0")
        else:
            body += element(1, name.encode())
        body += element(type_code, array.tobytes(order="F"))
        whole = element(14, body)
        if compressed:
            packed = zlib.compress(whole)
            whole = struct.pack("<II", 15, len(packed)) + packed
        out += whole
    return out


def write_svhn(root, split="train", n=12):
    rng = np.random.default_rng(8)
    pixels = rng.integers(0, 256, (32, 32, 3, n), dtype=np.uint8)
    labels = (np.arange(n) % 10 + 1).astype(np.uint8)[:, None]
    (root / f"{split}_32x32.mat").write_bytes(mat_bytes({"X": pixels, "y": labels}))
    return pixels, labels


def write_stl10(root, n=4):
    base = root / "stl10_binary"
    base.mkdir()
    rng = np.random.default_rng(9)
    for name, count in (("train_X", n), ("unlabeled_X", n + 1), ("test_X", n)):
        rng.integers(0, 256, (count, 3, 96, 96), dtype=np.uint8).tofile(base / f"{name}.bin")
    for name in ("train_y", "test_y"):
        (np.arange(n) % 10 + 1).astype(np.uint8).tofile(base / f"{name}.bin")
    (base / "class_names.txt").write_text("airplane\nbird\n")
    (base / "fold_indices.txt").write_text("\n".join(f"{i % n} {(i + 1) % n} " for i in range(10)) + "\n")


def write_food101(root):
    base = root / "food-101"
    (base / "meta").mkdir(parents=True)
    for name in ("waffles", "apple_pie"):
        (base / "images" / name).mkdir(parents=True)
        for i in range(2):
            Image.fromarray(picture(seed=i)).save(base / "images" / name / f"{i}.jpg")
    for split in ("train", "test"):
        (base / "meta" / f"{split}.json").write_text(json.dumps({"waffles": ["waffles/0", "waffles/1"], "apple_pie": ["apple_pie/1"]}))


def write_pets(root):
    base = root / "oxford-iiit-pet"
    (base / "images").mkdir(parents=True)
    (base / "annotations/trimaps").mkdir(parents=True)
    rows = [("Abyssinian_100", 1, 1), ("american_bulldog_7", 2, 2), ("Abyssinian_3", 1, 1)]
    for i, (name, _, _) in enumerate(rows):
        Image.fromarray(picture(seed=i)).save(base / f"images/{name}.jpg")
        Image.fromarray((picture(channels=1, seed=i) % 3 + 1).astype(np.uint8)).save(base / f"annotations/trimaps/{name}.png")
    for split in ("trainval", "test"):
        (base / f"annotations/{split}.txt").write_text("".join(f"{name} {breed} {kind} 1\n" for name, breed, kind in rows))


def write_flowers(root):
    base = root / "flowers-102"
    (base / "jpg").mkdir(parents=True)
    for i in range(1, 7):
        Image.fromarray(picture(seed=i)).save(base / f"jpg/image_{i:05d}.jpg")
    (base / "imagelabels.mat").write_bytes(mat_bytes({"labels": np.array([5, 4, 3, 2, 1, 102], np.uint8)}))
    splits = {"trnid": np.array([1, 6], np.uint16), "valid": np.array([2, 3], np.uint16), "tstid": np.array([4, 5], np.uint16)}
    (base / "setid.mat").write_bytes(mat_bytes(splits, compressed=False))
