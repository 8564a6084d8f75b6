"""EfficientNet (Tan & Le, 2019) and EfficientNet v2 (2021)."""

import math
from functools import partial

import rushlight as torch
from rushlight.vision.models._api import WeightsEnum
from rushlight.vision.models._efficientnet_weights import (
    EfficientNet_B0_Weights,
    EfficientNet_B1_Weights,
    EfficientNet_B2_Weights,
    EfficientNet_B3_Weights,
    EfficientNet_B4_Weights,
    EfficientNet_B5_Weights,
    EfficientNet_B6_Weights,
    EfficientNet_B7_Weights,
    EfficientNet_V2_L_Weights,
    EfficientNet_V2_M_Weights,
    EfficientNet_V2_S_Weights,
)
from rushlight.vision.models._utils import _make_divisible, build, published
from rushlight.vision.ops.misc import Conv2dNormActivation, SqueezeExcitation
from rushlight.vision.ops.stochastic_depth import StochasticDepth

nn = torch.nn

__all__ = [
    "EfficientNet", "EfficientNet_B0_Weights", "EfficientNet_B1_Weights", "EfficientNet_B2_Weights",
    "EfficientNet_B3_Weights", "EfficientNet_B4_Weights", "EfficientNet_B5_Weights", "EfficientNet_B6_Weights",
    "EfficientNet_B7_Weights", "EfficientNet_V2_S_Weights", "EfficientNet_V2_M_Weights", "EfficientNet_V2_L_Weights",
    "efficientnet_b0", "efficientnet_b1", "efficientnet_b2", "efficientnet_b3", "efficientnet_b4", "efficientnet_b5",
    "efficientnet_b6", "efficientnet_b7", "efficientnet_v2_s", "efficientnet_v2_m", "efficientnet_v2_l",
]  # fmt: skip


class _MBConvConfig:
    """A stage: `num_layers` blocks, of which the first changes width and takes the stride."""

    def __init__(
        self,
        expand_ratio: float,
        kernel: int,
        stride: int,
        input_channels: int,
        out_channels: int,
        num_layers: int,
        block,
    ) -> None:
        self.expand_ratio = expand_ratio
        self.kernel = kernel
        self.stride = stride
        self.input_channels = input_channels
        self.out_channels = out_channels
        self.num_layers = num_layers
        self.block = block

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({values})"

    @staticmethod
    def adjust_channels(channels: int, width_mult: float, min_value: int | None = None) -> int:
        return _make_divisible(channels * width_mult, 8, min_value)


class MBConvConfig(_MBConvConfig):
    """A stage of MBConv: table 1 of the first paper, scaled in width and depth."""

    def __init__(
        self,
        expand_ratio: float,
        kernel: int,
        stride: int,
        input_channels: int,
        out_channels: int,
        num_layers: int,
        width_mult: float = 1.0,
        depth_mult: float = 1.0,
        block=None,
    ) -> None:
        super().__init__(
            expand_ratio,
            kernel,
            stride,
            self.adjust_channels(input_channels, width_mult),
            self.adjust_channels(out_channels, width_mult),
            self.adjust_depth(num_layers, depth_mult),
            block or MBConv,
        )

    @staticmethod
    def adjust_depth(num_layers: int, depth_mult: float) -> int:
        return int(math.ceil(num_layers * depth_mult))


class FusedMBConvConfig(_MBConvConfig):
    """A stage of FusedMBConv: table 4 of the second paper."""

    def __init__(
        self,
        expand_ratio: float,
        kernel: int,
        stride: int,
        input_channels: int,
        out_channels: int,
        num_layers: int,
        block=None,
    ) -> None:
        super().__init__(
            expand_ratio, kernel, stride, input_channels, out_channels, num_layers, block or FusedMBConv
        )


class _Residual(nn.Module):
    """`block` beside a shortcut, where size and width stay; whole branches are dropped in training."""

    def _settle(self, layers, cnf: _MBConvConfig, stochastic_depth_prob: float) -> None:
        self.use_res_connect = cnf.stride == 1 and cnf.input_channels == cnf.out_channels
        self.block = nn.Sequential(*layers)
        self.stochastic_depth = StochasticDepth(stochastic_depth_prob, "row")
        self.out_channels = cnf.out_channels

    def forward(self, input):
        result = self.block(input)
        if self.use_res_connect:
            result = self.stochastic_depth(result)
            result += input
        return result


