"""ResNet (He et al., 2015), ResNeXt (Xie et al., 2016) and Wide ResNet (Zagoruyko & Komodakis, 2016)."""

import rushlight as torch
from rushlight.vision.models._api import WeightsEnum
from rushlight.vision.models._utils import _ovewrite_named_param, build, published
from rushlight.vision.models._weights import imagenet

nn = torch.nn

__all__ = [
    "ResNet", "ResNet18_Weights", "ResNet34_Weights", "ResNet50_Weights", "ResNet101_Weights", "ResNet152_Weights",
    "ResNeXt50_32X4D_Weights", "ResNeXt101_32X8D_Weights", "ResNeXt101_64X4D_Weights", "Wide_ResNet50_2_Weights",
    "Wide_ResNet101_2_Weights", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "resnext50_32x4d",
    "resnext101_32x8d", "resnext101_64x4d", "wide_resnet50_2", "wide_resnet101_2",
]  # fmt: skip


def conv3x3(in_planes: int, out_planes: int, stride: int = 1, groups: int = 1, dilation: int = 1):
    """A 3x3 convolution without bias that keeps the size, but for its stride."""
    return nn.Conv2d(
        in_planes, out_planes, kernel_size=3, stride=stride, padding=dilation, groups=groups, bias=False,
        dilation=dilation,
    )  # fmt: skip


def conv1x1(in_planes: int, out_planes: int, stride: int = 1):
    """A 1x1 convolution without bias."""
    return nn.Conv2d(in_planes, out_planes, kernel_size=1, stride=stride, bias=False)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut."""

    expansion: int = 1

    def __init__(
        self,
        inplanes: int,
        planes: int,
        stride: int = 1,
        downsample=None,
        groups: int = 1,
        base_width: int = 64,
        dilation: int = 1,
        norm_layer=None,
    ) -> None:
        super().__init__()
        if groups != 1 or base_width != 64:
            raise ValueError("BasicBlock only supports groups=1 and base_width=64")
        if dilation > 1:
            raise NotImplementedError("Dilation > 1 not supported in BasicBlock")
        norm_layer = norm_layer or nn.BatchNorm2d
        self.conv1 = conv3x3(inplanes, planes, stride)
        self.bn1 = norm_layer(planes)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = conv3x3(planes, planes)
        self.bn2 = norm_layer(planes)
        self.downsample = downsample
        self.stride = stride

    def forward(self, x):
        shortcut = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += shortcut
        return self.relu(out)


class Bottleneck(nn.Module):
    """A 3x3 convolution between two 1x1 ones, beside a shortcut. The stride is the 3x3's (ResNet v1.5)."""

    expansion: int = 4

    def __init__(
        self,
        inplanes: int,
        planes: int,
        stride: int = 1,
        downsample=None,
        groups: int = 1,
        base_width: int = 64,
        dilation: int = 1,
        norm_layer=None,
    ) -> None:
        super().__init__()
        norm_layer = norm_layer or nn.BatchNorm2d
        width = int(planes * (base_width / 64.0)) * groups
        self.conv1 = conv1x1(inplanes, width)
        self.bn1 = norm_layer(width)
        self.conv2 = conv3x3(width, width, stride, groups, dilation)
        self.bn2 = norm_layer(width)
        self.conv3 = conv1x1(width, planes * self.expansion)
        self.bn3 = norm_layer(planes * self.expansion)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = downsample
        self.stride = stride

    def forward(self, x):
        shortcut = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        out += shortcut
        return self.relu(out)


