"""ConvNeXt (Liu et al., 2022)."""

from functools import partial

import rushlight as torch
from rushlight.vision.models._api import WeightsEnum
from rushlight.vision.models._utils import build, published
from rushlight.vision.models._weights import imagenet
from rushlight.vision.ops.misc import Conv2dNormActivation, Permute
from rushlight.vision.ops.stochastic_depth import StochasticDepth

nn = torch.nn

__all__ = [
    "ConvNeXt", "ConvNeXt_Tiny_Weights", "ConvNeXt_Small_Weights", "ConvNeXt_Base_Weights", "ConvNeXt_Large_Weights",
    "convnext_tiny", "convnext_small", "convnext_base", "convnext_large",
]  # fmt: skip


class LayerNorm2d(nn.LayerNorm):
    """Layer norm over the channels of (N, C, H, W)."""

    def forward(self, x):
        x = nn.functional.layer_norm(x.permute(0, 2, 3, 1), self.normalized_shape, self.weight, self.bias, self.eps)
        return x.permute(0, 3, 1, 2)


class CNBlock(nn.Module):
    """Channels filtered one by one (7x7), normed, widened and narrowed at every place; scaled, beside a shortcut."""

    def __init__(self, dim, layer_scale: float, stochastic_depth_prob: float, norm_layer=None) -> None:
        super().__init__()
        norm_layer = norm_layer or partial(nn.LayerNorm, eps=1e-6)
        self.block = nn.Sequential(
            nn.Conv2d(dim, dim, kernel_size=7, padding=3, groups=dim, bias=True),
            Permute([0, 2, 3, 1]),
            norm_layer(dim),
            nn.Linear(in_features=dim, out_features=4 * dim, bias=True),
            nn.GELU(),
            nn.Linear(in_features=4 * dim, out_features=dim, bias=True),
            Permute([0, 3, 1, 2]),
        )
        self.layer_scale = nn.Parameter(torch.ones(dim, 1, 1) * layer_scale)
        self.stochastic_depth = StochasticDepth(stochastic_depth_prob, "row")

    def forward(self, input):
        result = self.stochastic_depth(self.layer_scale * self.block(input))
        result += input
        return result


class CNBlockConfig:
    """A stage: `num_layers` blocks of `input_channels`, then a convolution to `out_channels` unless that is None."""

    def __init__(self, input_channels: int, out_channels: int | None, num_layers: int) -> None:
        self.input_channels = input_channels
        self.out_channels = out_channels
        self.num_layers = num_layers

    def __repr__(self) -> str:
        return (
            f"CNBlockConfig(input_channels={self.input_channels}, out_channels={self.out_channels}, "
            f"num_layers={self.num_layers})"
        )


