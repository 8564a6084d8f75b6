"""VGG (Simonyan & Zisserman, 2014), plain and with batch norm."""

import rushlight as torch
from rushlight.vision.models._api import WeightsEnum
from rushlight.vision.models._utils import _ovewrite_named_param, published
from rushlight.vision.models._weights import imagenet

nn = torch.nn

__all__ = [
    "VGG", "VGG11_Weights", "VGG11_BN_Weights", "VGG13_Weights", "VGG13_BN_Weights", "VGG16_Weights",
    "VGG16_BN_Weights", "VGG19_Weights", "VGG19_BN_Weights", "vgg11", "vgg11_bn", "vgg13", "vgg13_bn", "vgg16",
    "vgg16_bn", "vgg19", "vgg19_bn",
]  # fmt: skip


class VGG(nn.Module):
    """Three linear layers upon `features`; images (N, 3, H, W) to logits (N, num_classes)."""

    def __init__(self, features, num_classes: int = 1000, init_weights: bool = True, dropout: float = 0.5) -> None:
        super().__init__()
        self.features = features
        self.avgpool = nn.AdaptiveAvgPool2d((7, 7))
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096),
            nn.ReLU(True),
            nn.Dropout(p=dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(True),
            nn.Dropout(p=dropout),
            nn.Linear(4096, num_classes),
        )
        if init_weights:
            self._initialise()

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                if module.bias is not None:
                    nn.init.constant_(module.bias, 0)
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.constant_(module.weight, 1)
                nn.init.constant_(module.bias, 0)
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, 0, 0.01)
                nn.init.constant_(module.bias, 0)

    def forward(self, x):
        x = self.avgpool(self.features(x))
        return self.classifier(torch.flatten(x, 1))


def make_layers(cfg: list[int | str], batch_norm: bool = False):
    """The convolutions of a list: numbers are widths of 3x3 convolutions, "M" is max pooling."""
    layers = []
    in_channels = 3
    for width in cfg:
        if width == "M":
            layers.append(nn.MaxPool2d(kernel_size=2, stride=2))
            continue
        layers.append(nn.Conv2d(in_channels, width, kernel_size=3, padding=1))
        if batch_norm:
            layers.append(nn.BatchNorm2d(width))
        layers.append(nn.ReLU(inplace=True))
        in_channels = width
    return nn.Sequential(*layers)


# the columns A, B, D and E of the paper's table 1
cfgs = {
    "A": [64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"],
    "B": [64, 64, "M", 128, 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"],
    "D": [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"],
    "E": [64, 64, "M", 128, 128, "M", 256, 256, 256, 256, "M", 512, 512, 512, 512, "M", 512, 512, 512, 512, "M"],
}


def _vgg(cfg: str, batch_norm: bool, weights: WeightsEnum | None, progress: bool, **kwargs) -> VGG:
    if weights is not None:
        kwargs["init_weights"] = False  # they are overwritten at once
        if weights.meta["categories"] is not None:
            _ovewrite_named_param(kwargs, "num_classes", len(weights.meta["categories"]))
    model = VGG(make_layers(cfgs[cfg], batch_norm=batch_norm), **kwargs)
    if weights is not None:
        model.load_state_dict(weights.get_state_dict(progress=progress, check_hash=True))
    return model


class VGG11_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "vgg11-8a719046", 132_863_336, (69.02, 88.628), 7.609, 506.84,
        "tree/main/references/classification#alexnet-and-vgg", min_size=32,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V1


class VGG11_BN_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "vgg11_bn-6002323d", 132_868_840, (70.37, 89.81), 7.609, 506.881,
        "tree/main/references/classification#alexnet-and-vgg", min_size=32,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V1


class VGG13_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "vgg13-19584684", 133_047_848, (69.928, 89.246), 11.308, 507.545,
        "tree/main/references/classification#alexnet-and-vgg", min_size=32,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V1


class VGG13_BN_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "vgg13_bn-abd245e5", 133_053_736, (71.586, 90.374), 11.308, 507.59,
        "tree/main/references/classification#alexnet-and-vgg", min_size=32,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V1


class VGG16_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "vgg16-397923af", 138_357_544, (71.592, 90.382), 15.47, 527.796,
        "tree/main/references/classification#alexnet-and-vgg", min_size=32,
    )  # fmt: skip
    IMAGENET1K_FEATURES = imagenet(
        "vgg16_features-amdegroot-88682ab5", 138_357_544, (float("nan"), float("nan")), 15.47, 527.802,
        "https://github.com/amdegroot/ssd.pytorch#training-ssd", min_size=32, mean=(0.48235, 0.45882, 0.40784),
        std=(1 / 255, 1 / 255, 1 / 255), categories=None,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V1


class VGG16_BN_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "vgg16_bn-6c64b313", 138_365_992, (73.36, 91.516), 15.47, 527.866,
        "tree/main/references/classification#alexnet-and-vgg", min_size=32,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V1


class VGG19_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "vgg19-dcbb9e9d", 143_667_240, (72.376, 90.876), 19.632, 548.051,
        "tree/main/references/classification#alexnet-and-vgg", min_size=32,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V1


class VGG19_BN_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "vgg19_bn-c79401a0", 143_678_248, (74.218, 91.842), 19.632, 548.143,
        "tree/main/references/classification#alexnet-and-vgg", min_size=32,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V1


@published(VGG11_Weights.IMAGENET1K_V1)
def vgg11(*, weights: VGG11_Weights | None = None, progress: bool = True, **kwargs) -> VGG:
    """VGG of 11 layers."""
    return _vgg("A", False, weights, progress, **kwargs)


@published(VGG11_BN_Weights.IMAGENET1K_V1)
def vgg11_bn(*, weights: VGG11_BN_Weights | None = None, progress: bool = True, **kwargs) -> VGG:
    """VGG of 11 layers, with batch norm."""
    return _vgg("A", True, weights, progress, **kwargs)


@published(VGG13_Weights.IMAGENET1K_V1)
def vgg13(*, weights: VGG13_Weights | None = None, progress: bool = True, **kwargs) -> VGG:
    """VGG of 13 layers."""
    return _vgg("B", False, weights, progress, **kwargs)


@published(VGG13_BN_Weights.IMAGENET1K_V1)
def vgg13_bn(*, weights: VGG13_BN_Weights | None = None, progress: bool = True, **kwargs) -> VGG:
    """VGG of 13 layers, with batch norm."""
    return _vgg("B", True, weights, progress, **kwargs)


@published(VGG16_Weights.IMAGENET1K_V1)
def vgg16(*, weights: VGG16_Weights | None = None, progress: bool = True, **kwargs) -> VGG:
    """VGG of 16 layers."""
    return _vgg("D", False, weights, progress, **kwargs)


@published(VGG16_BN_Weights.IMAGENET1K_V1)
def vgg16_bn(*, weights: VGG16_BN_Weights | None = None, progress: bool = True, **kwargs) -> VGG:
    """VGG of 16 layers, with batch norm."""
    return _vgg("D", True, weights, progress, **kwargs)


@published(VGG19_Weights.IMAGENET1K_V1)
def vgg19(*, weights: VGG19_Weights | None = None, progress: bool = True, **kwargs) -> VGG:
    """VGG of 19 layers."""
    return _vgg("E", False, weights, progress, **kwargs)


@published(VGG19_BN_Weights.IMAGENET1K_V1)
def vgg19_bn(*, weights: VGG19_BN_Weights | None = None, progress: bool = True, **kwargs) -> VGG:
    """VGG of 19 layers, with batch norm."""
    return _vgg("E", True, weights, progress, **kwargs)