def _check_stride(cnf: _MBConvConfig) -> None:
    if not 1 <= cnf.stride <= 2:
        raise ValueError("illegal stride value")


class MBConv(_Residual):
    """Channels widened, filtered one by one, gated, narrowed."""

    def __init__(
        self, cnf: MBConvConfig, stochastic_depth_prob: float, norm_layer, se_layer=SqueezeExcitation
    ) -> None:
        super().__init__()
        _check_stride(cnf)
        wide = cnf.adjust_channels(cnf.input_channels, cnf.expand_ratio)
        same = {"norm_layer": norm_layer, "activation_layer": nn.SiLU}
        layers = []
        if wide != cnf.input_channels:
            layers.append(Conv2dNormActivation(cnf.input_channels, wide, kernel_size=1, **same))
        layers.append(
            Conv2dNormActivation(wide, wide, kernel_size=cnf.kernel, stride=cnf.stride, groups=wide, **same)
        )
        squeezed = max(1, cnf.input_channels // 4)
        layers.append(se_layer(wide, squeezed, activation=partial(nn.SiLU, inplace=True)))
        layers.append(
            Conv2dNormActivation(wide, cnf.out_channels, kernel_size=1, norm_layer=norm_layer, activation_layer=None)
        )
        self._settle(layers, cnf, stochastic_depth_prob)


class FusedMBConv(_Residual):
    """MBConv whose first two convolutions are one, and without gates."""

    def __init__(self, cnf: FusedMBConvConfig, stochastic_depth_prob: float, norm_layer) -> None:
        super().__init__()
        _check_stride(cnf)
        wide = cnf.adjust_channels(cnf.input_channels, cnf.expand_ratio)
        widens = wide != cnf.input_channels
        layers = [
            Conv2dNormActivation(
                cnf.input_channels,
                wide if widens else cnf.out_channels,
                kernel_size=cnf.kernel,
                stride=cnf.stride,
                norm_layer=norm_layer,
                activation_layer=nn.SiLU,
            )
        ]
        if widens:
            layers.append(
                Conv2dNormActivation(
                    wide, cnf.out_channels, kernel_size=1, norm_layer=norm_layer, activation_layer=None
                )
            )
        self._settle(layers, cnf, stochastic_depth_prob)


class EfficientNet(nn.Module):
    """Images (N, 3, H, W) to logits (N, num_classes)."""

    def __init__(
        self,
        inverted_residual_setting: list[_MBConvConfig],
        dropout: float,
        stochastic_depth_prob: float = 0.2,
        num_classes: int = 1000,
        norm_layer=None,
        last_channel: int | None = None,
    ) -> None:
        super().__init__()
        _check_setting(inverted_residual_setting)
        norm_layer = norm_layer or nn.BatchNorm2d
        same = {"norm_layer": norm_layer, "activation_layer": nn.SiLU}
        first = inverted_residual_setting[0].input_channels
        layers = [Conv2dNormActivation(3, first, kernel_size=3, stride=2, **same)]
        total = sum(cnf.num_layers for cnf in inverted_residual_setting)
        done = 0
        for cnf in inverted_residual_setting:
            stage = []
            for i in range(cnf.num_layers):
                stage.append(cnf.block(_row(cnf, i), stochastic_depth_prob * float(done) / total, norm_layer))
                done += 1
            layers.append(nn.Sequential(*stage))
        last_input = inverted_residual_setting[-1].out_channels
        last = last_channel if last_channel is not None else 4 * last_input
        layers.append(Conv2dNormActivation(last_input, last, kernel_size=1, **same))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(nn.Dropout(p=dropout, inplace=True), nn.Linear(last, num_classes))
        self._initialise()

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, (nn.BatchNorm2d, nn.GroupNorm)):
                nn.init.ones_(module.weight)
                nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Linear):
                bound = 1.0 / math.sqrt(module.out_features)
                nn.init.uniform_(module.weight, -bound, bound)
                nn.init.zeros_(module.bias)

    def _forward_impl(self, x):
        x = self.avgpool(self.features(x))
        return self.classifier(torch.flatten(x, 1))

    def forward(self, x):
        return self._forward_impl(x)


