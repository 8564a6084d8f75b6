"""The Oxford-IIIT pets (Parkhi et al., 2012): breeds of cats and dogs, with trimaps."""

from pathlib import Path

from rushlight.vision._pillow import pillow
from rushlight.vision.datasets.utils import download_and_extract_archive, verify_str_arg
from rushlight.vision.datasets.vision import VisionDataset


class OxfordIIITPet(VisionDataset):
    """37 breeds. Items are (PIL image in RGB, target).

    The target is, by `target_types` (one or several of them): 'category' the breed, 'binary-category' 0 for a cat and
    1 for a dog, 'segmentation' the trimap as a PIL image; a tuple for several, None for none.
    """

    _PLACE = "https://www.robots.ox.ac.uk/~vgg/data/pets/data/"
    _RESOURCES = (
        (_PLACE + "images.tar.gz", "5c4f3ee8e5d25df40f4fd59a7f44e54c"),
        (_PLACE + "annotations.tar.gz", "95a8c909bbe2e81eed6a22bccdf3f68f"),
    )
    _VALID_TARGET_TYPES = ("category", "binary-category", "segmentation")

    def __init__(
        self,
        root,
        split: str = "trainval",
        target_types="category",
        transforms=None,
        transform=None,
        target_transform=None,
        download: bool = False,
    ) -> None:
        self._split = verify_str_arg(split, "split", ("trainval", "test"))
        wanted = [target_types] if isinstance(target_types, str) else target_types
        self._target_types = [verify_str_arg(kind, "target_types", self._VALID_TARGET_TYPES) for kind in wanted]
        super().__init__(root, transforms, transform, target_transform)
        self._base_folder = Path(self.root) / "oxford-iiit-pet"
        self._images_folder = self._base_folder / "images"
        self._anns_folder = self._base_folder / "annotations"
        self._segs_folder = self._anns_folder / "trimaps"
        if download:
            self._download()
        if not self._check_exists():
            raise RuntimeError(
                "Dataset not found. You can use download=True to download it. "
                f"Without a network, unpack images.tar.gz and annotations.tar.gz into {self._base_folder}"
            )
        lines = (self._anns_folder / f"{split}.txt").read_text().splitlines()
        rows = [line.strip().split(" ") for line in lines if line.strip()]
        names = [name for name, *_ in rows]
        self._labels = [int(label) - 1 for _, label, *_ in rows]
        self._bin_labels = [int(species) - 1 for _, _, species, *_ in rows]
        self.bin_classes = ["Cat", "Dog"]
        self.bin_class_to_idx = {"Cat": 0, "Dog": 1}
        breeds = {label: name.rsplit("_", 1)[0] for name, label in zip(names, self._labels)}
        self.classes = [" ".join(part.title() for part in breeds[label].split("_")) for label in sorted(breeds)]
        self.class_to_idx = {name: index for index, name in enumerate(self.classes)}
        self._images = [self._images_folder / f"{name}.jpg" for name in names]
        self._segs = [self._segs_folder / f"{name}.png" for name in names]

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, idx: int):
        image = pillow("Reading the pets").open(self._images[idx]).convert("RGB")
        found = {
            "category": lambda: self._labels[idx],
            "binary-category": lambda: self._bin_labels[idx],
            "segmentation": lambda: pillow().open(self._segs[idx]),
        }
        parts = [found[kind]() for kind in self._target_types]
        target = None if not parts else parts[0] if len(parts) == 1 else tuple(parts)
        if self.transforms is not None:
            image, target = self.transforms(image, target)
        return image, target

    def _check_exists(self) -> bool:
        return self._images_folder.is_dir() and self._anns_folder.is_dir()

    def _download(self) -> None:
        if not self._check_exists():
            for url, md5 in self._RESOURCES:
                download_and_extract_archive(url, str(self._base_folder), md5=md5)
