"""MNIST and the sets in its format: FashionMNIST, KMNIST, EMNIST, QMNIST."""

import os
import string
import warnings

import numpy as np

import rushlight as torch
from rushlight.vision._pillow import image_from_array
from rushlight.vision.datasets import _batch, _fashion
from rushlight.vision.datasets._idx import find_idx, images_of, labels_of, read_idx
from rushlight.vision.datasets.utils import (
    check_integrity,
    download_and_extract_archive,
    extract_archive,
    verify_str_arg,
)
from rushlight.vision.datasets.vision import VisionDataset


class MNIST(VisionDataset):
    """Handwritten digits, 28x28 grey (LeCun et al., 1998): 60,000 to train on, 10,000 to test.

    Items are (PIL image in mode L, int class). The files lie in `<root>/MNIST/raw`, as IDX, plain or gzipped.
    `data` is uint8 (N, 28, 28) and `targets` int64 (N,).
    """

    mirrors = ["https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/"]
    resources = [
        ("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
        ("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"),
        ("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"),
        ("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"),
    ]
    training_file = "training.pt"
    test_file = "test.pt"
    classes = [
        "0 - zero", "1 - one", "2 - two", "3 - three", "4 - four",
        "5 - five", "6 - six", "7 - seven", "8 - eight", "9 - nine",
    ]  # fmt: skip

    def __init__(self, root, train: bool = True, transform=None, target_transform=None, download: bool = False) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        if self._check_legacy_exist():
            self.data, self.targets = self._load_legacy_data()
            return
        if download:
            self.download()
        if not self._check_exists():
            raise RuntimeError(_not_found(self._wanted_files(), self.raw_folder))
        self.data, self.targets = self._load_data()

    # ------------------------------------------------------------ names from before torchvision 0.3
    @property
    def train_labels(self):
        warnings.warn("train_labels has been renamed targets")
        return self.targets

    @property
    def test_labels(self):
        warnings.warn("test_labels has been renamed targets")
        return self.targets

    @property
    def train_data(self):
        warnings.warn("train_data has been renamed data")
        return self.data

    @property
    def test_data(self):
        warnings.warn("test_data has been renamed data")
        return self.data

    def _check_legacy_exist(self) -> bool:
        """Whether the set lies there as early torchvision kept it, as training.pt and test.pt."""
        folder = self.processed_folder
        return all(check_integrity(os.path.join(folder, name)) for name in (self.training_file, self.test_file))

    def _load_legacy_data(self):
        name = self.training_file if self.train else self.test_file
        return torch.load(os.path.join(self.processed_folder, name), weights_only=True)

    # ------------------------------------------------------------ files
    @property
    def raw_folder(self) -> str:
        """Where the official files lie."""
        return os.path.join(self.root, type(self).__name__, "raw")

    @property
    def processed_folder(self) -> str:
        """Where early torchvision kept its own copies."""
        return os.path.join(self.root, type(self).__name__, "processed")

    @property
    def class_to_idx(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.classes)}

    def _wanted_files(self) -> list[str]:
        return [os.path.basename(name) for name, _ in self.resources]

    def _holds_all(self, folder: str) -> bool:
        return all(find_idx(folder, os.path.splitext(name)[0]) for name in self._wanted_files())

    def _folder(self) -> str | None:
        """The folder that the files are read from; None where there is none."""
        return self.raw_folder if self._holds_all(self.raw_folder) else None

    def _check_exists(self) -> bool:
        return self._folder() is not None

    def _file(self, name: str) -> str:
        """The path of one of the set's files, plain or compressed."""
        folder = self._folder() or self.raw_folder
        return find_idx(folder, name) or os.path.join(folder, name)

    def _load_data(self):
        part = "train" if self.train else "t10k"
        images, labels = self._file(f"{part}-images-idx3-ubyte"), self._file(f"{part}-labels-idx1-ubyte")
        data, targets = images_of(images), labels_of(labels)
        if len(data) != len(targets):
            raise RuntimeError(f"{images} holds {len(data)} images, but {labels} holds {len(targets)} labels")
        return data, targets

    def download(self) -> None:
        """Fetch what is missing from the mirrors in turn, check it, and unpack it into `raw_folder`."""
        if self._check_exists():
            return
        os.makedirs(self.raw_folder, exist_ok=True)
        for name, md5 in self.resources:
            self._download_from_mirrors(name, md5)

    def _download_from_mirrors(self, name: str, md5: str) -> None:
        from urllib.error import URLError

        tried = ""
        for mirror in self.mirrors:
            try:
                return download_and_extract_archive(f"{mirror}{name}", self.raw_folder, filename=name, md5=md5)
            except URLError as error:
                tried += f"Tried {mirror}, got:\n{error}\n"
        raise RuntimeError(f"Error downloading {name}:\n{tried}{_put_files(self._wanted_files(), self.raw_folder)}")

    # ------------------------------------------------------------ items
    def __getitem__(self, index: int):
        image = image_from_array(np.asarray(self.data[index]), "L")
        target = int(self.targets[index])
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
        if type(self).__getitem__ is not MNIST.__getitem__ or not isinstance(self.data, torch.Tensor):
            return NotImplemented
        if self.target_transform is not None or self.data.dim() != 3:
            return NotImplemented
        return _batch.fetch(self.data.numpy()[:, None], self.targets, self.transform, indices)

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        return f"Split: {'Train' if self.train is True else 'Test'}"


