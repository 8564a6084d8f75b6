"""STL10 (Coates et al., 2011): few labelled images of 96x96, and many without a label."""

import os

import numpy as np

from rushlight.vision._pillow import image_from_array
from rushlight.vision.datasets import _batch
from rushlight.vision.datasets.utils import check_integrity, download_and_extract_archive, verify_str_arg
from rushlight.vision.datasets.vision import VisionDataset


class STL10(VisionDataset):
    """Ten classes in colour, 96x96; `split` is 'train', 'test', 'unlabeled' or 'train+unlabeled'.

    Items are (PIL image in RGB, int class; -1 where there is none). `folds` 0 to 9 picks one of the set's ten parts of
    the training images. `data` is uint8 (N, 3, 96, 96).
    """

    base_folder = "stl10_binary"
    url = "http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz"
    filename = "stl10_binary.tar.gz"
    tgz_md5 = "91f7769df0f17e558f3565bffb0c7dfb"
    class_names_file = "class_names.txt"
    folds_list_file = "fold_indices.txt"
    train_list = [
        ["train_X.bin", "918c2871b30a85fa023e0c44e0bee87f"],
        ["train_y.bin", "5a34089d4802c674881badbb80307741"],
        ["unlabeled_X.bin", "5242ba1fed5e4be9e1e742405eb56ca4"],
    ]
    test_list = [
        ["test_X.bin", "7f263ba9f9e0b06b93213547f721ac82"],
        ["test_y.bin", "36f9794fa4beb8a2c72628de14fa638e"],
    ]
    splits = ("train", "train+unlabeled", "unlabeled", "test")

    def __init__(
        self,
        root,
        split: str = "train",
        folds: int | None = None,
        transform=None,
        target_transform=None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.split = verify_str_arg(split, "split", self.splits)
        self.folds = self._verify_folds(folds)
        if download:
            self.download()
        elif not self._check_integrity():
            raise RuntimeError(
                "Dataset not found or corrupted. You can use download=True to download it. "
                f"Without a network, unpack {self.filename} into {self.root}"
            )
        parts = []
        if split == "test":
            parts.append(self._load(*(name for name, _ in self.test_list)))
        if split.startswith("train"):
            images, labels = self._load(*(name for name, _ in self.train_list[:2]))
            if self.folds is not None:
                chosen = self._fold(self.folds)
                images, labels = images[chosen], labels[chosen]
            parts.append((images, labels))
        if split.endswith("unlabeled"):
            images, _ = self._load(self.train_list[2][0])
            parts.append((images, np.full(len(images), -1)))
        self.data = np.concatenate([images for images, _ in parts]) if len(parts) > 1 else parts[0][0]
        self.labels = np.concatenate([labels for _, labels in parts]) if len(parts) > 1 else parts[0][1]

        names = os.path.join(self.root, self.base_folder, self.class_names_file)
        if os.path.isfile(names):
            with open(names) as f:
                self.classes = f.read().splitlines()

    def _verify_folds(self, folds):
        if folds is None or (isinstance(folds, int) and folds in range(10)):
            return folds
        if isinstance(folds, int):
            raise ValueError(f"Value for argument folds should be in the range [0, 10), but got {folds}.")
        raise ValueError(f"Expected type None or int for argument folds, but got type {type(folds)}")

    def _load(self, images_file: str, labels_file: str | None = None):
        folder = os.path.join(self.root, self.base_folder)
        path = os.path.join(folder, images_file)
        pixels = np.fromfile(path, np.uint8)
        if pixels.size % (3 * 96 * 96):
            raise RuntimeError(f"{path} is truncated: {pixels.size} bytes are not whole images of 3x96x96")
        images = pixels.reshape(-1, 3, 96, 96).transpose(0, 1, 3, 2)  # stored column by column
        labels = None
        if labels_file is not None:
            labels = np.fromfile(os.path.join(folder, labels_file), np.uint8) - 1  # stored from 1
        return images, labels

    def _fold(self, number: int) -> np.ndarray:
        with open(os.path.join(self.root, self.base_folder, self.folds_list_file)) as f:
            line = f.read().splitlines()[number]
        return np.array(line.split(), np.int64)

    def __getitem__(self, index: int):
        image, target = image_from_array(np.transpose(self.data[index], (1, 2, 0))), int(self.labels[index])
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
        if type(self).__getitem__ is not STL10.__getitem__ or self.target_transform is not None:
            return NotImplemented
        return _batch.fetch(self.data, self.labels, self.transform, indices)

    def __len__(self) -> int:
        return len(self.data)

    def _check_integrity(self) -> bool:
        folder = os.path.join(self.root, self.base_folder)
        return all(check_integrity(os.path.join(folder, name), md5) for name, md5 in self.train_list + self.test_list)

    def download(self) -> None:
        """Fetch, check and unpack the archive, unless its files are there."""
        if self._check_integrity():
            return
        download_and_extract_archive(self.url, self.root, filename=self.filename, md5=self.tgz_md5)

    def extra_repr(self) -> str:
        return f"Split: {self.split}"
