"""Learned and random policies of augmentation: AutoAugment, RandAugment, TrivialAugmentWide, AugMix."""

import math
from enum import Enum

import numpy as np

import rushlight as torch
from rushlight.vision.transforms import functional as F
from rushlight.vision.transforms._arguments import fill_for, whole
from rushlight.vision.transforms._modes import InterpolationMode
from rushlight.vision.transforms._policies import CIFAR10, IMAGENET, SVHN

__all__ = ["AutoAugmentPolicy", "AutoAugment", "RandAugment", "TrivialAugmentWide", "AugMix"]


def _apply_op(img, op_name: str, magnitude: float, interpolation, fill, F=F):
    """The image after one named operation, by the functions of `F`."""
    moved = {"interpolation": interpolation, "fill": fill}
    if op_name == "ShearX":
        # From the top left corner, as Pillow shears in the papers' code.
        shear = [math.degrees(math.atan(magnitude)), 0.0]
        return F.affine(img, angle=0.0, translate=[0, 0], scale=1.0, shear=shear, center=[0, 0], **moved)
    if op_name == "ShearY":
        shear = [0.0, math.degrees(math.atan(magnitude))]
        return F.affine(img, angle=0.0, translate=[0, 0], scale=1.0, shear=shear, center=[0, 0], **moved)
    if op_name == "TranslateX":
        return F.affine(img, angle=0.0, translate=[int(magnitude), 0], scale=1.0, shear=[0.0, 0.0], **moved)
    if op_name == "TranslateY":
        return F.affine(img, angle=0.0, translate=[0, int(magnitude)], scale=1.0, shear=[0.0, 0.0], **moved)
    if op_name == "Rotate":
        return F.rotate(img, magnitude, **moved)
    if op_name in ("Brightness", "Color", "Contrast", "Sharpness"):
        change = {
            "Brightness": F.adjust_brightness,
            "Color": F.adjust_saturation,
            "Contrast": F.adjust_contrast,
            "Sharpness": F.adjust_sharpness,
        }[op_name]
        return change(img, 1.0 + magnitude)
    if op_name == "Posterize":
        return F.posterize(img, int(magnitude))
    if op_name == "Solarize":
        return F.solarize(img, magnitude)
    if op_name in ("AutoContrast", "Equalize", "Invert"):
        return {"AutoContrast": F.autocontrast, "Equalize": F.equalize, "Invert": F.invert}[op_name](img)
    if op_name == "Identity":
        return img
    raise ValueError(f"The provided operator {op_name} is not recognized.")


def _space(bins: int, shear: float, translate, rotate: float, colour: float, posterize: int, lost: int, order):
    """{operation: (its magnitudes by bin, whether its sign is drawn)} in the order in which they are numbered.

    Posterize goes from `posterize` bits down by `lost`.
    """
    tops = {"ShearX": shear, "ShearY": shear, "TranslateX": translate[0], "TranslateY": translate[1], "Rotate": rotate}
    tops |= dict.fromkeys(_COLOURS, colour)
    space = {}
    for name in order:
        if name in tops:
            space[name] = (_steps(0.0, tops[name], bins), True)
        elif name == "Posterize":
            fewer = np.round(np.arange(bins, dtype=np.float32) / np.float32((bins - 1) / lost))
            space[name] = (posterize - fewer.astype(np.int32), False)
        elif name == "Solarize":
            space[name] = (_steps(255.0, 0.0, bins), False)
        else:
            space[name] = (_NONE, False)
    return space


_NONE = np.zeros(())  # the magnitude of an operation that has none


