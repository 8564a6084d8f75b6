"""CIFAR10 and CIFAR100 (Krizhevsky, 2009), from their pickled batches."""

import os
import pickle

import numpy as np

from rushlight.vision._pillow import image_from_array
from rushlight.vision.datasets import _batch
from rushlight.vision.datasets.utils import check_integrity, download_and_extract_archive
from rushlight.vision.datasets.vision import VisionDataset


class CIFAR10(VisionDataset):
    """Colour photographs of 32x32 in ten classes: 50,000 to train on, 10,000 to test.

    Items are (PIL image in mode RGB, int class). `data` is a uint8 array (N, 32, 32, 3), `targets` a list of ints.
    Programs may set `train_list`, `test_list` and `meta` to other files, with None for an MD5 that is not checked.
    """

    base_folder = "cifar-10-batches-py"
    url = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
    filename = "cifar-10-python.tar.gz"
    tgz_md5 = "c58f30108f718f92721af3b95e74349a"
    train_list = [
        ["data_batch_1", "c99cafc152244af753f735de768cd75f"],
        ["data_batch_2", "d4bba439e000b95fd0a9bffe97cbabec"],
        ["data_batch_3", "54ebc095f3ab1f0389bbae665268c751"],
        ["data_batch_4", "634d18415352ddfa80567beed471001a"],
        ["data_batch_5", "482c414d41f54cd18b22e5b47cb7c3cb"],
    ]
    test_list = [["test_batch", "40351d587109b95175f43aff81a1287e"]]
    meta = {"filename": "batches.meta", "key": "label_names", "md5": "5ff9c542aee3614f3951f8cda6e48888"}

    def __init__(self, root, train: bool = True, transform=None, target_transform=None, download: bool = False) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        if download:
            self.download()
        if not self._check_integrity():
            raise RuntimeError(
                "Dataset not found or corrupted. You can use download=True to download it. "
                f"Without a network, unpack {self.filename} into {self.root}; {self._first_wrong()}"
            )
        pixels = []
        self.targets: list[int] = []
        for name, _ in self.train_list if train else self.test_list:
            entry = _unpickle(os.path.join(self.root, self.base_folder, name))
            pixels.append(entry["data"])
            self.targets.extend(entry["labels"] if "labels" in entry else entry["fine_labels"])
        self.data = np.vstack(pixels).reshape(-1, 3, 32, 32).transpose((0, 2, 3, 1))
        self._load_meta()

    def _load_meta(self) -> None:
        path = os.path.join(self.root, self.base_folder, self.meta["filename"])
        if not check_integrity(path, self.meta["md5"]):
            raise RuntimeError(
                "Dataset metadata file not found or corrupted. You can use download=True to download it"
                f" (expected at {path})"
            )
        self.classes = _unpickle(path)[self.meta["key"]]
        self.class_to_idx = {name: index for index, name in enumerate(self.classes)}

    def __getitem__(self, index: int):
        image = image_from_array(self.data[index])
        target = self.targets[index]
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return image, target

    @property
    def _fetch_is_pure(self) -> bool:
        """Whether batches may be fetched in any order: nothing is drawn."""
        return _batch.is_pure(self.transform)

    def _fetch_batch(self, indices):
        """The batch of these items as the loader would collate it, or NotImplemented (see _batch)."""
        if type(self).__getitem__ is not CIFAR10.__getitem__ or self.target_transform is not None:
            return NotImplemented
        if not isinstance(self.data, np.ndarray) or self.data.ndim != 4 or not isinstance(self.targets, list):
            return NotImplemented
        return _batch.fetch(self.data.transpose(0, 3, 1, 2), self.targets, self.transform, indices)

    def __len__(self) -> int:
        return len(self.data)

    def _first_wrong(self) -> str | None:
        """What is wrong with the first file that is missing or has another MD5; None where all are right."""
        for name, md5 in [*self.train_list, *self.test_list]:
            path = os.path.join(self.root, self.base_folder, name)
            if not check_integrity(path, md5):
                return f"{path} {'has another MD5' if os.path.isfile(path) else 'is missing'}"
        return None

    def _check_integrity(self) -> bool:
        """Whether all batches are there with their MD5."""
        return self._first_wrong() is None

    def download(self) -> None:
        """Fetch, check and unpack the archive, unless the batches are there."""
        if self._check_integrity():
            return
        download_and_extract_archive(self.url, self.root, filename=self.filename, md5=self.tgz_md5)

    def extra_repr(self) -> str:
        return f"Split: {'Train' if self.train is True else 'Test'}"


class CIFAR100(CIFAR10):
    """As CIFAR10, in a hundred classes."""

    base_folder = "cifar-100-python"
    url = "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz"
    filename = "cifar-100-python.tar.gz"
    tgz_md5 = "eb9058c3a382ffc7106e4002c42a8d85"
    train_list = [["train", "16019d7e3df5f24257cddd939b257f8d"]]
    test_list = [["test", "f0ef6b0ae62326f3e7ffdfab6717acfc"]]
    meta = {"filename": "meta", "key": "fine_label_names", "md5": "7973b15100ade9c7d40fb424638fde48"}


class _ArraysOnly(pickle.Unpickler):
    """Reads arrays, strings, lists and dicts. A batch file that asks for anything else is refused, not run."""

    _ALLOWED = {
        ("numpy.core.multiarray", "_reconstruct"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("numpy.core.numeric", "_frombuffer"),
        ("numpy._core.numeric", "_frombuffer"),
        ("numpy", "ndarray"),
        ("numpy", "dtype"),
        ("_codecs", "encode"),
    }

    def find_class(self, module: str, name: str):
        if (module, name) not in self._ALLOWED:
            raise pickle.UnpicklingError(f"it holds {module}.{name}, which is no part of a CIFAR batch")
        return super().find_class(module, name)


def _unpickle(path: str) -> dict:
    with open(path, "rb") as f:
        try:
            entry = _ArraysOnly(f, encoding="latin1").load()
        except (pickle.UnpicklingError, EOFError, ValueError) as error:
            raise RuntimeError(f"{path} is truncated or no CIFAR file: {error}") from error
    if not isinstance(entry, dict):
        raise RuntimeError(f"{path} is no CIFAR file: it holds a {type(entry).__name__}")
    return entry
