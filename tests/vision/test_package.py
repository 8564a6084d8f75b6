"""The package as a whole: what importing it costs, Pillow only where it is needed, names that are missing."""
import subprocess
import sys

import pytest

import rushlight as torch
from rushlight import vision


def run(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_loads_little():
    code = """
import sys
import rushlight.vision
from rushlight.vision import datasets, transforms, ops
loaded = {name.split('.')[0] for name in sys.modules}
print(sorted({'PIL', 'scipy', 'urllib', 'tempfile', 'multiprocessing', 'torch'} & loaded - before))
print('rushlight.vision.datasets.mnist' in sys.modules)
"""
    code = "import sys, rushlight\nbefore = {name.split('.')[0] for name in sys.modules}\n" + code
    assert run(code).splitlines() == ["[]", "False"]


def test_without_pillow():
    code = """
import sys
sys.modules['PIL'] = None
import numpy as np
import rushlight as torch
from rushlight.vision import datasets, transforms as T, utils
x = torch.from_numpy(np.zeros((3, 8, 8), np.uint8))
assert T.Resize(4)(x).shape == (3, 4, 4)
assert T.ToTensor()(np.zeros((8, 8, 3), np.uint8)).shape == (3, 8, 8)
try:
    T.ToPILImage()(x)
except ImportError as error:
    print(error)
"""
    assert "pip install 'rushlight[vision]'" in run(code)


def test_backends_and_version():
    assert vision.__version__ == "0.28.0"
    assert vision.get_image_backend() == "PIL"
    with pytest.raises(ValueError, match="Invalid backend 'x'. Options are 'PIL' and 'accimage'"):
        vision.set_image_backend("x")


def test_missing_parts_say_so():
    for call, words in (
        (lambda: vision.nothing, "has no attribute 'nothing'"),
        (lambda: vision.transforms.Nothing, "has no attribute 'Nothing'"),
    ):
        with pytest.raises(AttributeError, match=words):
            call()


def test_names_of_torchvision(oracle_vision):
    """Every class and function of these modules is here, or named as missing."""
    import importlib

    left_out = {"accimage_loader", "accimage"}
    for name in ("transforms", "transforms.functional", "transforms.autoaugment", "datasets", "datasets.mnist", "datasets.folder", "datasets.utils", "ops", "ops.misc", "io", "utils"):
        theirs = importlib.import_module(f"torchvision.{name}")
        ours = importlib.import_module(f"rushlight.vision.{name}")
        missing = getattr(ours, "_MISSING", frozenset())
        for key in getattr(theirs, "__all__", None) or [k for k, v in vars(theirs).items() if callable(v) and getattr(v, "__module__", "").startswith("torchvision")]:
            if not key.startswith("_") and key not in missing and key not in left_out:
                assert hasattr(ours, key), (name, key)


def test_pickling_transforms():
    import pickle

    T = vision.transforms
    made = T.Compose([T.Resize(9), T.ToTensor(), T.Normalize(0.5, 0.5)])
    assert repr(pickle.loads(pickle.dumps(made))) == repr(made)
    assert T.Compose.__module__ == "rushlight.vision.transforms.transforms"


def test_loader_gives_what_items_give(tmp_path):
    """A DataLoader over a set that works by the batch: the same batches, draws included, as item by item."""
    from .data_files import write_mnist

    T = vision.transforms
    write_mnist(tmp_path / "MNIST/raw")
    dataset = vision.datasets.MNIST(tmp_path, transform=T.Compose([T.RandomCrop(28, padding=2), T.RandomHorizontalFlip(), T.ToTensor()]))

    class ByItem(torch.utils.data.Dataset):
        def __len__(self):
            return len(dataset)

        def __getitem__(self, index):
            return dataset[index]

    def batches(source):
        torch.manual_seed(2)
        return [(x.numpy().copy(), y.tolist()) for x, y in torch.utils.data.DataLoader(source, batch_size=16, shuffle=True)]

    for (x, y), (x2, y2) in zip(batches(dataset), batches(ByItem()), strict=True):
        assert y == y2 and (x == x2).all()