class ResNet(nn.Module):
    """Four stages of `layers` blocks each; images (N, 3, H, W) to logits (N, num_classes).

    `replace_stride_with_dilation` says for the last three stages whether to dilate instead of striding.
    """

    def __init__(
        self,
        block,
        layers: list[int],
        num_classes: int = 1000,
        zero_init_residual: bool = False,
        groups: int = 1,
        width_per_group: int = 64,
        replace_stride_with_dilation: list[bool] | None = None,
        norm_layer=None,
    ) -> None:
        super().__init__()
        self._norm_layer = norm_layer or nn.BatchNorm2d
        self.inplanes = 64
        self.dilation = 1
        dilate = replace_stride_with_dilation
        if dilate is None:
            dilate = [False, False, False]
        if len(dilate) != 3:
            raise ValueError(
                f"replace_stride_with_dilation should be None or a 3-element tuple, got {replace_stride_with_dilation}"
            )
        self.groups = groups
        self.base_width = width_per_group
        self.conv1 = nn.Conv2d(3, self.inplanes, kernel_size=7, stride=2, padding=3, bias=False)
        self.bn1 = self._norm_layer(self.inplanes)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        self.layer1 = self._make_layer(block, 64, layers[0])
        self.layer2 = self._make_layer(block, 128, layers[1], stride=2, dilate=dilate[0])
        self.layer3 = self._make_layer(block, 256, layers[2], stride=2, dilate=dilate[1])
        self.layer4 = self._make_layer(block, 512, layers[3], stride=2, dilate=dilate[2])
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(512 * block.expansion, num_classes)
        self._initialise(zero_init_residual)

    def _initialise(self, zero_init_residual: bool) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(module, (nn.BatchNorm2d, nn.GroupNorm)):
                nn.init.constant_(module.weight, 1)
                nn.init.constant_(module.bias, 0)
        if zero_init_residual:  # every block begins as its shortcut (Goyal et al., 2017)
            for module in self.modules():
                if isinstance(module, Bottleneck) and module.bn3.weight is not None:
                    nn.init.constant_(module.bn3.weight, 0)
                elif isinstance(module, BasicBlock) and module.bn2.weight is not None:
                    nn.init.constant_(module.bn2.weight, 0)

    def _make_layer(self, block, planes: int, blocks: int, stride: int = 1, dilate: bool = False):
        """A stage: the first block changes size and width, through its shortcut too."""
        before = self.dilation
        if dilate:
            self.dilation *= stride
            stride = 1
        width = planes * block.expansion
        downsample = None
        if stride != 1 or self.inplanes != width:
            downsample = nn.Sequential(conv1x1(self.inplanes, width, stride), self._norm_layer(width))
        shared = self.groups, self.base_width
        layers = [block(self.inplanes, planes, stride, downsample, *shared, before, self._norm_layer)]
        self.inplanes = width
        for _ in range(1, blocks):
            layers.append(block(width, planes, 1, None, *shared, self.dilation, self._norm_layer))
        return nn.Sequential(*layers)

    def _forward_impl(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))

    def forward(self, x):
        return self._forward_impl(x)


def _resnet(block, layers: list[int], weights: WeightsEnum | None, progress: bool, **kwargs) -> ResNet:
    return build(ResNet, weights, progress, block, layers, **kwargs)


class ResNet18_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "resnet18-f37072fd", 11_689_512, (69.758, 89.078), 1.814, 44.661,
        "tree/main/references/classification#resnet",
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V1


class ResNet34_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "resnet34-b627a593", 21_797_672, (73.314, 91.42), 3.664, 83.275,
        "tree/main/references/classification#resnet",
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V1


