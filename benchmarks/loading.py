"""Pictures a second out of a DataLoader: Rushlight, and PyTorch with torchvision where both are installed, in turns.

    python benchmarks/loading.py [--torchvision FOLDER] [--cases fashion,cifar,jpeg] [--workers 0,2] [--rounds 3]

fashion  Fashion-MNIST through ToTensor, batches of 256: the full set if --fashion names the folder of its four files
         or Debian's package dataset-fashion-mnist is there, else the packaged cut
cifar    10,000 pictures of noise in CIFAR-10's files, through RandomCrop(32, padding=4), RandomHorizontalFlip, ToTensor,
         Normalize, batches of 256
jpeg     300 JPEGs of about 500 x 375 in two folders (smooth noise, quality 90), through RandomResizedCrop(224),
         RandomHorizontalFlip, ToTensor, Normalize, batches of 32

A figure is an epoch's pictures over its seconds, shuffled, the workers' start counted, each batch's array asked for. Each
engine has a process of its own for each round, with an epoch before that is not counted; the engines take turns, and
the median of all epochs is printed. Both compute on --threads threads, 1 unless told: on a busy machine PyTorch's threads
wait for one another, and more of them cost it a factor of ten here. --torchvision: a folder that holds torchvision's Python (an unpacked wheel), for a
PyTorch without torchvision; its compiled operators are not needed.
"""
import argparse
import gzip
import importlib.util
import json
import pathlib
import pickle
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
CUT = ROOT / "rushlight/vision/datasets/data/fashion-mnist-cut"
DEBIAN = pathlib.Path("/usr/share/datasets/fashion-mnist")
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


# ---------------------------------------------------------------- the pictures
def write_fashion(root, source):
    """The four files, unpacked: torchvision finds them in FashionMNIST/raw."""
    raw = root / "FashionMNIST/raw"
    raw.mkdir(parents=True)
    for packed in source.glob("*ubyte.gz"):
        (raw / packed.stem).write_bytes(gzip.decompress(packed.read_bytes()))
    for plain in source.glob("*ubyte"):
        shutil.copy(plain, raw)


