"""The transforms that a batch can go through at once, read off a `transform` of the user's."""

import numpy as np

import rushlight as torch
from rushlight.vision.datasets import _draws

_IN_CACHE = 1 << 19  # bytes of results that are worked on at once, to stay in the processor's cache


def split_at_tensor(transform):
    """(steps on PIL images, the stage from ToTensor on), or None if `transform` has no such end."""
    if transform is None:
        return None
    T = _transforms()
    steps = list(_flat(transform, T))
    for at, step in enumerate(steps):
        if type(step) in (T.ToTensor, T.PILToTensor):
            stage = TensorStage.of(step, steps[at + 1 :], T)
            return None if stage is None else (steps[:at], stage)
    return None


def takes_any_class(steps) -> bool:
    """Whether these steps make the same of a PIL image whatever its class: they are geometry of ours."""
    T = _transforms()
    ours = (T.Resize, T.CenterCrop, T.RandomCrop, T.RandomResizedCrop, T.RandomHorizontalFlip, T.RandomVerticalFlip)
    return all(type(step) in ours for step in steps)


def geometry_of(steps, shape):
    """(the steps as objects with `draws`, `prepare`, `apply`; the shape they end in), or None if one is unknown."""
    T = _transforms()
    found = []
    for step in steps:
        moves = _moves_of(step, shape, T)
        if moves is None:
            return None
        for move in moves:
            found.append(move)
            shape = move.shape
    return found, shape


def _transforms():
    from rushlight.vision.transforms import transforms

    return transforms


def _flat(transform, T):
    if type(transform) is T.Compose:
        for step in transform.transforms:
            yield from _flat(step, T)
    else:
        yield transform


def _moves_of(step, shape, T):
    kind = type(step)
    height, width = shape[-2:]
    if kind is T.RandomHorizontalFlip:
        return [Flip(shape, np.s_[..., ::-1], step.p)]
    if kind is T.RandomVerticalFlip:
        return [Flip(shape, np.s_[..., ::-1, :], step.p)]
    if kind is T.Pad:
        pad = _pad(shape, step.padding, step.fill, step.padding_mode)
        return None if pad is None else [pad]
    if kind is T.RandomCrop:
        return _random_crop(step, shape)
    if kind is T.CenterCrop:
        th, tw = step.size
        if th > height or tw > width:
            return None
        return [Crop(shape, th, tw, fixed=(round((height - th) / 2.0), round((width - tw) / 2.0)))]
    return None


def _random_crop(step, shape):
    moves = []
    if step.padding is not None:
        pad = _pad(shape, step.padding, step.fill, step.padding_mode)
        if pad is None:
            return None
        moves.append(pad)
        shape = pad.shape
    th, tw = step.size
    if th > shape[-2] or tw > shape[-1]:
        return None  # padded if needed, or an error: item by item
    if (th, tw) == tuple(shape[-2:]):
        return moves  # nothing to draw
    return [*moves, Crop(shape, th, tw)]


