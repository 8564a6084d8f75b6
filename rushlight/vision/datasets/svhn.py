"""SVHN: house numbers (Netzer et al., 2011), from its MATLAB files."""

import os

import numpy as np

from rushlight.vision._pillow import image_from_array
from rushlight.vision.datasets import _batch
from rushlight.vision.datasets.utils import check_integrity, download_url, verify_str_arg
from rushlight.vision.datasets.vision import VisionDataset


class SVHN(VisionDataset):
    """Digits of house numbers, 32x32 in colour; `split` is 'train', 'test' or 'extra'.

    Items are (PIL image in RGB, int digit; the file's 10 is 0). `data` is uint8 (N, 3, 32, 32), `labels` int64 (N,).
    """

    _URL = "http://ufldl.stanford.edu/housenumbers/"
    split_list = {
        "train": [_URL + "train_32x32.mat", "train_32x32.mat", "e26dedcc434d2e4c54c9b2d4a06d8373"],
        "test": [_URL + "test_32x32.mat", "test_32x32.mat", "eb5a983be6a315427106f1b164d9cef3"],
        "extra": [_URL + "extra_32x32.mat", "extra_32x32.mat", "a93ce644f1a588dc4d68dda5feec44a7"],
    }

    def __init__(
        self, root, split: str = "train", transform=None, target_transform=None, download: bool = False
    ) -> None:
        from rushlight.vision.datasets._matfile import load_arrays

        super().__init__(root, transform=transform, target_transform=target_transform)
        self.split = verify_str_arg(split, "split", tuple(self.split_list))
        self.url, self.filename, self.file_md5 = self.split_list[split]
        if download:
            self.download()
        path = os.path.join(self.root, self.filename)
        if not self._check_integrity():
            raise RuntimeError(
                "Dataset not found or corrupted. You can use download=True to download it. "
                f"Without a network, put {self.filename} at {path}"
            )
        arrays = load_arrays(path)
        self.data = np.transpose(arrays["X"], (3, 2, 0, 1))
        self.labels = arrays["y"].astype(np.int64).squeeze()
        self.labels[self.labels == 10] = 0

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
        if type(self).__getitem__ is not SVHN.__getitem__ or self.target_transform is not None:
            return NotImplemented
        return _batch.fetch(self.data, self.labels, self.transform, indices)

    def __len__(self) -> int:
        return len(self.data)

    def _check_integrity(self) -> bool:
        return check_integrity(os.path.join(self.root, self.filename), self.split_list[self.split][2])

    def download(self) -> None:
        """Fetch and check the file of this split."""
        download_url(self.url, self.root, self.filename, self.file_md5)

    def extra_repr(self) -> str:
        return f"Split: {self.split}"
