"""LR-ASPP (Howard et al., 2019) upon MobileNet v3."""

from collections import OrderedDict

import rushlight as torch
from rushlight.vision.models._api import WeightsEnum, register_model
from rushlight.vision.models._utils import handle_legacy_interface
from rushlight.vision.models._weights import coco_with_voc_labels
from rushlight.vision.models.mobilenetv3 import MobileNet_V3_Large_Weights, MobileNetV3, mobilenet_v3_large
from rushlight.vision.models.segmentation._utils import enlarge, load, mobilenet_features, settle

nn = torch.nn

__all__ = ["LRASPP", "LRASPP_MobileNet_V3_Large_Weights", "lraspp_mobilenet_v3_large"]


class LRASPP(nn.Module):
    """Classes of the pixels from a backbone's features "low" and "high"; gives {"out": (N, classes, H, W)}."""

    def __init__(
        self, backbone, low_channels: int, high_channels: int, num_classes: int, inter_channels: int = 128
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.classifier = LRASPPHead(low_channels, high_channels, num_classes, inter_channels)

    def forward(self, input) -> OrderedDict:
        features = self.backbone(input)
        return OrderedDict(out=enlarge(self.classifier(features), input.shape[-2:]))


class LRASPPHead(nn.Module):
    """The high features gated by their mean, and the classes of both."""

    def __init__(self, low_channels: int, high_channels: int, num_classes: int, inter_channels: int) -> None:
        super().__init__()
        self.cbr = nn.Sequential(
            nn.Conv2d(high_channels, inter_channels, 1, bias=False),
            nn.BatchNorm2d(inter_channels),
            nn.ReLU(inplace=True),
        )
        self.scale = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(high_channels, inter_channels, 1, bias=False), nn.Sigmoid()
        )
        self.low_classifier = nn.Conv2d(low_channels, num_classes, 1)
        self.high_classifier = nn.Conv2d(inter_channels, num_classes, 1)

    def forward(self, input: dict):
        low, high = input["low"], input["high"]
        gated = enlarge(self.cbr(high) * self.scale(high), low.shape[-2:])
        return self.low_classifier(low) + self.high_classifier(gated)


def _lraspp_mobilenetv3(backbone: MobileNetV3, num_classes: int) -> LRASPP:
    features, widths = mobilenet_features(backbone, high="high", low="low")
    return LRASPP(features, widths["low"], widths["high"], num_classes)


class LRASPP_MobileNet_V3_Large_Weights(WeightsEnum):
    COCO_WITH_VOC_LABELS_V1 = coco_with_voc_labels(
        "lraspp_mobilenet_v3_large-d234d4ea", 3_221_538, (57.9, 91.2), 2.086, 12.49,
        "tree/main/references/segmentation#lraspp_mobilenet_v3_large",
    )  # fmt: skip
    DEFAULT = COCO_WITH_VOC_LABELS_V1


@register_model()
@handle_legacy_interface(
    weights=("pretrained", LRASPP_MobileNet_V3_Large_Weights.COCO_WITH_VOC_LABELS_V1),
    weights_backbone=("pretrained_backbone", MobileNet_V3_Large_Weights.IMAGENET1K_V1),
)
def lraspp_mobilenet_v3_large(
    *,
    weights: LRASPP_MobileNet_V3_Large_Weights | None = None,
    progress: bool = True,
    num_classes: int | None = None,
    weights_backbone: MobileNet_V3_Large_Weights | None = MobileNet_V3_Large_Weights.IMAGENET1K_V1,
    **kwargs,
) -> LRASPP:
    """LR-ASPP upon MobileNet v3 large. `weights_backbone` are used where `weights` is None."""
    if kwargs.pop("aux_loss", False):
        raise NotImplementedError("This model does not use auxiliary loss")
    weights = LRASPP_MobileNet_V3_Large_Weights.verify(weights)
    weights_backbone = MobileNet_V3_Large_Weights.verify(weights_backbone)
    weights_backbone, num_classes, _ = settle(weights, weights_backbone, num_classes, None)
    backbone = mobilenet_v3_large(weights=weights_backbone, dilated=True)
    return load(_lraspp_mobilenetv3(backbone, num_classes), weights, progress)