def _pad(shape, padding, fill, mode):
    """A constant Pad of images of this shape, or None where it is of another kind."""
    sides = (padding,) if isinstance(padding, int) else tuple(padding)
    sides = sides * (4 // len(sides))  # left, top, right, bottom
    colour = fill if isinstance(fill, tuple) else (fill,) * shape[0]
    whole = all(isinstance(v, int) for v in (*sides, *colour))
    if mode != "constant" or not whole or min(sides) < 0 or len(colour) != shape[0]:
        return None
    return Pad(shape, sides, colour)


class Flip:
    """Reverse an axis with probability p."""

    draws = 1

    def __init__(self, shape, index, p: float) -> None:
        self.shape, self.index, self.p = shape, index, np.float32(p)

    def prepare(self, words) -> None:
        self.hits = (_draws.uniforms(words[:, 0]) < self.p).tolist()

    def apply(self, k: int, image):
        return image[self.index] if self.hits[k] else image


class Crop:
    """Cut out (height, width): at a fixed corner, or at one drawn for each image."""

    def __init__(self, shape, height: int, width: int, fixed=None) -> None:
        self.room = (shape[-2] - height + 1, shape[-1] - width + 1)
        self.shape = (*shape[:-2], height, width)
        self.fixed = fixed
        self.draws = 0 if fixed else 2

    def prepare(self, words) -> None:
        if self.fixed:
            self.tops, self.lefts = ([at] * len(words) for at in self.fixed)
        else:
            self.tops, self.lefts = (words % np.array(self.room, np.uint32)).T.tolist()

    def apply(self, k: int, image):
        top, left = self.tops[k], self.lefts[k]
        return image[..., top : top + self.shape[-2], left : left + self.shape[-1]]


class Pad:
    """Set the image into a larger canvas of one colour, which every image of the batch uses in turn."""

    draws = 0

    def __init__(self, shape, sides, colour) -> None:
        left, top, right, bottom = sides
        channels, height, width = shape
        self.shape = (channels, top + height + bottom, left + width + right)
        self.canvas = np.empty(self.shape, np.uint8)
        self.canvas[:] = np.array(colour, np.uint8)[:, None, None]
        self.inside = self.canvas[:, top : top + height, left : left + width]

    def prepare(self, words) -> None:
        pass

    def apply(self, k: int, image):
        self.inside[:] = image
        return self.canvas


class TensorStage:
    """ToTensor or PILToTensor and what follows: flips (which commute with the rest), and arithmetic on each pixel."""

    def __init__(self, first, rest, flips, normalize, to_float: bool) -> None:
        self.first, self.rest = first, rest
        self.flips, self.normalize, self.to_float = flips, normalize, to_float

    @classmethod
    def of(cls, first, rest, T):
        to_float = type(first) is T.ToTensor
        if to_float and torch.get_default_dtype() != torch.float32:
            return None
        flips, normalize = [], []
        for step in rest:
            kind = type(step)
            if kind in (T.RandomHorizontalFlip, T.RandomVerticalFlip):
                flips.append(step)
            elif kind is T.ConvertImageDtype and step.dtype == torch.float32:
                to_float = True
            elif kind is T.Normalize and to_float and np.ndim(step.mean) <= 1 and np.ndim(step.std) <= 1:
                normalize.append(step)
            else:
                return None
        return cls(first, rest, flips, normalize, to_float)

    def item(self, image):
        """One image, the ordinary way."""
        image = self.first(image)
        for step in self.rest:
            image = step(image)
        return image

    def apply(self, images: np.ndarray):
        """The tensor of uint8 images (n, C, H, W)."""
        if not self.to_float:
            return torch.from_numpy(np.ascontiguousarray(images))
        out = self.empty(len(images), images.shape[1:])
        at_once = max(1, _IN_CACHE // max(1, out[:1].nbytes))
        for start in range(0, len(images), at_once):
            part = out[start : start + at_once]
            part[...] = images[start : start + at_once]  # cast first: dividing 8-bit values goes through a buffer
            self.scale(part)
        return torch.from_numpy(out)

    def empty(self, count: int, shape) -> np.ndarray:
        """Where the results of `count` images of this shape (C, H, W) go."""
        return np.empty((count, *shape), np.float32 if self.to_float else np.uint8)

    def scale(self, out: np.ndarray) -> None:
        """The arithmetic, in place, on images (n, C, H, W) that still have the values of their pixels."""
        if not self.to_float:
            return
        out /= np.float32(255)
        for step in self.normalize:
            mean, std = (_per_channel(value, out.shape[1]) for value in (step.mean, step.std))
            if mean is None or std is None or not std.all():
                self._refuse(out, step)
            out -= mean
            out /= std

    def _refuse(self, images, step) -> None:
        """Mean and std that do not fit: the error that a single image gives."""
        from rushlight.vision.transforms import functional as F

        F.normalize(torch.zeros(images.shape[1:]), step.mean, step.std)


def _per_channel(value, channels: int):
    """(C, 1, 1) float32 of a mean or std with one value, or one a channel; None for another count."""
    array = np.asarray(value, np.float32)
    if array.size not in (1, channels):
        return None
    return array.reshape(-1, 1, 1)