class ResNet50_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "resnet50-0676ba61", 25_557_032, (76.13, 92.862), 4.089, 97.781,
        "tree/main/references/classification#resnet",
    )  # fmt: skip
    IMAGENET1K_V2 = imagenet(
        "resnet50-11ad3fa6", 25_557_032, (80.858, 95.434), 4.089, 97.79, "issues/3995#issuecomment-1013906621",
        resize_size=232,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V2


class ResNet101_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "resnet101-63fe2227", 44_549_160, (77.374, 93.546), 7.801, 170.511,
        "tree/main/references/classification#resnet",
    )  # fmt: skip
    IMAGENET1K_V2 = imagenet(
        "resnet101-cd907fc2", 44_549_160, (81.886, 95.78), 7.801, 170.53, "issues/3995#new-recipe", resize_size=232,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V2


class ResNet152_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "resnet152-394f9c45", 60_192_808, (78.312, 94.046), 11.514, 230.434,
        "tree/main/references/classification#resnet",
    )  # fmt: skip
    IMAGENET1K_V2 = imagenet(
        "resnet152-f82ba261", 60_192_808, (82.284, 96.002), 11.514, 230.474, "issues/3995#new-recipe",
        resize_size=232,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V2


class ResNeXt50_32X4D_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "resnext50_32x4d-7cdf4587", 25_028_904, (77.618, 93.698), 4.23, 95.789,
        "tree/main/references/classification#resnext",
    )  # fmt: skip
    IMAGENET1K_V2 = imagenet(
        "resnext50_32x4d-1a0047aa", 25_028_904, (81.198, 95.34), 4.23, 95.833, "issues/3995#new-recipe",
        resize_size=232,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V2


class ResNeXt101_32X8D_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "resnext101_32x8d-8ba56ff5", 88_791_336, (79.312, 94.526), 16.414, 339.586,
        "tree/main/references/classification#resnext",
    )  # fmt: skip
    IMAGENET1K_V2 = imagenet(
        "resnext101_32x8d-110c445d", 88_791_336, (82.834, 96.228), 16.414, 339.673,
        "issues/3995#new-recipe-with-fixres", resize_size=232,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V2


class ResNeXt101_64X4D_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "resnext101_64x4d-173b62eb", 83_455_272, (83.246, 96.454), 15.46, 319.318, "pull/5935", resize_size=232,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V1


class Wide_ResNet50_2_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "wide_resnet50_2-95faca4d", 68_883_240, (78.468, 94.086), 11.398, 131.82, "pull/912#issue-445437439",
    )  # fmt: skip
    IMAGENET1K_V2 = imagenet(
        "wide_resnet50_2-9ba9bcbe", 68_883_240, (81.602, 95.758), 11.398, 263.124,
        "issues/3995#new-recipe-with-fixres", resize_size=232,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V2


class Wide_ResNet101_2_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "wide_resnet101_2-32ee1156", 126_886_696, (78.848, 94.284), 22.753, 242.896, "pull/912#issue-445437439",
    )  # fmt: skip
    IMAGENET1K_V2 = imagenet(
        "wide_resnet101_2-d733dc28", 126_886_696, (82.51, 96.02), 22.753, 484.747, "issues/3995#new-recipe",
        resize_size=232,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V2


@published(ResNet18_Weights.IMAGENET1K_V1)
def resnet18(*, weights: ResNet18_Weights | None = None, progress: bool = True, **kwargs) -> ResNet:
    """ResNet of 18 layers."""
    return _resnet(BasicBlock, [2, 2, 2, 2], weights, progress, **kwargs)


@published(ResNet34_Weights.IMAGENET1K_V1)
def resnet34(*, weights: ResNet34_Weights | None = None, progress: bool = True, **kwargs) -> ResNet:
    """ResNet of 34 layers."""
    return _resnet(BasicBlock, [3, 4, 6, 3], weights, progress, **kwargs)


@published(ResNet50_Weights.IMAGENET1K_V1)
def resnet50(*, weights: ResNet50_Weights | None = None, progress: bool = True, **kwargs) -> ResNet:
    """ResNet of 50 layers."""
    return _resnet(Bottleneck, [3, 4, 6, 3], weights, progress, **kwargs)


@published(ResNet101_Weights.IMAGENET1K_V1)
def resnet101(*, weights: ResNet101_Weights | None = None, progress: bool = True, **kwargs) -> ResNet:
    """ResNet of 101 layers."""
    return _resnet(Bottleneck, [3, 4, 23, 3], weights, progress, **kwargs)


@published(ResNet152_Weights.IMAGENET1K_V1)
def resnet152(*, weights: ResNet152_Weights | None = None, progress: bool = True, **kwargs) -> ResNet:
    """ResNet of 152 layers."""
    return _resnet(Bottleneck, [3, 8, 36, 3], weights, progress, **kwargs)


@published(ResNeXt50_32X4D_Weights.IMAGENET1K_V1)
def resnext50_32x4d(*, weights: ResNeXt50_32X4D_Weights | None = None, progress: bool = True, **kwargs) -> ResNet:
    """ResNeXt of 50 layers, 32 groups of 4 channels."""
    _ovewrite_named_param(kwargs, "groups", 32)
    _ovewrite_named_param(kwargs, "width_per_group", 4)
    return _resnet(Bottleneck, [3, 4, 6, 3], weights, progress, **kwargs)


@published(ResNeXt101_32X8D_Weights.IMAGENET1K_V1)
def resnext101_32x8d(*, weights: ResNeXt101_32X8D_Weights | None = None, progress: bool = True, **kwargs) -> ResNet:
    """ResNeXt of 101 layers, 32 groups of 8 channels."""
    _ovewrite_named_param(kwargs, "groups", 32)
    _ovewrite_named_param(kwargs, "width_per_group", 8)
    return _resnet(Bottleneck, [3, 4, 23, 3], weights, progress, **kwargs)


@published(ResNeXt101_64X4D_Weights.IMAGENET1K_V1)
def resnext101_64x4d(*, weights: ResNeXt101_64X4D_Weights | None = None, progress: bool = True, **kwargs) -> ResNet:
    """ResNeXt of 101 layers, 64 groups of 4 channels."""
    _ovewrite_named_param(kwargs, "groups", 64)
    _ovewrite_named_param(kwargs, "width_per_group", 4)
    return _resnet(Bottleneck, [3, 4, 23, 3], weights, progress, **kwargs)


@published(Wide_ResNet50_2_Weights.IMAGENET1K_V1)
def wide_resnet50_2(*, weights: Wide_ResNet50_2_Weights | None = None, progress: bool = True, **kwargs) -> ResNet:
    """ResNet of 50 layers, its 3x3 convolutions twice as wide."""
    _ovewrite_named_param(kwargs, "width_per_group", 64 * 2)
    return _resnet(Bottleneck, [3, 4, 6, 3], weights, progress, **kwargs)


@published(Wide_ResNet101_2_Weights.IMAGENET1K_V1)
def wide_resnet101_2(*, weights: Wide_ResNet101_2_Weights | None = None, progress: bool = True, **kwargs) -> ResNet:
    """ResNet of 101 layers, its 3x3 convolutions twice as wide."""
    _ovewrite_named_param(kwargs, "width_per_group", 64 * 2)
    return _resnet(Bottleneck, [3, 4, 23, 3], weights, progress, **kwargs)
