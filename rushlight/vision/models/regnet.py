"""RegNet X and Y (Radosavovic et al., 2020)."""

import math
from collections import OrderedDict
from functools import partial

import rushlight as torch
from rushlight.vision.models._api import WeightsEnum
from rushlight.vision.models._regnet_weights import (
    RegNet_X_16GF_Weights,
    RegNet_X_1_6GF_Weights,
    RegNet_X_32GF_Weights,
    RegNet_X_3_2GF_Weights,
    RegNet_X_400MF_Weights,
    RegNet_X_800MF_Weights,
    RegNet_X_8GF_Weights,
    RegNet_Y_128GF_Weights,
    RegNet_Y_16GF_Weights,
    RegNet_Y_1_6GF_Weights,
    RegNet_Y_32GF_Weights,
    RegNet_Y_3_2GF_Weights,
    RegNet_Y_400MF_Weights,
    RegNet_Y_800MF_Weights,
    RegNet_Y_8GF_Weights,
)
from rushlight.vision.models._utils import _make_divisible, build, published
from rushlight.vision.ops.misc import Conv2dNormActivation, SqueezeExcitation

nn = torch.nn

__all__ = [
    "RegNet", "RegNet_Y_400MF_Weights", "RegNet_Y_800MF_Weights", "RegNet_Y_1_6GF_Weights", "RegNet_Y_3_2GF_Weights",
    "RegNet_Y_8GF_Weights", "RegNet_Y_16GF_Weights", "RegNet_Y_32GF_Weights", "RegNet_Y_128GF_Weights",
    "RegNet_X_400MF_Weights", "RegNet_X_800MF_Weights", "RegNet_X_1_6GF_Weights", "RegNet_X_3_2GF_Weights",
    "RegNet_X_8GF_Weights", "RegNet_X_16GF_Weights", "RegNet_X_32GF_Weights", "regnet_y_400mf", "regnet_y_800mf",
    "regnet_y_1_6gf", "regnet_y_3_2gf", "regnet_y_8gf", "regnet_y_16gf", "regnet_y_32gf", "regnet_y_128gf",
    "regnet_x_400mf", "regnet_x_800mf", "regnet_x_1_6gf", "regnet_x_3_2gf", "regnet_x_8gf", "regnet_x_16gf",
    "regnet_x_32gf",
]  # fmt: skip


class SimpleStemIN(Conv2dNormActivation):
    """A 3x3 convolution that halves the size."""

    def __init__(self, width_in: int, width_out: int, norm_layer, activation_layer) -> None:
        super().__init__(
            width_in, width_out, kernel_size=3, stride=2, norm_layer=norm_layer, activation_layer=activation_layer
        )


class BottleneckTransform(nn.Sequential):
    """A grouped 3x3 convolution between 1x1 ones, gated where there is a `se_ratio`."""

    def __init__(
        self,
        width_in: int,
        width_out: int,
        stride: int,
        norm_layer,
        activation_layer,
        group_width: int,
        bottleneck_multiplier: float,
        se_ratio: float | None,
    ) -> None:
        width = int(round(width_out * bottleneck_multiplier))
        same = {"norm_layer": norm_layer, "activation_layer": activation_layer}
        layers = OrderedDict()
        layers["a"] = Conv2dNormActivation(width_in, width, kernel_size=1, stride=1, **same)
        layers["b"] = Conv2dNormActivation(
            width, width, kernel_size=3, stride=stride, groups=width // group_width, **same
        )
        if se_ratio:
            squeezed = int(round(se_ratio * width_in))  # of the block's input, not of the bottleneck
            layers["se"] = SqueezeExcitation(width, squeezed, activation=activation_layer)
        layers["c"] = Conv2dNormActivation(
            width, width_out, kernel_size=1, stride=1, norm_layer=norm_layer, activation_layer=None
        )
        super().__init__(layers)