def _steps(start: float, end: float, count: int) -> np.ndarray:
    """`count` float32 numbers from start to end, counted from the nearer end, as torch.linspace counts."""
    step = np.float64((np.float32(end) - np.float32(start)) / np.float32(count - 1))
    i = np.arange(count)
    # Each product and sum rounded once, as a fused multiply and add rounds it.
    return np.where(i < count // 2, start + step * i, np.float32(end) - step * (count - 1 - i)).astype(np.float32)


_WARPS = ["ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate"]
_COLOURS = ["Brightness", "Color", "Contrast", "Sharpness"]


class AutoAugmentPolicy(Enum):
    """The data set that a policy was learned on."""

    IMAGENET = "imagenet"
    CIFAR10 = "cifar10"
    SVHN = "svhn"


class AutoAugment(torch.nn.Module):
    """One of the learned pairs of operations, drawn for each image (Cubuk et al., 2019)."""

    def __init__(
        self, policy=AutoAugmentPolicy.IMAGENET, interpolation=InterpolationMode.NEAREST, fill=None
    ) -> None:
        super().__init__()
        self.policy = policy
        self.interpolation = interpolation
        self.fill = fill
        self.policies = self._get_policies(policy)

    def _get_policies(self, policy):
        learned = {
            AutoAugmentPolicy.IMAGENET: IMAGENET,
            AutoAugmentPolicy.CIFAR10: CIFAR10,
            AutoAugmentPolicy.SVHN: SVHN,
        }
        if policy not in learned:
            raise ValueError(f"The provided policy {policy} is not recognized.")
        return learned[policy]

    def _augmentation_space(self, num_bins: int, image_size):
        height, width = image_size
        reach = (150.0 / 331.0 * width, 150.0 / 331.0 * height)
        order = [*_WARPS, *_COLOURS, "Posterize", "Solarize", "AutoContrast", "Equalize", "Invert"]
        return _space(num_bins, 0.3, reach, 30.0, 0.9, 8, 4, order)

    @staticmethod
    def get_params(transform_num: int):
        """(number of the policy, the chances of its two operations, their signs)."""
        policy_id = whole(0, transform_num)
        probs = torch.rand((2,))
        signs = torch.randint(2, (2,))
        return policy_id, probs, signs

    def forward(self, img):
        fill = fill_for(img, self.fill)
        _, height, width = F.get_dimensions(img)
        number, probs, signs = self.get_params(len(self.policies))
        space = self._augmentation_space(10, (height, width))
        for i, (name, p, level) in enumerate(self.policies[number]):
            if probs[i] > p:
                continue
            magnitudes, signed = space[name]
            magnitude = float(magnitudes[level]) if level is not None else 0.0
            if signed and signs[i] == 0:
                magnitude = -magnitude
            img = _apply_op(img, name, magnitude, interpolation=self.interpolation, fill=fill)
        return img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(policy={self.policy}, fill={self.fill})"


class RandAugment(torch.nn.Module):
    """`num_ops` random operations of one magnitude (Cubuk et al., 2020)."""

    def __init__(
        self,
        num_ops: int = 2,
        magnitude: int = 9,
        num_magnitude_bins: int = 31,
        interpolation=InterpolationMode.NEAREST,
        fill=None,
    ) -> None:
        super().__init__()
        self.num_ops = num_ops
        self.magnitude = magnitude
        self.num_magnitude_bins = num_magnitude_bins
        self.interpolation = interpolation
        self.fill = fill

    def _augmentation_space(self, num_bins: int, image_size):
        height, width = image_size
        reach = (150.0 / 331.0 * width, 150.0 / 331.0 * height)
        order = ["Identity", *_WARPS, *_COLOURS, "Posterize", "Solarize", "AutoContrast", "Equalize"]
        return _space(num_bins, 0.3, reach, 30.0, 0.9, 8, 4, order)

    def forward(self, img):
        fill = fill_for(img, self.fill)
        _, height, width = F.get_dimensions(img)
        space = self._augmentation_space(self.num_magnitude_bins, (height, width))
        names = list(space)
        for _ in range(self.num_ops):
            name = names[whole(0, len(names))]
            magnitudes, signed = space[name]
            magnitude = float(magnitudes[self.magnitude]) if magnitudes.ndim > 0 else 0.0
            if signed and whole(0, 2):
                magnitude *= -1.0
            img = _apply_op(img, name, magnitude, interpolation=self.interpolation, fill=fill)
        return img

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(num_ops={self.num_ops}, magnitude={self.magnitude}, "
            f"num_magnitude_bins={self.num_magnitude_bins}, interpolation={self.interpolation}, fill={self.fill})"
        )


class TrivialAugmentWide(torch.nn.Module):
    """One random operation of random magnitude, from a wide space (Mueller and Hutter, 2021)."""

    def __init__(
        self, num_magnitude_bins: int = 31, interpolation=InterpolationMode.NEAREST, fill=None
    ) -> None:
        super().__init__()
        self.num_magnitude_bins = num_magnitude_bins
        self.interpolation = interpolation
        self.fill = fill

    def _augmentation_space(self, num_bins: int):
        order = ["Identity", *_WARPS, *_COLOURS, "Posterize", "Solarize", "AutoContrast", "Equalize"]
        return _space(num_bins, 0.99, (32.0, 32.0), 135.0, 0.99, 8, 6, order)

    def forward(self, img):
        fill = fill_for(img, self.fill)
        space = self._augmentation_space(self.num_magnitude_bins)
        names = list(space)
        name = names[whole(0, len(names))]
        magnitudes, signed = space[name]
        magnitude = 0.0
        if magnitudes.ndim > 0:
            magnitude = float(magnitudes[whole(0, len(magnitudes))])
        if signed and whole(0, 2):
            magnitude *= -1.0
        return _apply_op(img, name, magnitude, interpolation=self.interpolation, fill=fill)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(num_magnitude_bins={self.num_magnitude_bins}, "
            f"interpolation={self.interpolation}, fill={self.fill})"
        )


class AugMix(torch.nn.Module):
    """A mixture of the image and of `mixture_width` chains of random operations (Hendrycks et al., 2020)."""

    def __init__(
        self,
        severity: int = 3,
        mixture_width: int = 3,
        chain_depth: int = -1,
        alpha: float = 1.0,
        all_ops: bool = True,
        interpolation=InterpolationMode.BILINEAR,
        fill=None,
    ) -> None:
        super().__init__()
        self._PARAMETER_MAX = 10
        if not 1 <= severity <= self._PARAMETER_MAX:
            raise ValueError(f"The severity must be between [1, {self._PARAMETER_MAX}]. Got {severity} instead.")
        self.severity = severity
        self.mixture_width = mixture_width
        self.chain_depth = chain_depth
        self.alpha = alpha
        self.all_ops = all_ops
        self.interpolation = interpolation
        self.fill = fill

    def _augmentation_space(self, num_bins: int, image_size):
        height, width = image_size
        order = [*_WARPS, "Posterize", "Solarize", "AutoContrast", "Equalize"]
        if self.all_ops:
            order += _COLOURS
        return _space(num_bins, 0.3, (width / 3.0, height / 3.0), 30.0, 0.9, 4, 4, order)

    def _pil_to_tensor(self, img):
        return F.pil_to_tensor(img)

    def _tensor_to_pil(self, img):
        return F.to_pil_image(img)

    def _sample_dirichlet(self, params):
        return torch._sample_dirichlet(params)

    def forward(self, orig_img):
        fill = fill_for(orig_img, self.fill)
        _, height, width = F.get_dimensions(orig_img)
        is_tensor = isinstance(orig_img, torch.Tensor)
        img = orig_img if is_tensor else self._pil_to_tensor(orig_img)
        space = self._augmentation_space(self._PARAMETER_MAX, (height, width))
        names = list(space)
        batch = img.view([1] * max(4 - img.ndim, 0) + list(img.shape))
        count = batch.shape[0]

        # Of each image: the share of itself, and of each chain in the rest.
        shares = self._sample_dirichlet(torch.tensor([self.alpha, self.alpha]).expand(count, -1))
        alphas = torch.tensor([self.alpha] * self.mixture_width)
        chains = self._sample_dirichlet(alphas.expand(count, -1)) * shares[:, 1].reshape([count, -1])
        mix = shares[:, 0].reshape(count, 1, 1, 1) * batch
        for i in range(self.mixture_width):
            one = batch
            depth = self.chain_depth if self.chain_depth > 0 else whole(1, 4)
            for _ in range(depth):
                name = names[whole(0, len(names))]
                magnitudes, signed = space[name]
                magnitude = 0.0
                if magnitudes.ndim > 0:
                    magnitude = float(magnitudes[whole(0, self.severity)])
                if signed and whole(0, 2):
                    magnitude *= -1.0
                one = _apply_op(one, name, magnitude, interpolation=self.interpolation, fill=fill)
            mix = mix + chains[:, i].reshape(count, 1, 1, 1) * one
        mix = mix.view(orig_img.shape if is_tensor else img.shape).to(dtype=img.dtype)
        return mix if is_tensor else self._tensor_to_pil(mix)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(severity={self.severity}, mixture_width={self.mixture_width}, "
            f"chain_depth={self.chain_depth}, alpha={self.alpha}, all_ops={self.all_ops}, "
            f"interpolation={self.interpolation}, fill={self.fill})"
        )
