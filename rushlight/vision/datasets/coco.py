"""MS COCO: detection and captions (Lin et al., 2014), read through pycocotools."""

import os

from rushlight.vision._pillow import pillow
from rushlight.vision.datasets.vision import VisionDataset


class CocoDetection(VisionDataset):
    """Items are (PIL image in RGB, list of the image's annotations as dicts).

    `root` is the folder of images, `annFile` the JSON of annotations. Needs the package pycocotools; `coco` is its
    index, `ids` the images' ids in order.
    """

    def __init__(self, root, annFile: str, transform=None, target_transform=None, transforms=None) -> None:
        super().__init__(root, transforms, transform, target_transform)
        try:
            from pycocotools.coco import COCO
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                f"{type(self).__name__} needs pycocotools. Install it with: pip install pycocotools"
            ) from error
        self.coco = COCO(annFile)
        self.ids = sorted(self.coco.imgs)

    def _load_image(self, id: int):
        path = self.coco.loadImgs(id)[0]["file_name"]
        return pillow("Reading COCO").open(os.path.join(self.root, path)).convert("RGB")

    def _load_target(self, id: int) -> list:
        return self.coco.loadAnns(self.coco.getAnnIds(id))

    def __getitem__(self, index: int):
        if not isinstance(index, int):
            raise ValueError(f"Index must be of type integer, got {type(index)} instead.")
        image, target = self._load_image(self.ids[index]), self._load_target(self.ids[index])
        if self.transforms is not None:
            image, target = self.transforms(image, target)
        return image, target

    def __len__(self) -> int:
        return len(self.ids)


class CocoCaptions(CocoDetection):
    """Items are (PIL image in RGB, list of captions)."""

    def _load_target(self, id: int) -> list[str]:
        return [annotation["caption"] for annotation in super()._load_target(id)]