class ResBottleneckBlock(nn.Module):
    """BottleneckTransform beside a shortcut, which is projected where size or width changes."""

    def __init__(
        self,
        width_in: int,
        width_out: int,
        stride: int,
        norm_layer,
        activation_layer,
        group_width: int = 1,
        bottleneck_multiplier: float = 1.0,
        se_ratio: float | None = None,
    ) -> None:
        super().__init__()
        self.proj = None
        if width_in != width_out or stride != 1:
            self.proj = Conv2dNormActivation(
                width_in, width_out, kernel_size=1, stride=stride, norm_layer=norm_layer, activation_layer=None
            )
        self.f = BottleneckTransform(
            width_in, width_out, stride, norm_layer, activation_layer, group_width, bottleneck_multiplier, se_ratio
        )
        self.activation = activation_layer(inplace=True)

    def forward(self, x):
        shortcut = x if self.proj is None else self.proj(x)
        return self.activation(shortcut + self.f(x))


class AnyStage(nn.Sequential):
    """`depth` blocks, of which the first changes width and takes the stride."""

    def __init__(
        self,
        width_in: int,
        width_out: int,
        stride: int,
        depth: int,
        block_constructor,
        norm_layer,
        activation_layer,
        group_width: int,
        bottleneck_multiplier: float,
        se_ratio: float | None = None,
        stage_index: int = 0,
    ) -> None:
        super().__init__()
        for i in range(depth):
            block = block_constructor(
                width_in if i == 0 else width_out,
                width_out,
                stride if i == 0 else 1,
                norm_layer,
                activation_layer,
                group_width,
                bottleneck_multiplier,
                se_ratio,
            )
            self.add_module(f"block{stage_index}-{i}", block)


class BlockParams:
    """The stages, one item of each list a stage."""

    def __init__(
        self,
        depths: list[int],
        widths: list[int],
        group_widths: list[int],
        bottleneck_multipliers: list[float],
        strides: list[int],
        se_ratio: float | None = None,
    ) -> None:
        self.depths = depths
        self.widths = widths
        self.group_widths = group_widths
        self.bottleneck_multipliers = bottleneck_multipliers
        self.strides = strides
        self.se_ratio = se_ratio

    @classmethod
    def from_init_params(
        cls,
        depth: int,
        w_0: int,
        w_a: float,
        w_m: float,
        group_width: int,
        bottleneck_multiplier: float = 1.0,
        se_ratio: float | None = None,
        **kwargs,
    ) -> "BlockParams":
        """The stages of a quantised line of widths, w_0 + w_a * i for block i (equations 2 to 4 of the paper)."""
        step = 8
        if w_a < 0 or w_0 <= 0 or w_m <= 1 or w_0 % step != 0:
            raise ValueError("Invalid RegNet settings")
        block_widths = []
        for i in range(depth):
            power = round(math.log((w_0 + w_a * i) / w_0) / math.log(w_m))
            block_widths.append(round(w_0 * w_m**power / step) * step)
        widths = sorted(set(block_widths))
        depths = [block_widths.count(width) for width in widths]
        multipliers = [bottleneck_multiplier] * len(widths)
        widths, group_widths = cls._adjust_widths_groups_compatibilty(
            widths, multipliers, [group_width] * len(widths)
        )
        return cls(depths, widths, group_widths, multipliers, [2] * len(widths), se_ratio)

    def _get_expanded_params(self):
        return zip(self.widths, self.strides, self.depths, self.group_widths, self.bottleneck_multipliers)

    @staticmethod
    def _adjust_widths_groups_compatibilty(stage_widths, bottleneck_ratios, group_widths):
        """Widths and groups' widths made to divide. (The name is torchvision's.)"""
        bottlenecks = [int(width * ratio) for width, ratio in zip(stage_widths, bottleneck_ratios)]
        groups = [min(group, width) for group, width in zip(group_widths, bottlenecks)]
        bottlenecks = [_make_divisible(width, group) for width, group in zip(bottlenecks, groups)]
        return [int(width / ratio) for width, ratio in zip(bottlenecks, bottleneck_ratios)], groups


