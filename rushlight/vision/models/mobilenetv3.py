"""MobileNet v3, large and small (Howard et al., 2019)."""

from functools import partial

import rushlight as torch
from rushlight.vision.models._api import WeightsEnum
from rushlight.vision.models._utils import _make_divisible, build, published
from rushlight.vision.models._weights import imagenet
from rushlight.vision.ops.misc import Conv2dNormActivation, SqueezeExcitation

nn = torch.nn

__all__ = [
    "MobileNetV3", "MobileNet_V3_Large_Weights", "MobileNet_V3_Small_Weights", "mobilenet_v3_large",
    "mobilenet_v3_small",
]  # fmt: skip


class InvertedResidualConfig:
    """A row of the paper's tables 1 and 2. `activation`: "RE" (ReLU) or "HS" (hard swish)."""

    def __init__(
        self,
        input_channels: int,
        kernel: int,
        expanded_channels: int,
        out_channels: int,
        use_se: bool,
        activation: str,
        stride: int,
        dilation: int,
        width_mult: float,
    ):
        self.input_channels = self.adjust_channels(input_channels, width_mult)
        self.kernel = kernel
        self.expanded_channels = self.adjust_channels(expanded_channels, width_mult)
        self.out_channels = self.adjust_channels(out_channels, width_mult)
        self.use_se = use_se
        self.use_hs = activation == "HS"
        self.stride = stride
        self.dilation = dilation

    @staticmethod
    def adjust_channels(channels: int, width_mult: float) -> int:
        return _make_divisible(channels * width_mult, 8)


