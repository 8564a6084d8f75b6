"""Policies for the one image or video of a sample: AutoAugment, RandAugment, TrivialAugmentWide, AugMix."""

import rushlight as torch
from rushlight.utils._pytree import tree_unflatten
from rushlight.vision import tv_tensors
from rushlight.vision._arrays import top_value_of
from rushlight.vision.transforms import autoaugment as v1
from rushlight.vision.transforms._arguments import whole
from rushlight.vision.transforms.autoaugment import AutoAugmentPolicy
from rushlight.vision.transforms.v2 import functional as F
from rushlight.vision.transforms.v2._arguments import at_most, fill_for_part, fills_of
from rushlight.vision.transforms.v2._samples import PICTURES, PLACED, check_type
from rushlight.vision.transforms.v2._transform import Transform, flattened


class _Policy(Transform):
    """A transform that sees one image or video only, whatever else is in the sample."""

    def __init__(self, *, interpolation="nearest", fill=None) -> None:
        super().__init__()
        self.interpolation = interpolation
        self.fill = fill
        self._fill = fills_of(fill)

    def forward(self, *inputs):
        flat_inputs, spec = flattened(inputs)
        number = self._find_picture(flat_inputs)
        flat_inputs[number] = self._augmented(flat_inputs[number])
        return tree_unflatten(flat_inputs, spec)

    def _find_picture(self, flat_inputs) -> int:
        """The place of the only image or video; TypeError if there are none, several, or masks, boxes or points."""
        found = []
        for number, (part, change) in enumerate(zip(flat_inputs, self._needs_transform_list(flat_inputs))):
            if change and check_type(part, PICTURES):
                found.append(number)
            elif isinstance(part, PLACED):
                raise TypeError(f"Inputs of type {type(part).__name__} are not supported by {type(self).__name__}()")
        if not found:
            raise TypeError("Found no image in the sample.")
        if len(found) > 1:
            raise TypeError(
                "Auto augment transformations are only properly defined for a single image or video, "
                f"but found {len(found)}."
            )
        return found[0]

    def _augmented(self, image):
        raise NotImplementedError

    def _apply(self, image, name: str, magnitude: float):
        """The image after one named operation."""
        if name == "Solarize":  # its magnitude is a share of white
            white = top_value_of(image.dtype) if isinstance(image, torch.Tensor) else 255.0
            return F.solarize(image, threshold=white * magnitude)
        fill = fill_for_part(self._fill, image)
        return v1._apply_op(image, name, magnitude, interpolation=self.interpolation, fill=fill, F=F)


def _space(policy, *size):
    """The operations and magnitudes of v1's policy, but for solarizing, which is counted in shares of white here."""
    space = policy._augmentation_space(*size)
    bins = len(space["Solarize"][0])
    return space | {"Solarize": (v1._steps(1.0, 0.0, bins), False)}


def _one_of(space):
    """(a name drawn, its magnitudes or None, whether its sign is drawn)."""
    name = list(space)[whole(0, len(space))]
    magnitudes, signed = space[name]
    return name, magnitudes if magnitudes.ndim else None, signed


def _signed(magnitude: float, signed: bool) -> float:
    return -magnitude if signed and at_most(0.5) else magnitude


class AutoAugment(_Policy):
    """One of the learned pairs of operations, drawn for each image (Cubuk et al., 2019)."""

    get_params = staticmethod(v1.AutoAugment.get_params)

    def __init__(self, policy=AutoAugmentPolicy.IMAGENET, interpolation="nearest", fill=None) -> None:
        super().__init__(interpolation=interpolation, fill=fill)
        self.policy = policy
        self._v1 = (v1.AutoAugment(policy),)

    def _augmented(self, image):
        height, width = F.get_size(image)
        space = _space(self._v1[0], 10, (height, width))
        policies = self._v1[0].policies
        for name, p, level in policies[whole(0, len(policies))]:
            if not at_most(p):
                continue
            magnitudes, signed = space[name]
            magnitude = _signed(float(magnitudes[level]), signed) if magnitudes.ndim else 0.0
            image = self._apply(image, name, magnitude)
        return image