class RegNet(nn.Module):
    """Images (N, 3, H, W) to logits (N, num_classes)."""

    def __init__(
        self,
        block_params: BlockParams,
        num_classes: int = 1000,
        stem_width: int = 32,
        stem_type=None,
        block_type=None,
        norm_layer=None,
        activation=None,
    ) -> None:
        super().__init__()
        norm_layer = norm_layer or nn.BatchNorm2d
        activation = activation or nn.ReLU
        self.stem = (stem_type or SimpleStemIN)(3, stem_width, norm_layer, activation)
        width = stem_width
        stages = OrderedDict()
        for i, (out, stride, depth, group_width, multiplier) in enumerate(block_params._get_expanded_params(), 1):
            stages[f"block{i}"] = AnyStage(
                width,
                out,
                stride,
                depth,
                block_type or ResBottleneckBlock,
                norm_layer,
                activation,
                group_width,
                multiplier,
                block_params.se_ratio,
                stage_index=i,
            )
            width = out
        self.trunk_output = nn.Sequential(stages)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(in_features=width, out_features=num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                fan_out = module.kernel_size[0] * module.kernel_size[1] * module.out_channels
                nn.init.normal_(module.weight, mean=0.0, std=math.sqrt(2.0 / fan_out))
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.ones_(module.weight)
                nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, mean=0.0, std=0.01)
                nn.init.zeros_(module.bias)

    def forward(self, x):
        x = self.avgpool(self.trunk_output(self.stem(x)))
        return self.fc(x.flatten(start_dim=1))


def _regnet(block_params: BlockParams, weights: WeightsEnum | None, progress: bool, **kwargs) -> RegNet:
    norm_layer = kwargs.pop("norm_layer", partial(nn.BatchNorm2d, eps=1e-05, momentum=0.1))
    return build(RegNet, weights, progress, block_params, norm_layer=norm_layer, **kwargs)


@published(RegNet_Y_400MF_Weights.IMAGENET1K_V1)
def regnet_y_400mf(*, weights: RegNet_Y_400MF_Weights | None = None, progress: bool = True, **kwargs) -> RegNet:
    """RegNet Y of 400 MFLOP."""
    params = BlockParams.from_init_params(16, 48, 27.89, 2.09, 8, se_ratio=0.25, **kwargs)
    return _regnet(params, weights, progress, **kwargs)


@published(RegNet_Y_800MF_Weights.IMAGENET1K_V1)
def regnet_y_800mf(*, weights: RegNet_Y_800MF_Weights | None = None, progress: bool = True, **kwargs) -> RegNet:
    """RegNet Y of 800 MFLOP."""
    params = BlockParams.from_init_params(14, 56, 38.84, 2.4, 16, se_ratio=0.25, **kwargs)
    return _regnet(params, weights, progress, **kwargs)


@published(RegNet_Y_1_6GF_Weights.IMAGENET1K_V1)
def regnet_y_1_6gf(*, weights: RegNet_Y_1_6GF_Weights | None = None, progress: bool = True, **kwargs) -> RegNet:
    """RegNet Y of 1.6 GFLOP."""
    params = BlockParams.from_init_params(27, 48, 20.71, 2.65, 24, se_ratio=0.25, **kwargs)
    return _regnet(params, weights, progress, **kwargs)


@published(RegNet_Y_3_2GF_Weights.IMAGENET1K_V1)
def regnet_y_3_2gf(*, weights: RegNet_Y_3_2GF_Weights | None = None, progress: bool = True, **kwargs) -> RegNet:
    """RegNet Y of 3.2 GFLOP."""
    params = BlockParams.from_init_params(21, 80, 42.63, 2.66, 24, se_ratio=0.25, **kwargs)
    return _regnet(params, weights, progress, **kwargs)


@published(RegNet_Y_8GF_Weights.IMAGENET1K_V1)
def regnet_y_8gf(*, weights: RegNet_Y_8GF_Weights | None = None, progress: bool = True, **kwargs) -> RegNet:
    """RegNet Y of 8 GFLOP."""
    params = BlockParams.from_init_params(17, 192, 76.82, 2.19, 56, se_ratio=0.25, **kwargs)
    return _regnet(params, weights, progress, **kwargs)


@published(RegNet_Y_16GF_Weights.IMAGENET1K_V1)
def regnet_y_16gf(*, weights: RegNet_Y_16GF_Weights | None = None, progress: bool = True, **kwargs) -> RegNet:
    """RegNet Y of 16 GFLOP."""
    params = BlockParams.from_init_params(18, 200, 106.23, 2.48, 112, se_ratio=0.25, **kwargs)
    return _regnet(params, weights, progress, **kwargs)


