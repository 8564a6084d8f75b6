"""Transform, the base of all: which parts of a sample it changes, and how their structure is kept."""

from enum import Enum

import rushlight as torch
from rushlight.utils._pytree import tree_flatten, tree_unflatten
from rushlight.vision import tv_tensors
from rushlight.vision._pillow import is_pil
from rushlight.vision.transforms._arguments import chance
from rushlight.vision.transforms.v2._samples import PLACED, check_type, has_any
from rushlight.vision.transforms.v2.functional._registry import is_pure_tensor, kernel_for


def flattened(inputs):
    """(the parts of what a transform was called with, what puts them together again)."""
    return tree_flatten(inputs if len(inputs) > 1 else inputs[0])


class Transform(torch.nn.Module):
    """A transform of samples: one or several inputs, each a part or any nest of parts.

    Write one of your own by overriding `transform(inpt, params)`, which gets each part in turn, and `make_params`, which
    draws the random numbers, once for all parts of a sample. Without images and videos in a sample its first plain tensor
    is taken for the image; other plain tensors pass through.
    """

    # What `transform` is called for: classes, or functions that say yes or no.
    _transformed_types = (torch.Tensor, is_pil)

    def check_inputs(self, flat_inputs) -> None:
        """Raise an error if the sample cannot be transformed."""

    def make_params(self, flat_inputs) -> dict:
        """What `transform` gets as `params`, drawn once for a sample."""
        return {}

    def transform(self, inpt, params):
        """The changed part."""
        raise NotImplementedError

    def forward(self, *inputs):
        flat_inputs, spec = flattened(inputs)
        self.check_inputs(flat_inputs)
        return self._each_changed(flat_inputs, spec)

    def _each_changed(self, flat_inputs, spec):
        chosen = self._needs_transform_list(flat_inputs)
        params = self.make_params([part for part, change in zip(flat_inputs, chosen) if change])
        changed = [self.transform(part, params) if change else part for part, change in zip(flat_inputs, chosen)]
        return tree_unflatten(changed, spec)

    def _needs_transform_list(self, flat_inputs) -> list[bool]:
        """Of each part, whether it is changed."""
        tensor_is_image = not has_any(flat_inputs, tv_tensors.Image, tv_tensors.Video, is_pil)
        chosen = []
        for part in flat_inputs:
            change = check_type(part, self._transformed_types)
            if change and is_pure_tensor(part):
                change, tensor_is_image = tensor_is_image, False
            chosen.append(change)
        return chosen

    def _call_kernel(self, functional, inpt, *args, **kwargs):
        """`functional` of a part; a part of a kind that it knows nothing about stays as it is."""
        return kernel_for(functional, inpt, passes=True)(inpt, *args, **kwargs)

    def extra_repr(self) -> str:
        shown = (bool, int, float, str, tuple, list, Enum)
        return ", ".join(
            f"{name}={value}"
            for name, value in vars(self).items()
            if not name.startswith("_") and name != "training" and isinstance(value, shown)
        )


def check_chance(p: float) -> None:
    if not 0.0 <= p <= 1.0:
        raise ValueError("`p` should be a floating point value in the interval [0.0, 1.0].")


class RandomApplyTransform(Transform):
    """A transform made with probability p, of all parts of a sample or of none."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        check_chance(p)
        self.p = p

    def forward(self, *inputs):
        flat_inputs, spec = flattened(inputs)
        self.check_inputs(flat_inputs)
        if not chance(self.p):
            return inputs if len(inputs) > 1 else inputs[0]
        return self._each_changed(flat_inputs, spec)


def warn_if_passing(transform, inpt) -> None:
    """Say that masks, boxes and points stay as they are, where torchvision says so."""
    if isinstance(inpt, PLACED):
        import warnings

        warnings.warn(
            f"{type(transform).__name__}() is currently passing through inputs of type "
            f"tv_tensors.{type(inpt).__name__}. This will likely change in the future."
        )
