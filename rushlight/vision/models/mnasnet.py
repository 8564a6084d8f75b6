"""MnasNet (Tan et al., 2018)."""

import rushlight as torch
from rushlight.vision.models._api import WeightsEnum
from rushlight.vision.models._utils import build, published
from rushlight.vision.models._weights import imagenet

nn = torch.nn

__all__ = [
    "MNASNet", "MNASNet0_5_Weights", "MNASNet0_75_Weights", "MNASNet1_0_Weights", "MNASNet1_3_Weights",
    "mnasnet0_5", "mnasnet0_75", "mnasnet1_0", "mnasnet1_3",
]  # fmt: skip

_BN_MOMENTUM = 1 - 0.9997  # TensorFlow's 0.9997


def _norm(channels: int, momentum: float = _BN_MOMENTUM):
    return nn.BatchNorm2d(channels, momentum=momentum)


class _InvertedResidual(nn.Module):
    """Channels widened, filtered one by one, narrowed; beside a shortcut where size and width stay."""

    def __init__(
        self, in_ch: int, out_ch: int, kernel_size: int, stride: int, expansion_factor: int, bn_momentum: float = 0.1
    ) -> None:
        super().__init__()
        if stride not in (1, 2):
            raise ValueError(f"stride should be 1 or 2 instead of {stride}")
        if kernel_size not in (3, 5):
            raise ValueError(f"kernel_size should be 3 or 5 instead of {kernel_size}")
        wide = in_ch * expansion_factor
        self.apply_residual = in_ch == out_ch and stride == 1
        self.layers = nn.Sequential(
            nn.Conv2d(in_ch, wide, 1, bias=False),
            _norm(wide, bn_momentum),
            nn.ReLU(inplace=True),
            nn.Conv2d(wide, wide, kernel_size, padding=kernel_size // 2, stride=stride, groups=wide, bias=False),
            _norm(wide, bn_momentum),
            nn.ReLU(inplace=True),
            nn.Conv2d(wide, out_ch, 1, bias=False),
            _norm(out_ch, bn_momentum),
        )

    def forward(self, input):
        return self.layers(input) + input if self.apply_residual else self.layers(input)


def _stack(
    in_ch: int, out_ch: int, kernel_size: int, stride: int, exp_factor: int, repeats: int, bn_momentum: float
):
    """Blocks, of which the first changes width and takes the stride."""
    if repeats < 1:
        raise ValueError(f"repeats should be >= 1, instead got {repeats}")
    blocks = [_InvertedResidual(in_ch, out_ch, kernel_size, stride, exp_factor, bn_momentum)]
    for _ in range(1, repeats):
        blocks.append(_InvertedResidual(out_ch, out_ch, kernel_size, 1, exp_factor, bn_momentum))
    return nn.Sequential(*blocks)


def _round_to_multiple_of(val: float, divisor: int, round_up_bias: float = 0.9) -> int:
    """The multiple of `divisor` next to `val`, but not less than `round_up_bias` times it."""
    if not 0.0 < round_up_bias < 1.0:
        raise ValueError(f"round_up_bias should be greater than 0.0 and smaller than 1.0 instead of {round_up_bias}")
    near = max(divisor, int(val + divisor / 2) // divisor * divisor)
    return near if near >= round_up_bias * val else near + divisor


def _get_depths(alpha: float) -> list[int]:
    """Widths of the layers, times alpha, in multiples of 8."""
    return [_round_to_multiple_of(depth * alpha, 8) for depth in (32, 16, 24, 40, 80, 96, 192, 320)]


def _stem(first: int, second: int) -> list:
    return [
        nn.Conv2d(3, first, 3, padding=1, stride=2, bias=False),
        _norm(first),
        nn.ReLU(inplace=True),
        nn.Conv2d(first, first, 3, padding=1, stride=1, groups=first, bias=False),
        _norm(first),
        nn.ReLU(inplace=True),
        nn.Conv2d(first, second, 1, padding=0, stride=1, bias=False),
        _norm(second),
    ]


class MNASNet(nn.Module):
    """MnasNet B1, `alpha` times as wide; images (N, 3, H, W) to logits (N, num_classes)."""

    _version = 2  # in version 1 the first two layers were 32 and 16 wide, whatever alpha

    def __init__(self, alpha: float, num_classes: int = 1000, dropout: float = 0.2) -> None:
        super().__init__()
        if alpha <= 0.0:
            raise ValueError(f"alpha should be greater than 0.0 instead of {alpha}")
        self.alpha = alpha
        self.num_classes = num_classes
        depths = _get_depths(alpha)
        self.layers = nn.Sequential(
            *_stem(depths[0], depths[1]),
            _stack(depths[1], depths[2], 3, 2, 3, 3, _BN_MOMENTUM),
            _stack(depths[2], depths[3], 5, 2, 3, 3, _BN_MOMENTUM),
            _stack(depths[3], depths[4], 5, 2, 6, 3, _BN_MOMENTUM),
            _stack(depths[4], depths[5], 3, 1, 6, 2, _BN_MOMENTUM),
            _stack(depths[5], depths[6], 5, 2, 6, 4, _BN_MOMENTUM),
            _stack(depths[6], depths[7], 3, 1, 6, 1, _BN_MOMENTUM),
            nn.Conv2d(depths[7], 1280, 1, padding=0, stride=1, bias=False),
            _norm(1280),
            nn.ReLU(inplace=True),
        )
        self.classifier = nn.Sequential(nn.Dropout(p=dropout, inplace=True), nn.Linear(1280, num_classes))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.ones_(module.weight)
                nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Linear):
                nn.init.kaiming_uniform_(module.weight, mode="fan_out", nonlinearity="sigmoid")
                nn.init.zeros_(module.bias)

    def forward(self, x):
        return self.classifier(self.layers(x).mean([2, 3]))

    def _load_from_state_dict(
        self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
    ) -> None:
        version = local_metadata.get("version", None)
        if version not in (1, 2):
            raise ValueError(f"version should be set to 1 or 2 instead of {version}")
        if version == 1 and self.alpha != 1.0:
            self._become_version_1()
        super()._load_from_state_dict(
            state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
        )

    def _become_version_1(self) -> None:
        import warnings

        depths = _get_depths(self.alpha)
        stem = [*_stem(32, 16), _stack(16, depths[2], 3, 2, 3, 3, _BN_MOMENTUM)]
        for i, layer in enumerate(stem):
            self.layers[i] = layer
        self._version = 1
        warnings.warn(
            "A new version of MNASNet model has been implemented. Your checkpoint was saved using the previous "
            "version. This checkpoint will load and work as before, but you may want to upgrade by training a newer "
            "model or transfer learning from an updated ImageNet checkpoint.",
            UserWarning,
        )


class MNASNet0_5_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "mnasnet0.5_top1_67.823-3ffadce67e", 2_218_512, (67.734, 87.49), 0.104, 8.591,
        "https://github.com/1e100/mnasnet_trainer",
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V1


class MNASNet0_75_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "mnasnet0_75-7090bc5f", 3_170_208, (71.18, 90.496), 0.215, 12.303, "pull/6019", resize_size=232,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V1


class MNASNet1_0_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "mnasnet1.0_top1_73.512-f206786ef8", 4_383_312, (73.456, 91.51), 0.314, 16.915,
        "https://github.com/1e100/mnasnet_trainer",
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V1


class MNASNet1_3_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "mnasnet1_3-a4c69d6f", 6_282_256, (76.506, 93.522), 0.526, 24.246, "pull/6019", resize_size=232,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V1


def _mnasnet(alpha: float, weights: WeightsEnum | None, progress: bool, **kwargs) -> MNASNet:
    return build(MNASNet, weights, progress, alpha, **kwargs)


@published(MNASNet0_5_Weights.IMAGENET1K_V1)
def mnasnet0_5(*, weights: MNASNet0_5_Weights | None = None, progress: bool = True, **kwargs) -> MNASNet:
    """MnasNet, 0.5 times as wide."""
    return _mnasnet(0.5, weights, progress, **kwargs)


@published(MNASNet0_75_Weights.IMAGENET1K_V1)
def mnasnet0_75(*, weights: MNASNet0_75_Weights | None = None, progress: bool = True, **kwargs) -> MNASNet:
    """MnasNet, 0.75 times as wide."""
    return _mnasnet(0.75, weights, progress, **kwargs)


@published(MNASNet1_0_Weights.IMAGENET1K_V1)
def mnasnet1_0(*, weights: MNASNet1_0_Weights | None = None, progress: bool = True, **kwargs) -> MNASNet:
    """MnasNet, 1.0 times as wide."""
    return _mnasnet(1.0, weights, progress, **kwargs)


@published(MNASNet1_3_Weights.IMAGENET1K_V1)
def mnasnet1_3(*, weights: MNASNet1_3_Weights | None = None, progress: bool = True, **kwargs) -> MNASNet:
    """MnasNet, 1.3 times as wide."""
    return _mnasnet(1.3, weights, progress, **kwargs)