@published(RegNet_Y_32GF_Weights.IMAGENET1K_V1)
def regnet_y_32gf(*, weights: RegNet_Y_32GF_Weights | None = None, progress: bool = True, **kwargs) -> RegNet:
    """RegNet Y of 32 GFLOP."""
    params = BlockParams.from_init_params(20, 232, 115.89, 2.53, 232, se_ratio=0.25, **kwargs)
    return _regnet(params, weights, progress, **kwargs)


@published(RegNet_Y_128GF_Weights.IMAGENET1K_SWAG_E2E_V1)
def regnet_y_128gf(*, weights: RegNet_Y_128GF_Weights | None = None, progress: bool = True, **kwargs) -> RegNet:
    """RegNet Y of 128 GFLOP."""
    params = BlockParams.from_init_params(27, 456, 160.83, 2.52, 264, se_ratio=0.25, **kwargs)
    return _regnet(params, weights, progress, **kwargs)


@published(RegNet_X_400MF_Weights.IMAGENET1K_V1)
def regnet_x_400mf(*, weights: RegNet_X_400MF_Weights | None = None, progress: bool = True, **kwargs) -> RegNet:
    """RegNet X of 400 MFLOP."""
    params = BlockParams.from_init_params(22, 24, 24.48, 2.54, 16, **kwargs)
    return _regnet(params, weights, progress, **kwargs)


@published(RegNet_X_800MF_Weights.IMAGENET1K_V1)
def regnet_x_800mf(*, weights: RegNet_X_800MF_Weights | None = None, progress: bool = True, **kwargs) -> RegNet:
    """RegNet X of 800 MFLOP."""
    params = BlockParams.from_init_params(16, 56, 35.73, 2.28, 16, **kwargs)
    return _regnet(params, weights, progress, **kwargs)


@published(RegNet_X_1_6GF_Weights.IMAGENET1K_V1)
def regnet_x_1_6gf(*, weights: RegNet_X_1_6GF_Weights | None = None, progress: bool = True, **kwargs) -> RegNet:
    """RegNet X of 1.6 GFLOP."""
    params = BlockParams.from_init_params(18, 80, 34.01, 2.25, 24, **kwargs)
    return _regnet(params, weights, progress, **kwargs)


@published(RegNet_X_3_2GF_Weights.IMAGENET1K_V1)
def regnet_x_3_2gf(*, weights: RegNet_X_3_2GF_Weights | None = None, progress: bool = True, **kwargs) -> RegNet:
    """RegNet X of 3.2 GFLOP."""
    params = BlockParams.from_init_params(25, 88, 26.31, 2.25, 48, **kwargs)
    return _regnet(params, weights, progress, **kwargs)


@published(RegNet_X_8GF_Weights.IMAGENET1K_V1)
def regnet_x_8gf(*, weights: RegNet_X_8GF_Weights | None = None, progress: bool = True, **kwargs) -> RegNet:
    """RegNet X of 8 GFLOP."""
    params = BlockParams.from_init_params(23, 80, 49.56, 2.88, 120, **kwargs)
    return _regnet(params, weights, progress, **kwargs)


@published(RegNet_X_16GF_Weights.IMAGENET1K_V1)
def regnet_x_16gf(*, weights: RegNet_X_16GF_Weights | None = None, progress: bool = True, **kwargs) -> RegNet:
    """RegNet X of 16 GFLOP."""
    params = BlockParams.from_init_params(22, 216, 55.59, 2.1, 128, **kwargs)
    return _regnet(params, weights, progress, **kwargs)


@published(RegNet_X_32GF_Weights.IMAGENET1K_V1)
def regnet_x_32gf(*, weights: RegNet_X_32GF_Weights | None = None, progress: bool = True, **kwargs) -> RegNet:
    """RegNet X of 32 GFLOP."""
    params = BlockParams.from_init_params(23, 320, 69.86, 2.0, 168, **kwargs)
    return _regnet(params, weights, progress, **kwargs)
