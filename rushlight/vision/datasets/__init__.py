"""Data sets in their official file formats, under torchvision's names."""

from rushlight.vision._lazy import lazy_names

_PLACES = {
    "ImageFolder": "folder", "DatasetFolder": "folder",
    "FakeData": "fakedata",
    "CocoCaptions": "coco", "CocoDetection": "coco",
    "CIFAR10": "cifar", "CIFAR100": "cifar",
    "EMNIST": "mnist", "FashionMNIST": "mnist", "QMNIST": "mnist", "MNIST": "mnist", "KMNIST": "mnist",
    "STL10": "stl10", "SVHN": "svhn",
    "Flowers102": "flowers102", "Food101": "food101", "OxfordIIITPet": "oxford_iiit_pet",
    "VOCSegmentation": "voc", "VOCDetection": "voc",
    "ImageNet": "imagenet",
    "VisionDataset": "vision",
}  # fmt: skip

# What torchvision has and Rushlight does not yet, so that the error can say so.
_MISSING = frozenset(
    "LSUN LSUNClass MovingMNIST StanfordCars SUN397 PhotoTour SEMEION Omniglot SBU Flickr8k Flickr30k Cityscapes "
    "Caltech101 Caltech256 CelebA WIDERFace SBDataset USPS Kinetics HMDB51 UCF101 Places365 Kitti INaturalist "
    "LFWPeople LFWPairs KittiFlow Sintel FlyingChairs FlyingThings3D HD1K DTD FER2013 GTSRB CLEVRClassification "
    "PCAM Country211 FGVCAircraft EuroSAT RenderedSST2 Kitti2012Stereo Kitti2015Stereo CarlaStereo "
    "Middlebury2014Stereo CREStereo FallingThingsStereo SceneFlowStereo SintelStereo InStereo2k ETH3DStereo "
    "Imagenette wrap_dataset_for_transforms_v2".split()
)

_find, __dir__, __all__ = lazy_names(__name__, _PLACES, ("utils",))


def __getattr__(name):
    if name in _MISSING:
        raise AttributeError(f"torchvision.datasets.{name} is not part of Rushlight's vision package yet")
    return _find(name)
