"""MobileNet v2 (Sandler et al., 2018)."""

import rushlight as torch
from rushlight.vision.models._api import WeightsEnum
from rushlight.vision.models._utils import _make_divisible, build, published
from rushlight.vision.models._weights import imagenet
from rushlight.vision.ops.misc import Conv2dNormActivation

nn = torch.nn

__all__ = ["MobileNetV2", "MobileNet_V2_Weights", "mobilenet_v2"]


class InvertedResidual(nn.Module):
    """Channels widened, filtered one by one, narrowed again; beside a shortcut where size and width stay."""

    def __init__(self, inp: int, oup: int, stride: int, expand_ratio: int, norm_layer=None) -> None:
        super().__init__()
        if stride not in (1, 2):
            raise ValueError(f"stride should be 1 or 2 instead of {stride}")
        norm_layer = norm_layer or nn.BatchNorm2d
        self.stride = stride
        self.use_res_connect = stride == 1 and inp == oup
        wide = int(round(inp * expand_ratio))
        same = {"norm_layer": norm_layer, "activation_layer": nn.ReLU6}
        layers = []
        if expand_ratio != 1:
            layers.append(Conv2dNormActivation(inp, wide, kernel_size=1, **same))
        layers.append(Conv2dNormActivation(wide, wide, stride=stride, groups=wide, **same))
        layers.append(nn.Conv2d(wide, oup, 1, 1, 0, bias=False))
        layers.append(norm_layer(oup))
        self.conv = nn.Sequential(*layers)
        self.out_channels = oup
        self._is_cn = stride > 1

    def forward(self, x):
        return x + self.conv(x) if self.use_res_connect else self.conv(x)


# expansion, width, number of blocks, stride of the first (table 2 of the paper)
_SETTING = [
    [1, 16, 1, 1],
    [6, 24, 2, 2],
    [6, 32, 3, 2],
    [6, 64, 4, 2],
    [6, 96, 3, 1],
    [6, 160, 3, 2],
    [6, 320, 1, 1],
]


class MobileNetV2(nn.Module):
    """Images (N, 3, H, W) to logits (N, num_classes). Widths are times `width_mult`, multiples of `round_nearest`."""

    def __init__(
        self,
        num_classes: int = 1000,
        width_mult: float = 1.0,
        inverted_residual_setting: list[list[int]] | None = None,
        round_nearest: int = 8,
        block=None,
        norm_layer=None,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        block = block or InvertedResidual
        norm_layer = norm_layer or nn.BatchNorm2d
        setting = _SETTING if inverted_residual_setting is None else inverted_residual_setting
        if len(setting) == 0 or len(setting[0]) != 4:
            raise ValueError(
                f"inverted_residual_setting should be non-empty or a 4-element list, got {inverted_residual_setting}"
            )
        width = _make_divisible(32 * width_mult, round_nearest)
        self.last_channel = _make_divisible(1280 * max(1.0, width_mult), round_nearest)
        features = [Conv2dNormActivation(3, width, stride=2, norm_layer=norm_layer, activation_layer=nn.ReLU6)]
        for expansion, channels, count, stride in setting:
            out = _make_divisible(channels * width_mult, round_nearest)
            for i in range(count):
                step = stride if i == 0 else 1
                features.append(block(width, out, step, expand_ratio=expansion, norm_layer=norm_layer))
                width = out
        features.append(
            Conv2dNormActivation(
                width, self.last_channel, kernel_size=1, norm_layer=norm_layer, activation_layer=nn.ReLU6
            )
        )
        self.features = nn.Sequential(*features)
        self.classifier = nn.Sequential(nn.Dropout(p=dropout), nn.Linear(self.last_channel, num_classes))
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
        x = nn.functional.adaptive_avg_pool2d(self.features(x), (1, 1))
        return self.classifier(torch.flatten(x, 1))

    def forward(self, x):
        return self._forward_impl(x)


class MobileNet_V2_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "mobilenet_v2-b0353104", 3_504_872, (71.878, 90.286), 0.301, 13.555,
        "tree/main/references/classification#mobilenetv2",
    )  # fmt: skip
    IMAGENET1K_V2 = imagenet(
        "mobilenet_v2-7ebf99e0", 3_504_872, (72.154, 90.822), 0.301, 13.598,
        "issues/3995#new-recipe-with-reg-tuning", resize_size=232,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V2


@published(MobileNet_V2_Weights.IMAGENET1K_V1)
def mobilenet_v2(*, weights: MobileNet_V2_Weights | None = None, progress: bool = True, **kwargs) -> MobileNetV2:
    """MobileNet v2."""
    return build(MobileNetV2, weights, progress, **kwargs)
