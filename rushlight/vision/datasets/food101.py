"""Food101 (Bossard et al., 2014)."""

import json
from pathlib import Path

from rushlight.vision.datasets.folder import default_loader
from rushlight.vision.datasets.utils import download_and_extract_archive, verify_str_arg
from rushlight.vision.datasets.vision import VisionDataset


class Food101(VisionDataset):
    """101 dishes, 750 photographs each to train on and 250 to test. Items are (PIL image in RGB, int class)."""

    _URL = "http://data.vision.ee.ethz.ch/cvl/food-101.tar.gz"
    _MD5 = "85eeb15f3717b99a5da872d97d918f87"

    def __init__(
        self,
        root,
        split: str = "train",
        transform=None,
        target_transform=None,
        download: bool = False,
        loader=default_loader,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self._split = verify_str_arg(split, "split", ("train", "test"))
        self._base_folder = Path(self.root) / "food-101"
        self._meta_folder = self._base_folder / "meta"
        self._images_folder = self._base_folder / "images"
        self.loader = loader
        if download:
            self._download()
        if not self._check_exists():
            raise RuntimeError(
                "Dataset not found. You can use download=True to download it. "
                f"Without a network, unpack food-101.tar.gz into {self.root}"
            )
        files = json.loads((self._meta_folder / f"{split}.json").read_text())
        self.classes = sorted(files)
        self.class_to_idx = {name: index for index, name in enumerate(self.classes)}
        self._labels = [self.class_to_idx[name] for name, paths in files.items() for _ in paths]
        self._image_files = [
            self._images_folder.joinpath(*f"{path}.jpg".split("/")) for paths in files.values() for path in paths
        ]

    def __len__(self) -> int:
        return len(self._image_files)

    def __getitem__(self, idx: int):
        image, label = self.loader(self._image_files[idx]), self._labels[idx]
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            label = self.target_transform(label)
        return image, label

    def extra_repr(self) -> str:
        return f"split={self._split}"

    def _check_exists(self) -> bool:
        return self._meta_folder.is_dir() and self._images_folder.is_dir()

    def _download(self) -> None:
        if not self._check_exists():
            download_and_extract_archive(self._URL, self.root, md5=self._MD5)
