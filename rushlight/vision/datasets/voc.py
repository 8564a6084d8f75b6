"""Pascal VOC, 2007 to 2012: segmentation and detection (Everingham et al., 2010)."""

import os

from rushlight.vision._pillow import pillow
from rushlight.vision.datasets.utils import download_and_extract_archive, verify_str_arg
from rushlight.vision.datasets.vision import VisionDataset

_URL = "https://thor.robots.ox.ac.uk/pascal/VOC/"


def _archive(url: str, filename: str, md5: str, base_dir: str) -> dict[str, str]:
    return {"url": _URL + url, "filename": filename, "md5": md5, "base_dir": base_dir}


DATASET_YEAR_DICT = {
    "2012": _archive(
        "voc2012/VOCtrainval_11-May-2012.tar", "VOCtrainval_11-May-2012.tar",
        "6cd6e144f989b92b3379bac3b3de84fd", os.path.join("VOCdevkit", "VOC2012"),
    ),
    "2011": _archive(
        "voc2011/VOCtrainval_25-May-2011.tar", "VOCtrainval_25-May-2011.tar",
        "6c3384ef61512963050cb5d687e5bf1e", os.path.join("TrainVal", "VOCdevkit", "VOC2011"),
    ),
    "2010": _archive(
        "voc2010/VOCtrainval_03-May-2010.tar", "VOCtrainval_03-May-2010.tar",
        "da459979d0c395079b5c75ee67908abb", os.path.join("VOCdevkit", "VOC2010"),
    ),
    "2009": _archive(
        "voc2009/VOCtrainval_11-May-2009.tar", "VOCtrainval_11-May-2009.tar",
        "a3e00b113cfcfebf17e343f59da3caa1", os.path.join("VOCdevkit", "VOC2009"),
    ),
    "2008": _archive(
        "voc2008/VOCtrainval_14-Jul-2008.tar", "VOCtrainval_11-May-2012.tar",
        "2629fa636546599198acfcfbfcf1904a", os.path.join("VOCdevkit", "VOC2008"),
    ),
    "2007": _archive(
        "voc2007/VOCtrainval_06-Nov-2007.tar", "VOCtrainval_06-Nov-2007.tar",
        "c52e279531787c972589f7e41ab4ae64", os.path.join("VOCdevkit", "VOC2007"),
    ),
    "2007-test": _archive(
        "voc2007/VOCtest_06-Nov-2007.tar", "VOCtest_06-Nov-2007.tar",
        "b6e924de25625d8de591ea690078ad9f", os.path.join("VOCdevkit", "VOC2007"),
    ),
}  # fmt: skip


class _VOCBase(VisionDataset):
    """The images of a year and image set, each with a target file of the same name."""

    _SPLITS_DIR: str
    _TARGET_DIR: str
    _TARGET_FILE_EXT: str

    def __init__(
        self,
        root,
        year: str = "2012",
        image_set: str = "train",
        download: bool = False,
        transform=None,
        target_transform=None,
        transforms=None,
    ) -> None:
        super().__init__(root, transforms, transform, target_transform)
        self.year = verify_str_arg(year, "year", [str(y) for y in range(2007, 2013)])
        sets = ["train", "trainval", "val"] + (["test"] if year == "2007" else [])
        self.image_set = verify_str_arg(image_set, "image_set", sets)

        source = DATASET_YEAR_DICT["2007-test" if (year, image_set) == ("2007", "test") else year]
        self.url, self.filename, self.md5 = source["url"], source["filename"], source["md5"]
        voc_root = os.path.join(self.root, source["base_dir"])
        if download:
            download_and_extract_archive(self.url, self.root, filename=self.filename, md5=self.md5)
        if not os.path.isdir(voc_root):
            raise RuntimeError(
                "Dataset not found or corrupted. You can use download=True to download it. "
                f"Without a network, unpack {self.filename} into {self.root}, so that {voc_root} is there"
            )
        with open(os.path.join(voc_root, "ImageSets", self._SPLITS_DIR, image_set + ".txt")) as f:
            names = [line.strip() for line in f]
        self.images = [os.path.join(voc_root, "JPEGImages", name + ".jpg") for name in names]
        self.targets = [os.path.join(voc_root, self._TARGET_DIR, name + self._TARGET_FILE_EXT) for name in names]

    def _image(self, index: int):
        return pillow("Reading VOC").open(self.images[index]).convert("RGB")

    def __len__(self) -> int:
        return len(self.images)


class VOCSegmentation(_VOCBase):
    """Items are (PIL image in RGB, PIL image in P whose pixels are the classes; 255 for the void)."""

    _SPLITS_DIR = "Segmentation"
    _TARGET_DIR = "SegmentationClass"
    _TARGET_FILE_EXT = ".png"

    @property
    def masks(self) -> list[str]:
        return self.targets

    def __getitem__(self, index: int):
        image, target = self._image(index), pillow().open(self.masks[index])
        if self.transforms is not None:
            image, target = self.transforms(image, target)
        return image, target


class VOCDetection(_VOCBase):
    """Items are (PIL image in RGB, the annotation's XML as nested dicts)."""

    _SPLITS_DIR = "Main"
    _TARGET_DIR = "Annotations"
    _TARGET_FILE_EXT = ".xml"

    @property
    def annotations(self) -> list[str]:
        return self.targets

    def __getitem__(self, index: int):
        from xml.etree.ElementTree import parse

        image, target = self._image(index), self.parse_voc_xml(parse(self.annotations[index]).getroot())
        if self.transforms is not None:
            image, target = self.transforms(image, target)
        return image, target

    @staticmethod
    def parse_voc_xml(node) -> dict:
        """{tag: text, or a dict of the children}; children of one tag become a list; objects always do.

        An element with neither text nor children is left out.
        """
        children = [VOCDetection.parse_voc_xml(child) for child in node]
        if not children:
            return {node.tag: node.text.strip()} if node.text else {}
        grouped: dict = {}
        for child in children:
            for tag, value in child.items():
                grouped.setdefault(tag, []).append(value)
        if node.tag == "annotation":
            grouped["object"] = [grouped.get("object", [])]
        return {node.tag: {tag: values[0] if len(values) == 1 else values for tag, values in grouped.items()}}