def _row(cnf: _MBConvConfig, i: int) -> _MBConvConfig:
    """The configuration of a stage's block i: after the first, stride 1 at the stage's width."""
    from copy import copy

    row = copy(cnf)
    if i:
        row.input_channels = row.out_channels
        row.stride = 1
    return row


def _check_setting(setting) -> None:
    from collections.abc import Sequence

    if not setting:
        raise ValueError("The inverted_residual_setting should not be empty")
    if not (isinstance(setting, Sequence) and all(isinstance(cnf, _MBConvConfig) for cnf in setting)):
        raise TypeError("The inverted_residual_setting should be List[MBConvConfig]")


def _efficientnet(
    inverted_residual_setting: list[_MBConvConfig],
    dropout: float,
    last_channel: int | None,
    weights: WeightsEnum | None,
    progress: bool,
    **kwargs,
) -> EfficientNet:
    return build(
        EfficientNet, weights, progress, inverted_residual_setting, dropout, last_channel=last_channel, **kwargs
    )


def _efficientnet_conf(arch: str, **kwargs) -> tuple[list[_MBConvConfig], int | None]:
    """(stages, channels of the last convolution or None for four times the last stage's)."""
    fused = FusedMBConvConfig
    if arch.startswith("efficientnet_b"):
        scaled = partial(MBConvConfig, width_mult=kwargs.pop("width_mult"), depth_mult=kwargs.pop("depth_mult"))
        stages = [
            scaled(1, 3, 1, 32, 16, 1),
            scaled(6, 3, 2, 16, 24, 2),
            scaled(6, 5, 2, 24, 40, 2),
            scaled(6, 3, 2, 40, 80, 3),
            scaled(6, 5, 1, 80, 112, 3),
            scaled(6, 5, 2, 112, 192, 4),
            scaled(6, 3, 1, 192, 320, 1),
        ]
        return stages, None
    if arch.startswith("efficientnet_v2_s"):
        stages = [
            fused(1, 3, 1, 24, 24, 2),
            fused(4, 3, 2, 24, 48, 4),
            fused(4, 3, 2, 48, 64, 4),
            MBConvConfig(4, 3, 2, 64, 128, 6),
            MBConvConfig(6, 3, 1, 128, 160, 9),
            MBConvConfig(6, 3, 2, 160, 256, 15),
        ]
    elif arch.startswith("efficientnet_v2_m"):
        stages = [
            fused(1, 3, 1, 24, 24, 3),
            fused(4, 3, 2, 24, 48, 5),
            fused(4, 3, 2, 48, 80, 5),
            MBConvConfig(4, 3, 2, 80, 160, 7),
            MBConvConfig(6, 3, 1, 160, 176, 14),
            MBConvConfig(6, 3, 2, 176, 304, 18),
            MBConvConfig(6, 3, 1, 304, 512, 5),
        ]
    elif arch.startswith("efficientnet_v2_l"):
        stages = [
            fused(1, 3, 1, 32, 32, 4),
            fused(4, 3, 2, 32, 64, 7),
            fused(4, 3, 2, 64, 96, 7),
            MBConvConfig(4, 3, 2, 96, 192, 10),
            MBConvConfig(6, 3, 1, 192, 224, 19),
            MBConvConfig(6, 3, 2, 224, 384, 25),
            MBConvConfig(6, 3, 1, 384, 640, 7),
        ]
    else:
        raise ValueError(f"Unsupported model type {arch}")
    return stages, 1280


def _scaled(arch: str, width_mult: float, depth_mult: float, dropout: float, weights, progress: bool, kwargs: dict):
    """One of B0 to B7."""
    stages, last_channel = _efficientnet_conf(arch, width_mult=width_mult, depth_mult=depth_mult)
    return _efficientnet(stages, kwargs.pop("dropout", dropout), last_channel, weights, progress, **kwargs)


def _version2(arch: str, dropout: float, weights, progress: bool, kwargs: dict):
    """One of v2's S, M and L."""
    stages, last_channel = _efficientnet_conf(arch)
    kwargs.setdefault("norm_layer", partial(nn.BatchNorm2d, eps=1e-03))
    return _efficientnet(stages, kwargs.pop("dropout", dropout), last_channel, weights, progress, **kwargs)


