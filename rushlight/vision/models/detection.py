"""Object detection (torchvision.models.detection): not offered yet. The names are here so that the error can say so."""

_NAMES = frozenset(
    "fasterrcnn_resnet50_fpn fasterrcnn_resnet50_fpn_v2 fasterrcnn_mobilenet_v3_large_fpn "
    "fasterrcnn_mobilenet_v3_large_320_fpn maskrcnn_resnet50_fpn maskrcnn_resnet50_fpn_v2 keypointrcnn_resnet50_fpn "
    "retinanet_resnet50_fpn retinanet_resnet50_fpn_v2 ssd300_vgg16 ssdlite320_mobilenet_v3_large fcos_resnet50_fpn "
    "FasterRCNN MaskRCNN KeypointRCNN RetinaNet FCOS".split()
)


def __getattr__(name):
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def refuse(*args, **kwargs):
        raise NotImplementedError(f"torchvision.models.detection.{name} is not part of Rushlight's vision package yet")

    refuse.__name__ = refuse.__qualname__ = name
    return refuse


def __dir__():
    return sorted(_NAMES)
