"""FCN (Long et al., 2014) upon dilated ResNets."""

import rushlight as torch
from rushlight.vision.models._api import WeightsEnum, register_model
from rushlight.vision.models._utils import handle_legacy_interface
from rushlight.vision.models._weights import coco_with_voc_labels
from rushlight.vision.models.resnet import ResNet, ResNet50_Weights, ResNet101_Weights, resnet50, resnet101
from rushlight.vision.models.segmentation._utils import _SimpleSegmentationModel, load, resnet_features, settle

nn = torch.nn

__all__ = ["FCN", "FCN_ResNet50_Weights", "FCN_ResNet101_Weights", "fcn_resnet50", "fcn_resnet101"]


class FCN(_SimpleSegmentationModel):
    """Images (N, 3, H, W) to {"out": logits (N, classes, H, W)}, and "aux" alike with an auxiliary classifier."""


class FCNHead(nn.Sequential):
    """A 3x3 convolution to a quarter of the channels, then the classes."""

    def __init__(self, in_channels: int, channels: int) -> None:
        narrow = in_channels // 4
        super().__init__(
            nn.Conv2d(in_channels, narrow, 3, padding=1, bias=False),
            nn.BatchNorm2d(narrow),
            nn.ReLU(),
            nn.Dropout(0.1),
            nn.Conv2d(narrow, channels, 1),
        )


class FCN_ResNet50_Weights(WeightsEnum):
    COCO_WITH_VOC_LABELS_V1 = coco_with_voc_labels(
        "fcn_resnet50_coco-1167a1af", 35_322_218, (60.5, 91.4), 152.717, 135.009,
        "tree/main/references/segmentation#fcn_resnet50",
    )  # fmt: skip
    DEFAULT = COCO_WITH_VOC_LABELS_V1


class FCN_ResNet101_Weights(WeightsEnum):
    COCO_WITH_VOC_LABELS_V1 = coco_with_voc_labels(
        "fcn_resnet101_coco-7ecb50ca", 54_314_346, (63.7, 91.9), 232.738, 207.711,
        "tree/main/references/segmentation#deeplabv3_resnet101",
    )  # fmt: skip
    DEFAULT = COCO_WITH_VOC_LABELS_V1


def _fcn_resnet(backbone: ResNet, num_classes: int, aux: bool | None) -> FCN:
    aux_classifier = FCNHead(1024, num_classes) if aux else None
    classifier = FCNHead(2048, num_classes)
    return FCN(resnet_features(backbone, aux), classifier, aux_classifier)


@register_model()
@handle_legacy_interface(
    weights=("pretrained", FCN_ResNet50_Weights.COCO_WITH_VOC_LABELS_V1),
    weights_backbone=("pretrained_backbone", ResNet50_Weights.IMAGENET1K_V1),
)
def fcn_resnet50(
    *,
    weights: FCN_ResNet50_Weights | None = None,
    progress: bool = True,
    num_classes: int | None = None,
    aux_loss: bool | None = None,
    weights_backbone: ResNet50_Weights | None = ResNet50_Weights.IMAGENET1K_V1,
    **kwargs,
) -> FCN:
    """FCN upon ResNet-50. `weights_backbone` are used where `weights` is None."""
    weights = FCN_ResNet50_Weights.verify(weights)
    weights_backbone = ResNet50_Weights.verify(weights_backbone)
    weights_backbone, num_classes, aux_loss = settle(weights, weights_backbone, num_classes, aux_loss)
    backbone = resnet50(weights=weights_backbone, replace_stride_with_dilation=[False, True, True])
    return load(_fcn_resnet(backbone, num_classes, aux_loss), weights, progress)


@register_model()
@handle_legacy_interface(
    weights=("pretrained", FCN_ResNet101_Weights.COCO_WITH_VOC_LABELS_V1),
    weights_backbone=("pretrained_backbone", ResNet101_Weights.IMAGENET1K_V1),
)
def fcn_resnet101(
    *,
    weights: FCN_ResNet101_Weights | None = None,
    progress: bool = True,
    num_classes: int | None = None,
    aux_loss: bool | None = None,
    weights_backbone: ResNet101_Weights | None = ResNet101_Weights.IMAGENET1K_V1,
    **kwargs,
) -> FCN:
    """FCN upon ResNet-101. `weights_backbone` are used where `weights` is None."""
    weights = FCN_ResNet101_Weights.verify(weights)
    weights_backbone = ResNet101_Weights.verify(weights_backbone)
    weights_backbone, num_classes, aux_loss = settle(weights, weights_backbone, num_classes, aux_loss)
    backbone = resnet101(weights=weights_backbone, replace_stride_with_dilation=[False, True, True])
    return load(_fcn_resnet(backbone, num_classes, aux_loss), weights, progress)
