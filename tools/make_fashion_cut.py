#!/usr/bin/env python3
"""Make the cut of Fashion-MNIST that the package ships: the first images of each class, in the files' own order.

    python tools/make_fashion_cut.py /usr/share/datasets/fashion-mnist        # Debian's dataset-fashion-mnist

The source holds the four official files, gzipped IDX.  The same source gives the same bytes.
"""
import argparse
import gzip
import pathlib

import numpy as np

CUT = pathlib.Path(__file__).resolve().parent.parent / "rushlight/vision/datasets/data/fashion-mnist-cut"
EACH_CLASS = {"train": 200, "t10k": 50}
IMAGES_MAGIC, LABELS_MAGIC = 2051, 2049  # IDX: unsigned bytes in 3 and in 1 dimensions


def read_idx(path: pathlib.Path) -> np.ndarray:
    content = gzip.decompress(path.read_bytes())
    dimensions = content[3]
    shape = np.frombuffer(content, ">u4", dimensions, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def write_idx(path: pathlib.Path, magic: int, array: np.ndarray) -> None:
    head = np.array([magic, *array.shape], ">u4").tobytes()
    path.write_bytes(gzip.compress(head + array.tobytes(), 9, mtime=0))  # mtime=0: no date in the file


def first_of_each_class(labels: np.ndarray, count: int) -> np.ndarray:
    """Indices, in rising order, of the first `count` of each class."""
    return np.sort(np.concatenate([np.flatnonzero(labels == label)[:count] for label in range(10)]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=pathlib.Path, help="folder of the official *-ubyte.gz files")
    parser.add_argument("--out", type=pathlib.Path, default=CUT)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for part, count in EACH_CLASS.items():
        images = read_idx(arguments.source / f"{part}-images-idx3-ubyte.gz")
        labels = read_idx(arguments.source / f"{part}-labels-idx1-ubyte.gz")
        chosen = first_of_each_class(labels, count)
        write_idx(arguments.out / f"{part}-images-idx3-ubyte.gz", IMAGES_MAGIC, images[chosen])
        write_idx(arguments.out / f"{part}-labels-idx1-ubyte.gz", LABELS_MAGIC, labels[chosen])
        print(f"{part}: {len(chosen)} of {len(labels)} images")


if __name__ == "__main__":
    main()
