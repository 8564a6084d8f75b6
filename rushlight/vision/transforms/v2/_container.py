"""Transforms made of transforms: Compose, and the random choices among several."""

from collections.abc import Sequence

import rushlight as torch
from rushlight.vision.transforms._arguments import chance
from rushlight.vision.transforms.v2._transform import Transform, check_chance


def _check_several(transforms) -> None:
    if not isinstance(transforms, Sequence):
        raise TypeError("Argument transforms should be a sequence of callables")
    if len(transforms) == 0:
        raise ValueError("Pass at least one transform")


def _one_after_another(transforms, inputs):
    """What the last transform gives; several inputs stay several."""
    several = len(inputs) > 1
    for transform in transforms:
        outputs = transform(*inputs)
        inputs = outputs if several else (outputs,)
    return outputs


def _lines(transforms) -> str:
    return "\n".join(f"    {transform}" for transform in transforms)


class Compose(Transform):
    """Several transforms, one after another: `Compose([ToImage(), Resize(256), ToDtype(torch.float32, scale=True)])`."""

    def __init__(self, transforms) -> None:
        super().__init__()
        _check_several(transforms)
        self.transforms = transforms

    def forward(self, *inputs):
        return _one_after_another(self.transforms, inputs)

    def extra_repr(self) -> str:
        return _lines(self.transforms)


class RandomApply(Transform):
    """All of the transforms with probability p, else none."""

    def __init__(self, transforms, p: float = 0.5) -> None:
        super().__init__()
        if not isinstance(transforms, (Sequence, torch.nn.ModuleList)):
            raise TypeError("Argument transforms should be a sequence of callables or a `nn.ModuleList`")
        self.transforms = transforms
        check_chance(p)
        self.p = p

    def forward(self, *inputs):
        if not chance(self.p):
            return inputs if len(inputs) > 1 else inputs[0]
        return _one_after_another(self.transforms, inputs)

    def extra_repr(self) -> str:
        return _lines(self.transforms)


class RandomChoice(Transform):
    """One of the transforms, drawn with weights `p`."""

    def __init__(self, transforms, p=None) -> None:
        super().__init__()
        _check_several(transforms)
        if p is None:
            p = [1] * len(transforms)
        elif len(p) != len(transforms):
            raise ValueError(f"Length of p doesn't match the number of transforms: {len(p)} != {len(transforms)}")
        self.transforms = transforms
        total = sum(p)
        self.p = [weight / total for weight in p]

    def forward(self, *inputs):
        number = int(torch.multinomial(torch.tensor(self.p), 1))
        return self.transforms[number](*inputs)


class RandomOrder(Transform):
    """All of the transforms, in an order drawn anew each time."""

    def __init__(self, transforms) -> None:
        super().__init__()
        _check_several(transforms)
        self.transforms = transforms

    def forward(self, *inputs):
        order = torch.randperm(len(self.transforms)).tolist()
        return _one_after_another([self.transforms[number] for number in order], inputs)