class FashionMNIST(MNIST):
    """Zalando's articles of clothing, in the format and size of MNIST (Xiao et al., 2017).

    Looked for in `<root>/FashionMNIST/raw`, then in `root` itself, then where Debian's dataset-fashion-mnist puts it;
    then, with `download=True`, fetched; and where nothing can be had, a cut of 2000 + 500 images that comes with
    Rushlight is used, which stderr then says.
    """

    mirrors = ["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"]
    resources = [
        ("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        ("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
        ("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
        ("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
    ]
    classes = [
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ]  # fmt: skip

    def _full_folder(self) -> str | None:
        """The folder that holds the official set, None where none does."""
        for folder in (self.raw_folder, os.fspath(self.root), _fashion.DEBIAN):
            if self._holds_all(folder):
                return folder
        return None

    def _folder(self) -> str | None:
        return self._full_folder() or (_fashion.CUT if self._holds_all(_fashion.CUT) else None)

    def _load_data(self):
        if self._folder() == _fashion.CUT:
            _fashion.say_cut_is_used(self.raw_folder)
        return super()._load_data()

    def download(self) -> None:
        if self._full_folder() is not None:
            return
        try:
            os.makedirs(self.raw_folder, exist_ok=True)
            for name, md5 in self.resources:
                self._download_from_mirrors(name, md5)
                _fashion.check_unpacked(os.path.join(self.raw_folder, os.path.splitext(name)[0]))
        except (RuntimeError, OSError) as error:
            if not self._holds_all(_fashion.CUT) or "Error downloading" not in str(error):
                raise
            _fashion.say_download_failed(error)


class KMNIST(MNIST):
    """Kuzushiji: cursive Japanese characters in ten classes, in the format and size of MNIST (Clanuwat et al., 2018)."""

    mirrors = ["http://codh.rois.ac.jp/kmnist/dataset/kmnist/"]
    resources = [
        ("train-images-idx3-ubyte.gz", "bdb82020997e1d708af4cf47b453dcf7"),
        ("train-labels-idx1-ubyte.gz", "e144d726b3acfaa3e44228e80efcd344"),
        ("t10k-images-idx3-ubyte.gz", "5c965bf0a639b31b8f53240b1b52f4d7"),
        ("t10k-labels-idx1-ubyte.gz", "7320c461ea6c1c855c0b718fb2a4b134"),
    ]
    classes = ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"]


class EMNIST(MNIST):
    """Handwritten letters and digits in six splits (Cohen et al., 2017). Its images lie transposed, as published."""

    url = "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip"
    md5 = "58c8d27c78d21e728a6bc7b3cc06412e"
    splits = ("byclass", "bymerge", "balanced", "letters", "digits", "mnist")
    # Letters whose small form looks like their capital share its class in the merged splits.
    _merged_classes = set("cijklmopsuvwxyz")
    _all_classes = set(string.digits + string.ascii_letters)
    classes_split_dict = {
        "byclass": sorted(_all_classes),
        "bymerge": sorted(_all_classes - _merged_classes),
        "balanced": sorted(_all_classes - _merged_classes),
        "letters": ["N/A", *string.ascii_lowercase],
        "digits": list(string.digits),
        "mnist": list(string.digits),
    }

    def __init__(self, root, split: str, **kwargs) -> None:
        self.split = verify_str_arg(split, "split", self.splits)
        self.training_file = self._training_file(split)
        self.test_file = self._test_file(split)
        super().__init__(root, **kwargs)
        self.classes = self.classes_split_dict[self.split]

    @staticmethod
    def _training_file(split) -> str:
        return f"training_{split}.pt"

    @staticmethod
    def _test_file(split) -> str:
        return f"test_{split}.pt"

    @property
    def _file_prefix(self) -> str:
        return f"emnist-{self.split}-{'train' if self.train else 'test'}"

    @property
    def images_file(self) -> str:
        return os.path.join(self.raw_folder, f"{self._file_prefix}-images-idx3-ubyte")

    @property
    def labels_file(self) -> str:
        return os.path.join(self.raw_folder, f"{self._file_prefix}-labels-idx1-ubyte")

    def _wanted_files(self) -> list[str]:
        return [os.path.basename(path) + ".gz" for path in (self.images_file, self.labels_file)]

    def _load_data(self):
        return images_of(self._file(os.path.basename(self.images_file))), labels_of(
            self._file(os.path.basename(self.labels_file))
        )

    def download(self) -> None:
        """Fetch the archive of all splits and unpack its files into `raw_folder`."""
        import shutil

        if self._check_exists():
            return
        os.makedirs(self.raw_folder, exist_ok=True)
        download_and_extract_archive(self.url, self.raw_folder, md5=self.md5)
        unzipped = os.path.join(self.raw_folder, "gzip")
        for name in os.listdir(unzipped):
            if name.endswith(".gz"):
                extract_archive(os.path.join(unzipped, name), self.raw_folder)
        shutil.rmtree(unzipped)


class QMNIST(MNIST):
    """MNIST rebuilt from NIST's originals with full labels (Yadav and Bottou, 2019).

    `what` is 'train', 'test', 'test10k', 'test50k' or 'nist'. With `compat` the target is the digit; without it, all
    eight numbers of the label as an int64 tensor.
    """

    subsets = {"train": "train", "test": "test", "test10k": "test", "test50k": "test", "nist": "nist"}
    _URL = "https://raw.githubusercontent.com/facebookresearch/qmnist/master/"
    resources = {
        "train": [
            (_URL + "qmnist-train-images-idx3-ubyte.gz", "ed72d4157d28c017586c42bc6afe6370"),
            (_URL + "qmnist-train-labels-idx2-int.gz", "0058f8dd561b90ffdd0f734c6a30e5e4"),
        ],
        "test": [
            (_URL + "qmnist-test-images-idx3-ubyte.gz", "1394631089c404de565df7b7aeaf9412"),
            (_URL + "qmnist-test-labels-idx2-int.gz", "5b5b05890a5e13444e108efe57b788aa"),
        ],
        "nist": [
            (_URL + "xnist-images-idx3-ubyte.xz", "7f124b3b8ab81486c9d8c2749c17f834"),
            (_URL + "xnist-labels-idx2-int.xz", "5ed0e788978e45d4a8bd4b7caec3d79d"),
        ],
    }

    def __init__(self, root, what: str | None = None, compat: bool = True, train: bool = True, **kwargs) -> None:
        if what is None:
            what = "train" if train else "test"
        self.what = verify_str_arg(what, "what", tuple(self.subsets))
        self.compat = compat
        self.data_file = f"{what}.pt"
        self.training_file = self.test_file = self.data_file
        super().__init__(root, train, **kwargs)

    @property
    def _files(self) -> list[tuple[str, str]]:
        return self.resources[self.subsets[self.what]]

    @property
    def images_file(self) -> str:
        return os.path.join(self.raw_folder, os.path.splitext(os.path.basename(self._files[0][0]))[0])

    @property
    def labels_file(self) -> str:
        return os.path.join(self.raw_folder, os.path.splitext(os.path.basename(self._files[1][0]))[0])

    def _wanted_files(self) -> list[str]:
        return [os.path.basename(url) for url, _ in self._files]

    def _load_data(self):
        data = images_of(self._file(os.path.basename(self.images_file)))
        path = self._file(os.path.basename(self.labels_file))
        labels = read_idx(path)
        if labels.ndim != 2:
            raise RuntimeError(f"{path} does not hold QMNIST's labels: it holds {labels.dtype} of shape {labels.shape}")
        targets = torch.from_numpy(labels.astype(np.int64))
        if self.what == "test10k":
            return data[:10000], targets[:10000]
        if self.what == "test50k":
            return data[10000:], targets[10000:]
        return data, targets

    def download(self) -> None:
        """Fetch and unpack the two files of this part."""
        if self._check_exists():
            return
        os.makedirs(self.raw_folder, exist_ok=True)
        for url, md5 in self._files:
            download_and_extract_archive(url, self.raw_folder, md5=md5)

    def __getitem__(self, index: int):
        image = image_from_array(np.asarray(self.data[index]), "L")
        target = self.targets[index]
        if self.transform is not None:
            image = self.transform(image)
        if self.compat:
            target = int(target[0])
        if self.target_transform is not None:
            target = self.target_transform(target)
        return image, target

    def extra_repr(self) -> str:
        return f"Split: {self.what}"


def _put_files(names: list[str], folder: str) -> str:
    return f"Without a network, put {', '.join(names)} (or the same unpacked) into {folder}"


def _not_found(names: list[str], folder: str) -> str:
    return f"Dataset not found. You can use download=True to download it. {_put_files(names, folder)}"


# ---------------------------------------------------------------- functions that programs import from here
def get_int(b: bytes) -> int:
    """The number that big-endian bytes spell."""
    return int.from_bytes(b, "big")


def read_sn3_pascalvincent_tensor(path: str, strict: bool = True):
    """The tensor in an IDX file. Without `strict`, bytes left over at its end would be let pass; here they never are."""
    return torch.from_numpy(read_idx(path))


def read_label_file(path: str):
    """The labels of an IDX file, int64."""
    return labels_of(path)


def read_image_file(path: str):
    """The images of an IDX file, uint8."""
    return images_of(path)
