"""RegNet X and Y (Radosavovic et al., 2020)."""

import math
from collections import OrderedDict
from functools import partial

import rushlight as torch
from rushlight.vision.models._api import WeightsEnum
from rushlight.vision.models._utils import _make_divisible, build, published
from rushlight.vision.models._weights import SWAG_LICENSE, imagenet
from rushlight.vision.ops.misc import Conv2dNormActivation, SqueezeExcitation
from rushlight.vision.transforms.functional import InterpolationMode

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


class RegNet_Y_400MF_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "regnet_y_400mf-c65dace8", 4_344_144, (74.046, 91.716), 0.402, 16.806,
        "tree/main/references/classification#small-models",
    )  # fmt: skip
    IMAGENET1K_V2 = imagenet(
        "regnet_y_400mf-e6988f5f", 4_344_144, (75.804, 92.742), 0.402, 16.806, "issues/3995#new-recipe",
        resize_size=232,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V2


class RegNet_Y_800MF_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "regnet_y_800mf-1b27b58c", 6_432_512, (76.42, 93.136), 0.834, 24.774,
        "tree/main/references/classification#small-models",
    )  # fmt: skip
    IMAGENET1K_V2 = imagenet(
        "regnet_y_800mf-58fc7688", 6_432_512, (78.828, 94.502), 0.834, 24.774, "issues/3995#new-recipe",
        resize_size=232,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V2


class RegNet_Y_1_6GF_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "regnet_y_1_6gf-b11a554e", 11_202_430, (77.95, 93.966), 1.612, 43.152,
        "tree/main/references/classification#small-models",
    )  # fmt: skip
    IMAGENET1K_V2 = imagenet(
        "regnet_y_1_6gf-0d7bc02a", 11_202_430, (80.876, 95.444), 1.612, 43.152, "issues/3995#new-recipe",
        resize_size=232,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V2


class RegNet_Y_3_2GF_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "regnet_y_3_2gf-b5a9779c", 19_436_338, (78.948, 94.576), 3.176, 74.567,
        "tree/main/references/classification#medium-models",
    )  # fmt: skip
    IMAGENET1K_V2 = imagenet(
        "regnet_y_3_2gf-9180c971", 19_436_338, (81.982, 95.972), 3.176, 74.567, "issues/3995#new-recipe",
        resize_size=232,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V2


class RegNet_Y_8GF_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "regnet_y_8gf-d0d0e4a8", 39_381_472, (80.032, 95.048), 8.473, 150.701,
        "tree/main/references/classification#medium-models",
    )  # fmt: skip
    IMAGENET1K_V2 = imagenet(
        "regnet_y_8gf-dc2b1b54", 39_381_472, (82.828, 96.33), 8.473, 150.701, "issues/3995#new-recipe",
        resize_size=232,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V2


class RegNet_Y_16GF_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "regnet_y_16gf-9e6ed7dd", 83_590_140, (80.424, 95.24), 15.912, 319.49,
        "tree/main/references/classification#large-models",
    )  # fmt: skip
    IMAGENET1K_V2 = imagenet(
        "regnet_y_16gf-3e4a00f9", 83_590_140, (82.886, 96.328), 15.912, 319.49, "issues/3995#new-recipe",
        resize_size=232,
    )  # fmt: skip
    IMAGENET1K_SWAG_E2E_V1 = imagenet(
        "regnet_y_16gf_swag-43afe44d", 83_590_140, (86.012, 98.054), 46.735, 319.49,
        "https://github.com/facebookresearch/SWAG", crop_size=384, resize_size=384,
        interpolation=InterpolationMode.BICUBIC, license=SWAG_LICENSE,
    )  # fmt: skip
    IMAGENET1K_SWAG_LINEAR_V1 = imagenet(
        "regnet_y_16gf_lc_swag-f3ec0043", 83_590_140, (83.976, 97.244), 15.912, 319.49, "pull/5793",
        resize_size=224, interpolation=InterpolationMode.BICUBIC, license=SWAG_LICENSE,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V2


class RegNet_Y_32GF_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "regnet_y_32gf-4dee3f7a", 145_046_770, (80.878, 95.34), 32.28, 554.076,
        "tree/main/references/classification#large-models",
    )  # fmt: skip
    IMAGENET1K_V2 = imagenet(
        "regnet_y_32gf-8db6d4b5", 145_046_770, (83.368, 96.498), 32.28, 554.076, "issues/3995#new-recipe",
        resize_size=232,
    )  # fmt: skip
    IMAGENET1K_SWAG_E2E_V1 = imagenet(
        "regnet_y_32gf_swag-04fdfa75", 145_046_770, (86.838, 98.362), 94.826, 554.076,
        "https://github.com/facebookresearch/SWAG", crop_size=384, resize_size=384,
        interpolation=InterpolationMode.BICUBIC, license=SWAG_LICENSE,
    )  # fmt: skip
    IMAGENET1K_SWAG_LINEAR_V1 = imagenet(
        "regnet_y_32gf_lc_swag-e1583746", 145_046_770, (84.622, 97.48), 32.28, 554.076, "pull/5793",
        resize_size=224, interpolation=InterpolationMode.BICUBIC, license=SWAG_LICENSE,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V2


class RegNet_Y_128GF_Weights(WeightsEnum):
    IMAGENET1K_SWAG_E2E_V1 = imagenet(
        "regnet_y_128gf_swag-c8ce3e52", 644_812_894, (88.228, 98.682), 374.57, 2461.564,
        "https://github.com/facebookresearch/SWAG", crop_size=384, resize_size=384,
        interpolation=InterpolationMode.BICUBIC, license=SWAG_LICENSE,
    )  # fmt: skip
    IMAGENET1K_SWAG_LINEAR_V1 = imagenet(
        "regnet_y_128gf_lc_swag-cbe8ce12", 644_812_894, (86.068, 97.844), 127.518, 2461.564, "pull/5793",
        resize_size=224, interpolation=InterpolationMode.BICUBIC, license=SWAG_LICENSE,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_SWAG_E2E_V1


class RegNet_X_400MF_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "regnet_x_400mf-adf1edd5", 5_495_976, (72.834, 90.95), 0.414, 21.258,
        "tree/main/references/classification#small-models",
    )  # fmt: skip
    IMAGENET1K_V2 = imagenet(
        "regnet_x_400mf-62229a5f", 5_495_976, (74.864, 92.322), 0.414, 21.257, "issues/3995#new-recipe-with-fixres",
        resize_size=232,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V2


class RegNet_X_800MF_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "regnet_x_800mf-ad17e45c", 7_259_656, (75.212, 92.348), 0.8, 27.945,
        "tree/main/references/classification#small-models",
    )  # fmt: skip
    IMAGENET1K_V2 = imagenet(
        "regnet_x_800mf-94a99ebd", 7_259_656, (77.522, 93.826), 0.8, 27.945, "issues/3995#new-recipe-with-fixres",
        resize_size=232,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V2


class RegNet_X_1_6GF_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "regnet_x_1_6gf-e3633e7f", 9_190_136, (77.04, 93.44), 1.603, 35.339,
        "tree/main/references/classification#small-models",
    )  # fmt: skip
    IMAGENET1K_V2 = imagenet(
        "regnet_x_1_6gf-a12f2b72", 9_190_136, (79.668, 94.922), 1.603, 35.339, "issues/3995#new-recipe-with-fixres",
        resize_size=232,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V2


class RegNet_X_3_2GF_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "regnet_x_3_2gf-f342aeae", 15_296_552, (78.364, 93.992), 3.177, 58.756,
        "tree/main/references/classification#medium-models",
    )  # fmt: skip
    IMAGENET1K_V2 = imagenet(
        "regnet_x_3_2gf-7071aa85", 15_296_552, (81.196, 95.43), 3.177, 58.756, "issues/3995#new-recipe",
        resize_size=232,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V2


class RegNet_X_8GF_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "regnet_x_8gf-03ceed89", 39_572_648, (79.344, 94.686), 7.995, 151.456,
        "tree/main/references/classification#medium-models",
    )  # fmt: skip
    IMAGENET1K_V2 = imagenet(
        "regnet_x_8gf-2b70d774", 39_572_648, (81.682, 95.678), 7.995, 151.456, "issues/3995#new-recipe",
        resize_size=232,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V2


class RegNet_X_16GF_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "regnet_x_16gf-2007eb11", 54_278_536, (80.058, 94.944), 15.941, 207.627,
        "tree/main/references/classification#medium-models",
    )  # fmt: skip
    IMAGENET1K_V2 = imagenet(
        "regnet_x_16gf-ba3796d7", 54_278_536, (82.716, 96.196), 15.941, 207.627, "issues/3995#new-recipe",
        resize_size=232,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V2


class RegNet_X_32GF_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "regnet_x_32gf-9d47f8d0", 107_811_560, (80.622, 95.248), 31.736, 412.039,
        "tree/main/references/classification#large-models",
    )  # fmt: skip
    IMAGENET1K_V2 = imagenet(
        "regnet_x_32gf-6eb8fdc6", 107_811_560, (83.014, 96.288), 31.736, 412.039, "issues/3995#new-recipe",
        resize_size=232,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V2


@published(RegNet_Y_400MF_Weights.IMAGENET1K_V1)
def regnet_y_400mf(*, weights: RegNet_Y_400MF_Weights | None = None, progress: bool = True, **kwargs) -> RegNet:
    """RegNet Y of 400 MFLOP."""
    params = BlockParams.from_init_params(depth=16, w_0=48, w_a=27.89, w_m=2.09, group_width=8, se_ratio=0.25, **kwargs)
    return _regnet(params, weights, progress, **kwargs)


@published(RegNet_Y_800MF_Weights.IMAGENET1K_V1)
def regnet_y_800mf(*, weights: RegNet_Y_800MF_Weights | None = None, progress: bool = True, **kwargs) -> RegNet:
    """RegNet Y of 800 MFLOP."""
    params = BlockParams.from_init_params(depth=14, w_0=56, w_a=38.84, w_m=2.4, group_width=16, se_ratio=0.25, **kwargs)
    return _regnet(params, weights, progress, **kwargs)


@published(RegNet_Y_1_6GF_Weights.IMAGENET1K_V1)
def regnet_y_1_6gf(*, weights: RegNet_Y_1_6GF_Weights | None = None, progress: bool = True, **kwargs) -> RegNet:
    """RegNet Y of 1.6 GFLOP."""
    params = BlockParams.from_init_params(depth=27, w_0=48, w_a=20.71, w_m=2.65, group_width=24, se_ratio=0.25, **kwargs)
    return _regnet(params, weights, progress, **kwargs)


@published(RegNet_Y_3_2GF_Weights.IMAGENET1K_V1)
def regnet_y_3_2gf(*, weights: RegNet_Y_3_2GF_Weights | None = None, progress: bool = True, **kwargs) -> RegNet:
    """RegNet Y of 3.2 GFLOP."""
    params = BlockParams.from_init_params(depth=21, w_0=80, w_a=42.63, w_m=2.66, group_width=24, se_ratio=0.25, **kwargs)
    return _regnet(params, weights, progress, **kwargs)


@published(RegNet_Y_8GF_Weights.IMAGENET1K_V1)
def regnet_y_8gf(*, weights: RegNet_Y_8GF_Weights | None = None, progress: bool = True, **kwargs) -> RegNet:
    """RegNet Y of 8 GFLOP."""
    params = BlockParams.from_init_params(depth=17, w_0=192, w_a=76.82, w_m=2.19, group_width=56, se_ratio=0.25, **kwargs)
    return _regnet(params, weights, progress, **kwargs)


@published(RegNet_Y_16GF_Weights.IMAGENET1K_V1)
def regnet_y_16gf(*, weights: RegNet_Y_16GF_Weights | None = None, progress: bool = True, **kwargs) -> RegNet:
    """RegNet Y of 16 GFLOP."""
    params = BlockParams.from_init_params(depth=18, w_0=200, w_a=106.23, w_m=2.48, group_width=112, se_ratio=0.25, **kwargs)
    return _regnet(params, weights, progress, **kwargs)


@published(RegNet_Y_32GF_Weights.IMAGENET1K_V1)
def regnet_y_32gf(*, weights: RegNet_Y_32GF_Weights | None = None, progress: bool = True, **kwargs) -> RegNet:
    """RegNet Y of 32 GFLOP."""
    params = BlockParams.from_init_params(depth=20, w_0=232, w_a=115.89, w_m=2.53, group_width=232, se_ratio=0.25, **kwargs)
    return _regnet(params, weights, progress, **kwargs)


@published(RegNet_Y_128GF_Weights.IMAGENET1K_SWAG_E2E_V1)
def regnet_y_128gf(*, weights: RegNet_Y_128GF_Weights | None = None, progress: bool = True, **kwargs) -> RegNet:
    """RegNet Y of 128 GFLOP."""
    params = BlockParams.from_init_params(depth=27, w_0=456, w_a=160.83, w_m=2.52, group_width=264, se_ratio=0.25, **kwargs)
    return _regnet(params, weights, progress, **kwargs)


@published(RegNet_X_400MF_Weights.IMAGENET1K_V1)
def regnet_x_400mf(*, weights: RegNet_X_400MF_Weights | None = None, progress: bool = True, **kwargs) -> RegNet:
    """RegNet X of 400 MFLOP."""
    params = BlockParams.from_init_params(depth=22, w_0=24, w_a=24.48, w_m=2.54, group_width=16, **kwargs)
    return _regnet(params, weights, progress, **kwargs)


@published(RegNet_X_800MF_Weights.IMAGENET1K_V1)
def regnet_x_800mf(*, weights: RegNet_X_800MF_Weights | None = None, progress: bool = True, **kwargs) -> RegNet:
    """RegNet X of 800 MFLOP."""
    params = BlockParams.from_init_params(depth=16, w_0=56, w_a=35.73, w_m=2.28, group_width=16, **kwargs)
    return _regnet(params, weights, progress, **kwargs)


@published(RegNet_X_1_6GF_Weights.IMAGENET1K_V1)
def regnet_x_1_6gf(*, weights: RegNet_X_1_6GF_Weights | None = None, progress: bool = True, **kwargs) -> RegNet:
    """RegNet X of 1.6 GFLOP."""
    params = BlockParams.from_init_params(depth=18, w_0=80, w_a=34.01, w_m=2.25, group_width=24, **kwargs)
    return _regnet(params, weights, progress, **kwargs)


@published(RegNet_X_3_2GF_Weights.IMAGENET1K_V1)
def regnet_x_3_2gf(*, weights: RegNet_X_3_2GF_Weights | None = None, progress: bool = True, **kwargs) -> RegNet:
    """RegNet X of 3.2 GFLOP."""
    params = BlockParams.from_init_params(depth=25, w_0=88, w_a=26.31, w_m=2.25, group_width=48, **kwargs)
    return _regnet(params, weights, progress, **kwargs)


@published(RegNet_X_8GF_Weights.IMAGENET1K_V1)
def regnet_x_8gf(*, weights: RegNet_X_8GF_Weights | None = None, progress: bool = True, **kwargs) -> RegNet:
    """RegNet X of 8 GFLOP."""
    params = BlockParams.from_init_params(depth=23, w_0=80, w_a=49.56, w_m=2.88, group_width=120, **kwargs)
    return _regnet(params, weights, progress, **kwargs)


@published(RegNet_X_16GF_Weights.IMAGENET1K_V1)
def regnet_x_16gf(*, weights: RegNet_X_16GF_Weights | None = None, progress: bool = True, **kwargs) -> RegNet:
    """RegNet X of 16 GFLOP."""
    params = BlockParams.from_init_params(depth=22, w_0=216, w_a=55.59, w_m=2.1, group_width=128, **kwargs)
    return _regnet(params, weights, progress, **kwargs)


@published(RegNet_X_32GF_Weights.IMAGENET1K_V1)
def regnet_x_32gf(*, weights: RegNet_X_32GF_Weights | None = None, progress: bool = True, **kwargs) -> RegNet:
    """RegNet X of 32 GFLOP."""
    params = BlockParams.from_init_params(depth=23, w_0=320, w_a=69.86, w_m=2.0, group_width=168, **kwargs)
    return _regnet(params, weights, progress, **kwargs)
