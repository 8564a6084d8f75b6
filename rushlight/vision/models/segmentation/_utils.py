"""What the segmentation models share."""

from collections import OrderedDict

import rushlight as torch
from rushlight.vision.models._utils import IntermediateLayerGetter, _ovewrite_value_param

nn = torch.nn


def enlarge(x, size):
    """A map (N, C, H, W) interpolated to a size (height, width)."""
    return nn.functional.interpolate(x, size=size, mode="bilinear", align_corners=False)


class _SimpleSegmentationModel(nn.Module):
    """Classes of the pixels from a backbone's features, enlarged to the image's size.

    Gives a dict: "out" (N, classes, H, W), and "aux" alike where there is an auxiliary classifier.
    """

    def __init__(self, backbone, classifier, aux_classifier=None) -> None:
        super().__init__()
        self.backbone = backbone
        self.classifier = classifier
        self.aux_classifier = aux_classifier

    def forward(self, x) -> OrderedDict:
        size = x.shape[-2:]
        features = self.backbone(x)
        result = OrderedDict()
        result["out"] = enlarge(self.classifier(features["out"]), size)
        if self.aux_classifier is not None:
            result["aux"] = enlarge(self.aux_classifier(features["aux"]), size)
        return result


def resnet_features(backbone, aux):
    """A ResNet's stages; "out" is the last one's output (2048 channels), and "aux" the third's (1024) if asked for."""
    return_layers = {"layer4": "out"}
    if aux:
        return_layers["layer3"] = "aux"
    return IntermediateLayerGetter(backbone, return_layers=return_layers)


def mobilenet_features(backbone, high: str, low: str | None):
    """(a MobileNet v3's layers, widths of its outputs by name).

    `high` names the last layer's output, `low` that of the third layer from the end that halves the size, if wanted.
    """
    layers = backbone.features
    halving = [i for i, layer in enumerate(layers) if getattr(layer, "_is_cn", False)]
    places = {high: len(layers) - 1}
    if low is not None:
        places[low] = halving[-3]
    widths = {name: layers[place].out_channels for name, place in places.items()}
    wanted = {str(place): name for name, place in places.items()}
    return IntermediateLayerGetter(layers, return_layers=wanted), widths


def settle(weights, weights_backbone, num_classes, aux_loss):
    """(weights_backbone, num_classes, aux_loss) as a model's weights fix them: those contain the backbone's."""
    if weights is None:
        return weights_backbone, 21 if num_classes is None else num_classes, aux_loss
    num_classes = _ovewrite_value_param("num_classes", num_classes, len(weights.meta["categories"]))
    return None, num_classes, _ovewrite_value_param("aux_loss", aux_loss, True)


def load(model, weights, progress: bool):
    """The model, with `weights` loaded unless they are None."""
    if weights is not None:
        model.load_state_dict(weights.get_state_dict(progress=progress, check_hash=True))
    return model
