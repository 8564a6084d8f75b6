"""The published weights of EfficientNet, first and second version."""

from rushlight.vision.models._api import WeightsEnum
from rushlight.vision.models._weights import imagenet
from rushlight.vision.transforms.functional import InterpolationMode


class EfficientNet_B0_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "efficientnet_b0_rwightman-7f5810bc", 5_288_548, (77.692, 93.532), 0.386, 20.451,
        "tree/main/references/classification#efficientnet-v1", resize_size=256,
        interpolation=InterpolationMode.BICUBIC,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V1


class EfficientNet_B1_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "efficientnet_b1_rwightman-bac287d4", 7_794_184, (78.642, 94.186), 0.687, 30.134,
        "tree/main/references/classification#efficientnet-v1", crop_size=240, resize_size=256,
        interpolation=InterpolationMode.BICUBIC,
    )  # fmt: skip
    IMAGENET1K_V2 = imagenet(
        "efficientnet_b1-c27df63c", 7_794_184, (79.838, 94.934), 0.687, 30.136,
        "issues/3995#new-recipe-with-lr-wd-crop-tuning", crop_size=240, resize_size=255,
        interpolation=InterpolationMode.BILINEAR,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V2


class EfficientNet_B2_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "efficientnet_b2_rwightman-c35c1473", 9_109_994, (80.608, 95.31), 1.088, 35.174,
        "tree/main/references/classification#efficientnet-v1", crop_size=288, resize_size=288,
        interpolation=InterpolationMode.BICUBIC,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V1


class EfficientNet_B3_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "efficientnet_b3_rwightman-b3899882", 12_233_232, (82.008, 96.054), 1.827, 47.184,
        "tree/main/references/classification#efficientnet-v1", crop_size=300, resize_size=320,
        interpolation=InterpolationMode.BICUBIC,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V1


class EfficientNet_B4_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "efficientnet_b4_rwightman-23ab8bcd", 19_341_616, (83.384, 96.594), 4.394, 74.489,
        "tree/main/references/classification#efficientnet-v1", crop_size=380, resize_size=384,
        interpolation=InterpolationMode.BICUBIC,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V1


class EfficientNet_B5_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "efficientnet_b5_lukemelas-1a07897c", 30_389_784, (83.444, 96.628), 10.266, 116.864,
        "tree/main/references/classification#efficientnet-v1", crop_size=456, resize_size=456,
        interpolation=InterpolationMode.BICUBIC,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V1


class EfficientNet_B6_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "efficientnet_b6_lukemelas-24a108a5", 43_040_704, (84.008, 96.916), 19.068, 165.362,
        "tree/main/references/classification#efficientnet-v1", crop_size=528, resize_size=528,
        interpolation=InterpolationMode.BICUBIC,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V1


class EfficientNet_B7_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "efficientnet_b7_lukemelas-c5b4e57e", 66_347_960, (84.122, 96.908), 37.746, 254.675,
        "tree/main/references/classification#efficientnet-v1", crop_size=600, resize_size=600,
        interpolation=InterpolationMode.BICUBIC,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V1


class EfficientNet_V2_S_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "efficientnet_v2_s-dd5fe13b", 21_458_488, (84.228, 96.878), 8.366, 82.704,
        "tree/main/references/classification#efficientnet-v2", min_size=33, crop_size=384, resize_size=384,
        interpolation=InterpolationMode.BILINEAR,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V1


class EfficientNet_V2_M_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "efficientnet_v2_m-dc08266a", 54_139_356, (85.112, 97.156), 24.582, 208.01,
        "tree/main/references/classification#efficientnet-v2", min_size=33, crop_size=480, resize_size=480,
        interpolation=InterpolationMode.BILINEAR,
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V1


class EfficientNet_V2_L_Weights(WeightsEnum):
    IMAGENET1K_V1 = imagenet(
        "efficientnet_v2_l-59c71312", 118_515_272, (85.808, 97.788), 56.08, 454.573,
        "tree/main/references/classification#efficientnet-v2", min_size=33, crop_size=480, resize_size=480,
        interpolation=InterpolationMode.BICUBIC, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5),
    )  # fmt: skip
    DEFAULT = IMAGENET1K_V1