class InvertedResidual(nn.Module):
    """Channels widened, filtered one by one, gated, narrowed; beside a shortcut where size and width stay."""

    def __init__(
        self,
        cnf: InvertedResidualConfig,
        norm_layer,
        se_layer=partial(SqueezeExcitation, scale_activation=nn.Hardsigmoid),
    ):
        super().__init__()
        if not 1 <= cnf.stride <= 2:
            raise ValueError("illegal stride value")
        self.use_res_connect = cnf.stride == 1 and cnf.input_channels == cnf.out_channels
        activation = nn.Hardswish if cnf.use_hs else nn.ReLU
        wide = cnf.expanded_channels
        layers = []
        if wide != cnf.input_channels:
            layers.append(
                Conv2dNormActivation(
                    cnf.input_channels, wide, kernel_size=1, norm_layer=norm_layer, activation_layer=activation
                )
            )
        layers.append(
            Conv2dNormActivation(
                wide,
                wide,
                kernel_size=cnf.kernel,
                stride=1 if cnf.dilation > 1 else cnf.stride,
                dilation=cnf.dilation,
                groups=wide,
                norm_layer=norm_layer,
                activation_layer=activation,
            )
        )
        if cnf.use_se:
            layers.append(se_layer(wide, _make_divisible(wide // 4, 8)))
        layers.append(
            Conv2dNormActivation(wide, cnf.out_channels, kernel_size=1, norm_layer=norm_layer, activation_layer=None)
        )
        self.block = nn.Sequential(*layers)
        self.out_channels = cnf.out_channels
        self._is_cn = cnf.stride > 1

    def forward(self, input):
        result = self.block(input)
        if self.use_res_connect:
            result += input
        return result


class MobileNetV3(nn.Module):
    """Images (N, 3, H, W) to logits (N, num_classes)."""

    def __init__(
        self,
        inverted_residual_setting: list[InvertedResidualConfig],
        last_channel: int,
        num_classes: int = 1000,
        block=None,
        norm_layer=None,
        dropout: float = 0.2,
        **kwargs,
    ) -> None:
        super().__init__()
        _check_setting(inverted_residual_setting)
        block = block or InvertedResidual
        norm_layer = norm_layer or partial(nn.BatchNorm2d, eps=0.001, momentum=0.01)
        same = {"norm_layer": norm_layer, "activation_layer": nn.Hardswish}
        first = inverted_residual_setting[0].input_channels
        last = inverted_residual_setting[-1].out_channels
        self.features = nn.Sequential(
            Conv2dNormActivation(3, first, kernel_size=3, stride=2, **same),
            *[block(cnf, norm_layer) for cnf in inverted_residual_setting],
            Conv2dNormActivation(last, 6 * last, kernel_size=1, **same),
        )
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(
            nn.Linear(6 * last, last_channel),
            nn.Hardswish(inplace=True),
            nn.Dropout(p=dropout, inplace=True),
            nn.Linear(last_channel, num_classes),
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, (nn.BatchNorm2d, nn.GroupNorm)):
                nn.init.ones_(module.weight)
                nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, 0, 0.01)
                nn.init.zeros_(module.bias)

    def _forward_impl(self, x):
        x = self.avgpool(self.features(x))
        return self.classifier(torch.flatten(x, 1))

    def forward(self, x):
        return self._forward_impl(x)


def _check_setting(setting) -> None:
    from collections.abc import Sequence

    if not setting:
        raise ValueError("The inverted_residual_setting should not be empty")
    if not (isinstance(setting, Sequence) and all(isinstance(cnf, InvertedResidualConfig) for cnf in setting)):
        raise TypeError("The inverted_residual_setting should be List[InvertedResidualConfig]")


def _mobilenet_v3_conf(
    arch: str, width_mult: float = 1.0, reduced_tail: bool = False, dilated: bool = False, **kwargs
):
    """(rows, width of the last layer but one). `reduced_tail` halves the last rows, `dilated` keeps their size."""
    less = 2 if reduced_tail else 1
    dilation = 2 if dilated else 1
    row = partial(InvertedResidualConfig, width_mult=width_mult)
    if arch == "mobilenet_v3_large":
        rows = [
            row(16, 3, 16, 16, False, "RE", 1, 1),
            row(16, 3, 64, 24, False, "RE", 2, 1),
            row(24, 3, 72, 24, False, "RE", 1, 1),
            row(24, 5, 72, 40, True, "RE", 2, 1),
            row(40, 5, 120, 40, True, "RE", 1, 1),
            row(40, 5, 120, 40, True, "RE", 1, 1),
            row(40, 3, 240, 80, False, "HS", 2, 1),
            row(80, 3, 200, 80, False, "HS", 1, 1),
            row(80, 3, 184, 80, False, "HS", 1, 1),
            row(80, 3, 184, 80, False, "HS", 1, 1),
            row(80, 3, 480, 112, True, "HS", 1, 1),
            row(112, 3, 672, 112, True, "HS", 1, 1),
            row(112, 5, 672, 160 // less, True, "HS", 2, dilation),
            row(160 // less, 5, 960 // less, 160 // less, True, "HS", 1, dilation),
            row(160 // less, 5, 960 // less, 160 // less, True, "HS", 1, dilation),
        ]
        last_channel = 1280 // less
    elif arch == "mobilenet_v3_small":
        rows = [
            row(16, 3, 16, 16, True, "RE", 2, 1),
            row(16, 3, 72, 24, False, "RE", 2, 1),
            row(24, 3, 88, 24, False, "RE", 1, 1),
            row(24, 5, 96, 40, True, "HS", 2, 1),
            row(40, 5, 240, 40, True, "HS", 1, 1),
            row(40, 5, 240, 40, True, "HS", 1, 1),
            row(40, 5, 120, 48, True, "HS", 1, 1),
            row(48, 5, 144, 48, True, "HS", 1, 1),
            row(48, 5, 288, 96 // less, True, "HS", 2, dilation),
            row(96 // less, 5, 576 // less, 96 // less, True, "HS", 1, dilation),
            row(96 // less, 5, 576 // less, 96 // less, True, "HS", 1, dilation),
        ]
        last_channel = 1024 // less
    else:
        raise ValueError(f"Unsupported model type {arch}")
    return rows, InvertedResidualConfig.adjust_channels(last_channel, width_mult)


def _mobilenet_v3(
    inverted_residual_setting: list[InvertedResidualConfig],
    last_channel: int,
    weights: WeightsEnum | None,
    progress: bool,
    **kwargs,
) -> MobileNetV3:
    return build(MobileNetV3, weights, progress, inverted_residual_setting, last_channel, **kwargs)


class MobileNet_V3_Large_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "mobilenet_v3_large-8738ca79", 5_483_032, (74.042, 91.34), 0.217, 21.114,
        "tree/main/references/classification#mobilenetv3-large--small",
    )  # fmt: skip
    IMAGENET1K_V2 = imagenet(
        "mobilenet_v3_large-5c1a4163", 5_483_032, (75.274, 92.566), 0.217, 21.107,
        "issues/3995#new-recipe-with-reg-tuning", resize_size=232,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V2


class MobileNet_V3_Small_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "mobilenet_v3_small-047dcff4", 2_542_856, (67.668, 87.402), 0.057, 9.829,
        "tree/main/references/classification#mobilenetv3-large--small",
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V1


@published(MobileNet_V3_Large_Weights.IMAGENET1K_V1)
def mobilenet_v3_large(
    *, weights: MobileNet_V3_Large_Weights | None = None, progress: bool = True, **kwargs
) -> MobileNetV3:
    """MobileNet v3, large."""
    rows, last_channel = _mobilenet_v3_conf("mobilenet_v3_large", **kwargs)
    return _mobilenet_v3(rows, last_channel, weights, progress, **kwargs)


@published(MobileNet_V3_Small_Weights.IMAGENET1K_V1)
def mobilenet_v3_small(
    *, weights: MobileNet_V3_Small_Weights | None = None, progress: bool = True, **kwargs
) -> MobileNetV3:
    """MobileNet v3, small."""
    rows, last_channel = _mobilenet_v3_conf("mobilenet_v3_small", **kwargs)
    return _mobilenet_v3(rows, last_channel, weights, progress, **kwargs)
