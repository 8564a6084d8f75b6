"""Vision Transformer (Dosovitskiy et al., 2020)."""

import math
from collections import OrderedDict, namedtuple
from functools import partial

import rushlight as torch
from rushlight.vision.models._api import WeightsEnum
from rushlight.vision.models._utils import _ovewrite_named_param, build, published
from rushlight.vision.models._weights import SWAG_LICENSE, imagenet
from rushlight.vision.ops.misc import MLP, Conv2dNormActivation
from rushlight.vision.transforms.functional import InterpolationMode

nn = torch.nn

__all__ = [
    "VisionTransformer", "ViT_B_16_Weights", "ViT_B_32_Weights", "ViT_L_16_Weights", "ViT_L_32_Weights",
    "ViT_H_14_Weights", "vit_b_16", "vit_b_32", "vit_l_16", "vit_l_32", "vit_h_14",
]  # fmt: skip

# a layer of convolutions in place of the patches' projection (Xiao et al., 2021)
ConvStemConfig = namedtuple(
    "ConvStemConfig",
    ["out_channels", "kernel_size", "stride", "norm_layer", "activation_layer"],
    defaults=[nn.BatchNorm2d, nn.ReLU],
)

_layer_norm = partial(nn.LayerNorm, eps=1e-6)


class MLPBlock(MLP):
    """Two linear layers with GELU between and dropout after each."""

    _version = 2

    def __init__(self, in_dim: int, mlp_dim: int, dropout: float):
        super().__init__(in_dim, [mlp_dim, in_dim], activation_layer=nn.GELU, inplace=None, dropout=dropout)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.normal_(module.bias, std=1e-6)

    def _load_from_state_dict(
        self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
    ):
        if local_metadata.get("version", None) is None or local_metadata["version"] < 2:
            for old, new in (("linear_1", "0"), ("linear_2", "3")):  # their names in version 1
                for kind in ("weight", "bias"):
                    if f"{prefix}{old}.{kind}" in state_dict:
                        state_dict[f"{prefix}{new}.{kind}"] = state_dict.pop(f"{prefix}{old}.{kind}")
        super()._load_from_state_dict(
            state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
        )