class ConvNeXt(nn.Module):
    """Images (N, 3, H, W) to logits (N, num_classes)."""

    def __init__(
        self,
        block_setting: list[CNBlockConfig],
        stochastic_depth_prob: float = 0.0,
        layer_scale: float = 1e-6,
        num_classes: int = 1000,
        block=None,
        norm_layer=None,
        **kwargs,
    ) -> None:
        super().__init__()
        _check_setting(block_setting)
        block = block or CNBlock
        norm_layer = norm_layer or partial(LayerNorm2d, eps=1e-6)
        layers = [
            Conv2dNormActivation(
                3,
                block_setting[0].input_channels,
                kernel_size=4,
                stride=4,
                padding=0,
                norm_layer=norm_layer,
                activation_layer=None,
                bias=True,
            )
        ]
        total = sum(cnf.num_layers for cnf in block_setting)
        done = 0
        for cnf in block_setting:
            stage = []
            for _ in range(cnf.num_layers):
                stage.append(block(cnf.input_channels, layer_scale, stochastic_depth_prob * done / (total - 1.0)))
                done += 1
            layers.append(nn.Sequential(*stage))
            if cnf.out_channels is not None:
                halved = nn.Conv2d(cnf.input_channels, cnf.out_channels, kernel_size=2, stride=2)
                layers.append(nn.Sequential(norm_layer(cnf.input_channels), halved))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        last = block_setting[-1]
        width = last.input_channels if last.out_channels is None else last.out_channels
        self.classifier = nn.Sequential(norm_layer(width), nn.Flatten(1), nn.Linear(width, num_classes))
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                nn.init.trunc_normal_(module.weight, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def _forward_impl(self, x):
        return self.classifier(self.avgpool(self.features(x)))

    def forward(self, x):
        return self._forward_impl(x)


def _check_setting(setting) -> None:
    from collections.abc import Sequence

    if not setting:
        raise ValueError("The block_setting should not be empty")
    if not (isinstance(setting, Sequence) and all(isinstance(cnf, CNBlockConfig) for cnf in setting)):
        raise TypeError("The block_setting should be List[CNBlockConfig]")


def _convnext(
    block_setting: list[CNBlockConfig],
    stochastic_depth_prob: float,
    weights: WeightsEnum | None,
    progress: bool,
    **kwargs,
) -> ConvNeXt:
    return build(
        ConvNeXt, weights, progress, block_setting, stochastic_depth_prob=stochastic_depth_prob, **kwargs
    )


def _stages(width: int, depth: int) -> list[CNBlockConfig]:
    """Four stages, each twice as wide as the one before; the third has `depth` blocks, the others three."""
    return [
        CNBlockConfig(width, width * 2, 3),
        CNBlockConfig(width * 2, width * 4, 3),
        CNBlockConfig(width * 4, width * 8, depth),
        CNBlockConfig(width * 8, None, 3),
    ]


class ConvNeXt_Tiny_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "convnext_tiny-983f1562", 28_589_128, (82.52, 96.146), 4.456, 109.119,
        "tree/main/references/classification#convnext", min_size=32, resize_size=236,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V1


class ConvNeXt_Small_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "convnext_small-0c510722", 50_223_688, (83.616, 96.65), 8.684, 191.703,
        "tree/main/references/classification#convnext", min_size=32, resize_size=230,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V1


class ConvNeXt_Base_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "convnext_base-6075fbad", 88_591_464, (84.062, 96.87), 15.355, 338.064,
        "tree/main/references/classification#convnext", min_size=32, resize_size=232,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V1


class ConvNeXt_Large_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "convnext_large-ea097f82", 197_767_336, (84.414, 96.976), 34.361, 754.537,
        "tree/main/references/classification#convnext", min_size=32, resize_size=232,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V1


@published(ConvNeXt_Tiny_Weights.IMAGENET1K_V1)
def convnext_tiny(*, weights: ConvNeXt_Tiny_Weights | None = None, progress: bool = True, **kwargs) -> ConvNeXt:
    """ConvNeXt, tiny."""
    drop = kwargs.pop("stochastic_depth_prob", 0.1)
    return _convnext(_stages(96, 9), drop, weights, progress, **kwargs)


@published(ConvNeXt_Small_Weights.IMAGENET1K_V1)
def convnext_small(*, weights: ConvNeXt_Small_Weights | None = None, progress: bool = True, **kwargs) -> ConvNeXt:
    """ConvNeXt, small."""
    drop = kwargs.pop("stochastic_depth_prob", 0.4)
    return _convnext(_stages(96, 27), drop, weights, progress, **kwargs)


@published(ConvNeXt_Base_Weights.IMAGENET1K_V1)
def convnext_base(*, weights: ConvNeXt_Base_Weights | None = None, progress: bool = True, **kwargs) -> ConvNeXt:
    """ConvNeXt, base."""
    drop = kwargs.pop("stochastic_depth_prob", 0.5)
    return _convnext(_stages(128, 27), drop, weights, progress, **kwargs)


@published(ConvNeXt_Large_Weights.IMAGENET1K_V1)
def convnext_large(*, weights: ConvNeXt_Large_Weights | None = None, progress: bool = True, **kwargs) -> ConvNeXt:
    """ConvNeXt, large."""
    drop = kwargs.pop("stochastic_depth_prob", 0.5)
    return _convnext(_stages(192, 27), drop, weights, progress, **kwargs)