class RandAugment(_Policy):
    """`num_ops` random operations of one magnitude (Cubuk et al., 2020)."""

    def __init__(
        self, num_ops: int = 2, magnitude: int = 9, num_magnitude_bins: int = 31, interpolation="nearest", fill=None
    ) -> None:
        super().__init__(interpolation=interpolation, fill=fill)
        self.num_ops = num_ops
        self.magnitude = magnitude
        self.num_magnitude_bins = num_magnitude_bins

    def _augmented(self, image):
        height, width = F.get_size(image)
        space = _space(v1.RandAugment(), self.num_magnitude_bins, (height, width))
        for _ in range(self.num_ops):
            name, magnitudes, signed = _one_of(space)
            magnitude = 0.0 if magnitudes is None else _signed(float(magnitudes[self.magnitude]), signed)
            image = self._apply(image, name, magnitude)
        return image


class TrivialAugmentWide(_Policy):
    """One random operation of random magnitude, from a wide space (Mueller and Hutter, 2021)."""

    def __init__(self, num_magnitude_bins: int = 31, interpolation="nearest", fill=None) -> None:
        super().__init__(interpolation=interpolation, fill=fill)
        self.num_magnitude_bins = num_magnitude_bins

    def _augmented(self, image):
        space = _space(v1.TrivialAugmentWide(), self.num_magnitude_bins)
        name, magnitudes, signed = _one_of(space)
        magnitude = 0.0
        if magnitudes is not None:
            magnitude = _signed(float(magnitudes[whole(0, self.num_magnitude_bins)]), signed)
        return self._apply(image, name, magnitude)


class AugMix(_Policy):
    """A mixture of the image and of `mixture_width` chains of random operations (Hendrycks et al., 2020)."""

    _PARAMETER_MAX = 10

    def __init__(
        self,
        severity: int = 3,
        mixture_width: int = 3,
        chain_depth: int = -1,
        alpha: float = 1.0,
        all_ops: bool = True,
        interpolation="bilinear",
        fill=None,
    ) -> None:
        super().__init__(interpolation=interpolation, fill=fill)
        if not 1 <= severity <= self._PARAMETER_MAX:
            raise ValueError(f"The severity must be between [1, {self._PARAMETER_MAX}]. Got {severity} instead.")
        self.severity = severity
        self.mixture_width = mixture_width
        self.chain_depth = chain_depth
        self.alpha = alpha
        self.all_ops = all_ops

    def _sample_dirichlet(self, params):
        return torch._sample_dirichlet(params)

    def _augmented(self, image):
        height, width = F.get_size(image)
        is_tensor = isinstance(image, torch.Tensor)
        values = image.as_subclass(torch.Tensor) if is_tensor else F.pil_to_tensor(image)
        rank = 5 if isinstance(image, tv_tensors.Video) else 4
        batch = values.reshape([1] * max(rank - values.ndim, 0) + list(values.shape))
        count = batch.shape[0]
        along = [count] + [1] * (batch.ndim - 1)

        # Of each image: the share of itself, and of each chain in the rest.
        shares = self._sample_dirichlet(torch.tensor([self.alpha, self.alpha]).expand(count, -1))
        alphas = torch.tensor([self.alpha] * self.mixture_width)
        chains = self._sample_dirichlet(alphas.expand(count, -1)) * shares[:, 1].reshape([count, -1])
        space = _space(v1.AugMix(all_ops=self.all_ops), self._PARAMETER_MAX, (height, width))
        mix = shares[:, 0].reshape(along) * batch
        for i in range(self.mixture_width):
            depth = self.chain_depth if self.chain_depth > 0 else whole(1, 4)
            mix = mix + chains[:, i].reshape(along) * self._chain(batch, depth, space)
        mix = mix.reshape(values.shape).to(values.dtype)
        if isinstance(image, tv_tensors.TVTensor):
            return tv_tensors.wrap(mix, like=image)
        return mix if is_tensor else F.to_pil_image(mix)

    def _chain(self, batch, depth: int, space):
        """The batch after `depth` random operations."""
        for _ in range(depth):
            name, magnitudes, signed = _one_of(space)
            magnitude = 0.0
            if magnitudes is not None:
                magnitude = _signed(float(magnitudes[whole(0, self.severity)]), signed)
            batch = self._apply(batch, name, magnitude)
        return batch