class EncoderBlock(nn.Module):
    """Attention and MLP, each after a norm and beside a shortcut; (N, tokens, hidden_dim) to the same shape."""

    def __init__(
        self,
        num_heads: int,
        hidden_dim: int,
        mlp_dim: int,
        dropout: float,
        attention_dropout: float,
        norm_layer=_layer_norm,
    ):
        super().__init__()
        self.num_heads = num_heads
        self.ln_1 = norm_layer(hidden_dim)
        self.self_attention = nn.MultiheadAttention(hidden_dim, num_heads, dropout=attention_dropout, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.ln_2 = norm_layer(hidden_dim)
        self.mlp = MLPBlock(hidden_dim, mlp_dim, dropout)

    def forward(self, input):
        _check_tokens(input)
        x = self.ln_1(input)
        x, _ = self.self_attention(x, x, x, need_weights=False)
        x = self.dropout(x) + input
        return x + self.mlp(self.ln_2(x))


def _check_tokens(input) -> None:
    if input.dim() != 3:
        raise AssertionError(f"Expected (batch_size, seq_length, hidden_dim) got {input.shape}")


class Encoder(nn.Module):
    """Tokens (N, seq_length, hidden_dim) with their places added, through `num_layers` blocks."""

    def __init__(
        self,
        seq_length: int,
        num_layers: int,
        num_heads: int,
        hidden_dim: int,
        mlp_dim: int,
        dropout: float,
        attention_dropout: float,
        norm_layer=_layer_norm,
    ):
        super().__init__()
        self.pos_embedding = nn.Parameter(torch.empty(1, seq_length, hidden_dim).normal_(std=0.02))
        self.dropout = nn.Dropout(dropout)
        blocks = OrderedDict()
        for i in range(num_layers):
            blocks[f"encoder_layer_{i}"] = EncoderBlock(
                num_heads, hidden_dim, mlp_dim, dropout, attention_dropout, norm_layer
            )
        self.layers = nn.Sequential(blocks)
        self.ln = norm_layer(hidden_dim)

    def forward(self, input):
        _check_tokens(input)
        return self.ln(self.layers(self.dropout(input + self.pos_embedding)))


class VisionTransformer(nn.Module):
    """Images (N, 3, image_size, image_size), cut into patches, to logits (N, num_classes)."""

    def __init__(
        self,
        image_size: int,
        patch_size: int,
        num_layers: int,
        num_heads: int,
        hidden_dim: int,
        mlp_dim: int,
        dropout: float = 0.0,
        attention_dropout: float = 0.0,
        num_classes: int = 1000,
        representation_size: int | None = None,
        norm_layer=_layer_norm,
        conv_stem_configs: list[ConvStemConfig] | None = None,
    ):
        super().__init__()
        if image_size % patch_size:
            raise AssertionError("Input shape indivisible by patch size!")
        self.image_size = image_size
        self.patch_size = patch_size
        self.hidden_dim = hidden_dim
        self.mlp_dim = mlp_dim
        self.attention_dropout = attention_dropout
        self.dropout = dropout
        self.num_classes = num_classes
        self.representation_size = representation_size
        self.norm_layer = norm_layer
        if conv_stem_configs is not None:
            self.conv_proj = _convolutional_stem(conv_stem_configs, hidden_dim)
        else:
            self.conv_proj = nn.Conv2d(3, hidden_dim, kernel_size=patch_size, stride=patch_size)
        seq_length = (image_size // patch_size) ** 2 + 1  # and the class's token
        self.class_token = nn.Parameter(torch.zeros(1, 1, hidden_dim))
        self.encoder = Encoder(
            seq_length, num_layers, num_heads, hidden_dim, mlp_dim, dropout, attention_dropout, norm_layer
        )
        self.seq_length = seq_length
        heads = OrderedDict()
        if representation_size is None:
            heads["head"] = nn.Linear(hidden_dim, num_classes)
        else:
            heads["pre_logits"] = nn.Linear(hidden_dim, representation_size)
            heads["act"] = nn.Tanh()
            heads["head"] = nn.Linear(representation_size, num_classes)
        self.heads = nn.Sequential(heads)
        self._initialise()

    def _initialise(self) -> None:
        if isinstance(self.conv_proj, nn.Conv2d):
            fan_in = self.conv_proj.in_channels * self.conv_proj.kernel_size[0] * self.conv_proj.kernel_size[1]
            nn.init.trunc_normal_(self.conv_proj.weight, std=math.sqrt(1 / fan_in))
            if self.conv_proj.bias is not None:
                nn.init.zeros_(self.conv_proj.bias)
        elif isinstance(getattr(self.conv_proj, "conv_last", None), nn.Conv2d):
            last = self.conv_proj.conv_last
            nn.init.normal_(last.weight, mean=0.0, std=math.sqrt(2.0 / last.out_channels))
            if last.bias is not None:
                nn.init.zeros_(last.bias)
        if isinstance(getattr(self.heads, "pre_logits", None), nn.Linear):
            fan_in = self.heads.pre_logits.in_features
            nn.init.trunc_normal_(self.heads.pre_logits.weight, std=math.sqrt(1 / fan_in))
            nn.init.zeros_(self.heads.pre_logits.bias)
        nn.init.zeros_(self.heads.head.weight)
        nn.init.zeros_(self.heads.head.bias)

    def _process_input(self, x):
        """Images as tokens (N, patches, hidden_dim)."""
        n, _, height, width = x.shape
        for name, size in (("height", height), ("width", width)):
            if size != self.image_size:
                raise AssertionError(f"Wrong image {name}! Expected {self.image_size} but got {size}!")
        patches = (height // self.patch_size) * (width // self.patch_size)
        return self.conv_proj(x).reshape(n, self.hidden_dim, patches).permute(0, 2, 1)

    def forward(self, x):
        x = self._process_input(x)
        class_token = self.class_token.expand(x.shape[0], -1, -1)
        x = self.encoder(torch.cat([class_token, x], dim=1))
        return self.heads(x[:, 0])


def _convolutional_stem(configs: list[ConvStemConfig], hidden_dim: int):
    stem = nn.Sequential()
    channels = 3
    for i, layer in enumerate(configs):
        stem.add_module(
            f"conv_bn_relu_{i}",
            Conv2dNormActivation(
                in_channels=channels,
                out_channels=layer.out_channels,
                kernel_size=layer.kernel_size,
                stride=layer.stride,
                norm_layer=layer.norm_layer,
                activation_layer=layer.activation_layer,
            ),
        )
        channels = layer.out_channels
    stem.add_module("conv_last", nn.Conv2d(channels, hidden_dim, kernel_size=1))
    return stem


def _vision_transformer(
    patch_size: int,
    num_layers: int,
    num_heads: int,
    hidden_dim: int,
    mlp_dim: int,
    weights: WeightsEnum | None,
    progress: bool,
    **kwargs,
) -> VisionTransformer:
    if weights is not None:
        side, other = weights.meta["min_size"]
        if side != other:
            raise ValueError(f"Currently we only support a 1-1 mapping; the weights are for images of {side}x{other}")
        _ovewrite_named_param(kwargs, "image_size", side)
    return build(
        VisionTransformer,
        weights,
        progress,
        image_size=kwargs.pop("image_size", 224),
        patch_size=patch_size,
        num_layers=num_layers,
        num_heads=num_heads,
        hidden_dim=hidden_dim,
        mlp_dim=mlp_dim,
        **kwargs,
    )


class ViT_B_16_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "vit_b_16-c867db91", 86_567_656, (81.072, 95.318), 17.564, 330.285,
        "tree/main/references/classification#vit_b_16", min_size=224,
    )  # fmt: skip
    IMAGENET1K_SWAG_E2E_V1 = imagenet(
        "vit_b_16_swag-9ac1b537", 86_859_496, (85.304, 97.65), 55.484, 331.398,
        "https://github.com/facebookresearch/SWAG", min_size=384, crop_size=384, resize_size=384,
        interpolation=InterpolationMode.BICUBIC, license=SWAG_LICENSE,
    )  # fmt: skip
    IMAGENET1K_SWAG_LINEAR_V1 = imagenet(
        "vit_b_16_lc_swag-4e70ced5", 86_567_656, (81.886, 96.18), 17.564, 330.285, "pull/5793", min_size=224,
        resize_size=224, interpolation=InterpolationMode.BICUBIC, license=SWAG_LICENSE,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V1


class ViT_B_32_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "vit_b_32-d86f8d99", 88_224_232, (75.912, 92.466), 4.409, 336.604,
        "tree/main/references/classification#vit_b_32", min_size=224,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V1


class ViT_L_16_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "vit_l_16-852ce7e3", 304_326_632, (79.662, 94.638), 61.555, 1161.023,
        "tree/main/references/classification#vit_l_16", min_size=224, resize_size=242,
    )  # fmt: skip
    IMAGENET1K_SWAG_E2E_V1 = imagenet(
        "vit_l_16_swag-4f3808c9", 305_174_504, (88.064, 98.512), 361.986, 1164.258,
        "https://github.com/facebookresearch/SWAG", min_size=512, crop_size=512, resize_size=512,
        interpolation=InterpolationMode.BICUBIC, license=SWAG_LICENSE,
    )  # fmt: skip
    IMAGENET1K_SWAG_LINEAR_V1 = imagenet(
        "vit_l_16_lc_swag-4d563306", 304_326_632, (85.146, 97.422), 61.555, 1161.023, "pull/5793", min_size=224,
        resize_size=224, interpolation=InterpolationMode.BICUBIC, license=SWAG_LICENSE,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V1


class ViT_L_32_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "vit_l_32-c7638314", 306_535_400, (76.972, 93.07), 15.378, 1169.449,
        "tree/main/references/classification#vit_l_32", min_size=224,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V1


class ViT_H_14_Weights(WeightsEnum):
    IMAGENET1K_SWAG_E2E_V1 = imagenet(
        "vit_h_14_swag-80465313", 633_470_440, (88.552, 98.694), 1016.717, 2416.643,
        "https://github.com/facebookresearch/SWAG", min_size=518, crop_size=518, resize_size=518,
        interpolation=InterpolationMode.BICUBIC, license=SWAG_LICENSE,
    )  # fmt: skip
    IMAGENET1K_SWAG_LINEAR_V1 = imagenet(
        "vit_h_14_lc_swag-c1eb923e", 632_045_800, (85.708, 97.73), 167.295, 2411.209, "pull/5793", min_size=224,
        resize_size=224, interpolation=InterpolationMode.BICUBIC, license=SWAG_LICENSE,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_SWAG_E2E_V1


@published(ViT_B_16_Weights.IMAGENET1K_V1)
def vit_b_16(*, weights: ViT_B_16_Weights | None = None, progress: bool = True, **kwargs) -> VisionTransformer:
    """ViT-Base with patches of 16 x 16."""
    return _vision_transformer(16, 12, 12, 768, 3072, weights, progress, **kwargs)


@published(ViT_B_32_Weights.IMAGENET1K_V1)
def vit_b_32(*, weights: ViT_B_32_Weights | None = None, progress: bool = True, **kwargs) -> VisionTransformer:
    """ViT-Base with patches of 32 x 32."""
    return _vision_transformer(32, 12, 12, 768, 3072, weights, progress, **kwargs)


@published(ViT_L_16_Weights.IMAGENET1K_V1)
def vit_l_16(*, weights: ViT_L_16_Weights | None = None, progress: bool = True, **kwargs) -> VisionTransformer:
    """ViT-Large with patches of 16 x 16."""
    return _vision_transformer(16, 24, 16, 1024, 4096, weights, progress, **kwargs)


@published(ViT_L_32_Weights.IMAGENET1K_V1)
def vit_l_32(*, weights: ViT_L_32_Weights | None = None, progress: bool = True, **kwargs) -> VisionTransformer:
    """ViT-Large with patches of 32 x 32."""
    return _vision_transformer(32, 24, 16, 1024, 4096, weights, progress, **kwargs)


@published(ViT_H_14_Weights.IMAGENET1K_SWAG_E2E_V1)
def vit_h_14(*, weights: ViT_H_14_Weights | None = None, progress: bool = True, **kwargs) -> VisionTransformer:
    """ViT-Huge with patches of 14 x 14."""
    return _vision_transformer(14, 32, 16, 1280, 5120, weights, progress, **kwargs)


def interpolate_embeddings(
    image_size: int,
    patch_size: int,
    model_state,
    interpolation_mode: str = "bicubic",
    reset_heads: bool = False,
):
    """A state dict for images of another size: the places are interpolated. With `reset_heads`, without heads."""
    places = model_state["encoder.pos_embedding"]
    n, seq_length, hidden_dim = places.shape
    if n != 1:
        raise ValueError(f"Unexpected position embedding shape: {places.shape}")
    new_seq_length = (image_size // patch_size) ** 2 + 1
    if new_seq_length == seq_length:
        return model_state
    token, grid = places[:, :1, :], places[:, 1:, :].permute(0, 2, 1)
    side = int(math.sqrt(seq_length - 1))
    if side * side != seq_length - 1:
        raise ValueError(
            f"seq_length is not a perfect square! Instead got seq_length_1d * seq_length_1d = {side * side} "
            f"and seq_length = {seq_length - 1}"
        )
    new_side = image_size // patch_size
    grid = nn.functional.interpolate(
        grid.reshape(1, hidden_dim, side, side), size=new_side, mode=interpolation_mode, align_corners=True
    )
    grid = grid.reshape(1, hidden_dim, new_seq_length - 1).permute(0, 2, 1)
    model_state["encoder.pos_embedding"] = torch.cat([token, grid], dim=1)
    if reset_heads:
        return OrderedDict((name, value) for name, value in model_state.items() if not name.startswith("heads"))
    return model_state