def write_cifar(root):
    import numpy as np

    folder = root / "cifar-10-batches-py"
    folder.mkdir()
    draw = np.random.default_rng(0)
    for name in [*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"]:
        pixels = draw.integers(0, 256, (2000, 3072), dtype=np.uint8)
        entry = {"data": pixels, "labels": draw.integers(0, 10, 2000).tolist()}
        (folder / name).write_bytes(pickle.dumps(entry, protocol=2))
    names = "airplane automobile bird cat deer dog frog horse ship truck".split()
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": names}, protocol=2))


def write_jpegs(root):
    import numpy as np
    from PIL import Image

    draw = np.random.default_rng(0)
    for k in range(300):
        folder = root / "pictures" / ("ab"[k % 2])
        folder.mkdir(parents=True, exist_ok=True)
        width, height = 500 + int(draw.integers(-40, 41)), 375 + int(draw.integers(-40, 41))
        coarse = Image.fromarray(draw.integers(0, 256, (24, 32, 3), dtype=np.uint8))
        coarse.resize((width, height), Image.Resampling.BICUBIC).save(folder / f"{k}.jpg", quality=90)


# ---------------------------------------------------------------- the measurement, in a process of one engine
def make_dataset(case, root):
    from torchvision import datasets, transforms as T

    if case == "fashion":
        return datasets.FashionMNIST(root, train=True, transform=T.ToTensor()), 256
    if case == "cifar":
        for name in ("train_list", "test_list"):  # these files have no MD5 to be checked
            setattr(datasets.CIFAR10, name, [[file, None] for file, _ in getattr(datasets.CIFAR10, name)])
        datasets.CIFAR10.meta = {**datasets.CIFAR10.meta, "md5": None}
        steps = [T.RandomCrop(32, padding=4), T.RandomHorizontalFlip(), T.ToTensor(), T.Normalize(MEAN, STD)]
        return datasets.CIFAR10(root, train=True, transform=T.Compose(steps)), 256
    steps = [T.RandomResizedCrop(224), T.RandomHorizontalFlip(), T.ToTensor(), T.Normalize(MEAN, STD)]
    return datasets.ImageFolder(f"{root}/pictures", T.Compose(steps)), 32


def import_torchvision(folder):
    """Make torchvision's Python importable from `folder`: it registers operators that its compiled part would define."""
    import re

    import torch

    sys.path.insert(0, folder)
    text = (pathlib.Path(folder) / "torchvision/_meta_registrations.py").read_text()
    library = torch.library.Library("torchvision", "DEF")
    for name in set(re.findall(r'register_(?:meta|fake)\("(?:torchvision::)?(\w+)"', text)):
        library.define(f"{name}(Tensor a) -> Tensor")
    import torchvision  # noqa: F401

    return library  # the operators last as long as it does


def measure(case, root, workers, epochs, threads, folder):
    import warnings

    warnings.simplefilter("ignore")
    library = import_torchvision(folder) if folder else None  # noqa: F841
    import torch
    from torch.utils.data import DataLoader

    torch.set_num_threads(threads)
    dataset, batch = make_dataset(case, root)
    loader = DataLoader(dataset, batch_size=batch, shuffle=True, num_workers=workers)
    rates = []
    for _ in range(1 + epochs):
        start, seen = time.perf_counter(), 0
        for images, _ in loader:
            seen += len(images.numpy())
        rates.append(seen / (time.perf_counter() - start))
    print(json.dumps(rates[1:]))


# ---------------------------------------------------------------- both engines in turns
def engines(folder):
    """name -> command that runs this file on it."""
    found = {"rushlight": [sys.executable, "-m", "rushlight", "run", __file__]}
    if importlib.util.find_spec("torch") and (folder or importlib.util.find_spec("torchvision")):
        found["PyTorch"] = [sys.executable, __file__, *(["--torchvision", folder] if folder else [])]
    return found


def compare(args, root):
    sides = engines(args.torchvision)
    writers = {"fashion": lambda: write_fashion(root, args.fashion), "cifar": lambda: write_cifar(root),
               "jpeg": lambda: write_jpegs(root)}
    print(f"{'case':9s}workers" + "".join(f"{side:>12s}" for side in sides) + "   pictures a second (median epoch)")
    for case in args.cases.split(","):
        writers[case]()
        for workers in map(int, args.workers.split(",")):
            rates = {side: [] for side in sides}
            for _ in range(args.rounds):
                for side, command in sides.items():
                    words = [*command, "--measure", case, "--root", str(root), "--workers", str(workers),
                             "--epochs", str(args.epochs), "--threads", str(args.threads)]
                    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
                    rates[side] += json.loads(done.stdout.splitlines()[-1])
            medians = [statistics.median(r) for r in rates.values()]
            times = f"   {medians[0] / medians[1]:5.2f} times" if len(medians) == 2 else ""
            print(f"{case:9s}{workers:7d}" + "".join(f"{m:12.0f}" for m in medians) + times, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--torchvision", default="", help="folder that holds torchvision's Python")
    parser.add_argument("--fashion", type=pathlib.Path, default=DEBIAN if DEBIAN.is_dir() else CUT,
                        help="folder of Fashion-MNIST's four files")
    parser.add_argument("--cases", default="fashion,cifar,jpeg")
    parser.add_argument("--workers", default="0,2")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=2, help="counted in each round")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    parser.add_argument("--root", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        measure(args.measure, args.root, int(args.workers), args.epochs, args.threads, args.torchvision)
        return
    with tempfile.TemporaryDirectory() as root:
        compare(args, pathlib.Path(root))


if __name__ == "__main__":
    main()