@published(EfficientNet_B0_Weights.IMAGENET1K_V1)
def efficientnet_b0(*, weights: EfficientNet_B0_Weights | None = None, progress: bool = True, **kwargs) -> EfficientNet:
    """EfficientNet B0."""
    return _scaled("efficientnet_b0", 1.0, 1.0, 0.2, weights, progress, kwargs)


@published(EfficientNet_B1_Weights.IMAGENET1K_V1)
def efficientnet_b1(*, weights: EfficientNet_B1_Weights | None = None, progress: bool = True, **kwargs) -> EfficientNet:
    """EfficientNet B1."""
    return _scaled("efficientnet_b1", 1.0, 1.1, 0.2, weights, progress, kwargs)


@published(EfficientNet_B2_Weights.IMAGENET1K_V1)
def efficientnet_b2(*, weights: EfficientNet_B2_Weights | None = None, progress: bool = True, **kwargs) -> EfficientNet:
    """EfficientNet B2."""
    return _scaled("efficientnet_b2", 1.1, 1.2, 0.3, weights, progress, kwargs)


@published(EfficientNet_B3_Weights.IMAGENET1K_V1)
def efficientnet_b3(*, weights: EfficientNet_B3_Weights | None = None, progress: bool = True, **kwargs) -> EfficientNet:
    """EfficientNet B3."""
    return _scaled("efficientnet_b3", 1.2, 1.4, 0.3, weights, progress, kwargs)


@published(EfficientNet_B4_Weights.IMAGENET1K_V1)
def efficientnet_b4(*, weights: EfficientNet_B4_Weights | None = None, progress: bool = True, **kwargs) -> EfficientNet:
    """EfficientNet B4."""
    return _scaled("efficientnet_b4", 1.4, 1.8, 0.4, weights, progress, kwargs)


@published(EfficientNet_B5_Weights.IMAGENET1K_V1)
def efficientnet_b5(*, weights: EfficientNet_B5_Weights | None = None, progress: bool = True, **kwargs) -> EfficientNet:
    """EfficientNet B5."""
    kwargs.setdefault("norm_layer", partial(nn.BatchNorm2d, eps=0.001, momentum=0.01))
    return _scaled("efficientnet_b5", 1.6, 2.2, 0.4, weights, progress, kwargs)


@published(EfficientNet_B6_Weights.IMAGENET1K_V1)
def efficientnet_b6(*, weights: EfficientNet_B6_Weights | None = None, progress: bool = True, **kwargs) -> EfficientNet:
    """EfficientNet B6."""
    kwargs.setdefault("norm_layer", partial(nn.BatchNorm2d, eps=0.001, momentum=0.01))
    return _scaled("efficientnet_b6", 1.8, 2.6, 0.5, weights, progress, kwargs)


@published(EfficientNet_B7_Weights.IMAGENET1K_V1)
def efficientnet_b7(*, weights: EfficientNet_B7_Weights | None = None, progress: bool = True, **kwargs) -> EfficientNet:
    """EfficientNet B7."""
    kwargs.setdefault("norm_layer", partial(nn.BatchNorm2d, eps=0.001, momentum=0.01))
    return _scaled("efficientnet_b7", 2.0, 3.1, 0.5, weights, progress, kwargs)


@published(EfficientNet_V2_S_Weights.IMAGENET1K_V1)
def efficientnet_v2_s(
    *, weights: EfficientNet_V2_S_Weights | None = None, progress: bool = True, **kwargs
) -> EfficientNet:
    """EfficientNet v2, small."""
    return _version2("efficientnet_v2_s", 0.2, weights, progress, kwargs)


@published(EfficientNet_V2_M_Weights.IMAGENET1K_V1)
def efficientnet_v2_m(
    *, weights: EfficientNet_V2_M_Weights | None = None, progress: bool = True, **kwargs
) -> EfficientNet:
    """EfficientNet v2, medium."""
    return _version2("efficientnet_v2_m", 0.3, weights, progress, kwargs)


@published(EfficientNet_V2_L_Weights.IMAGENET1K_V1)
def efficientnet_v2_l(
    *, weights: EfficientNet_V2_L_Weights | None = None, progress: bool = True, **kwargs
) -> EfficientNet:
    """EfficientNet v2, large."""
    return _version2("efficientnet_v2_l", 0.4, weights, progress, kwargs)
