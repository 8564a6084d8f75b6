"""Loading by the batch: whole batches of in-memory images through the usual transforms at once.

A data set's `_fetch_batch(indices)` returns what collating its items one by one would give, bit for bit, the random
draws and the state of the generator afterwards included; or NotImplemented, and then the loader asks item by item.
Taken are: flips, RandomCrop, CenterCrop and constant Pad; then ToTensor or PILToTensor; then ConvertImageDtype to
float32, Normalize and flips. Where some other transforms of PIL images come first (resizes, colour, the user's own),
they run image by image, and only what follows from ToTensor on runs by the batch (`fetch_loaded`).
"""

import numpy as np

import rushlight as torch
from rushlight.vision._pillow import is_pil
from rushlight.vision.datasets import _draws
from rushlight.vision.datasets._stages import geometry_of, split_at_tensor, takes_any_class


def fetch(images: np.ndarray, targets, transform, indices):
    """The collated batch of uint8 `images` (N, C, H, W) and int `targets` at `indices`, or NotImplemented."""
    stages = split_at_tensor(transform)
    if stages is None or images.dtype != np.uint8:
        return NotImplemented
    before, stage = stages
    geometry = geometry_of(before + stage.flips, images.shape[1:])
    if geometry is None:
        return NotImplemented
    moved = _move(images, indices, *geometry)
    return [stage.apply(moved), _targets(targets, indices)]


def is_pure(transform) -> bool:
    """Whether the batches of this transform draw no random numbers."""
    stages = split_at_tensor(transform)
    return stages is not None and not stages[0] and not stages[1].flips


def fetch_loaded(load, samples, transform, decode=None):
    """The collated batch of the PIL images that `load(path)` gives, for samples [(path, int)], or NotImplemented.

    The transforms before ToTensor are called image by image, in order, whatever they are; so nothing that follows
    ToTensor may draw random numbers. `decode(path)` gives the same pixels sooner, but as another class of PIL image:
    it is called where only transforms of ours see the image.
    """
    stages = split_at_tensor(transform)
    if stages is None or stages[1].flips:
        return NotImplemented
    before, stage = stages
    if decode is not None and takes_any_class(before):
        load = decode
    out, odd = None, None
    for k, (path, _) in enumerate(samples):
        image = load(path)
        for step in before:
            image = step(image)
        this = _shape(image)
        if out is None and this is not None:
            shape = this
            out = stage.empty(len(samples), shape)
        if odd is None and (this is None or this != shape):
            # An image of another kind or size: finish as the loader would, which collates or raises.
            odd = [torch.from_numpy(out[j]) for j in range(k)]
        if odd is not None:
            odd.append(stage.item(image))
            continue
        for plane, band in zip(out[k], image.mode):
            # Band by band is quicker than turning (H, W, C) into (C, H, W).
            plane[...] = np.frombuffer(image.tobytes("raw", band), np.uint8).reshape(plane.shape)
        stage.scale(out[k : k + 1])
    images = torch.from_numpy(out) if odd is None else torch.utils.data.default_collate(odd)
    return [images, torch.tensor([target for _, target in samples])]


def _shape(image):
    """(C, H, W) of an 8-bit PIL image; None for anything else."""
    if not is_pil(image) or image.mode not in ("L", "RGB", "RGBA"):
        return None
    return len(image.mode), image.height, image.width


def _move(images: np.ndarray, indices, steps, shape) -> np.ndarray:
    """The images at `indices`, each through the steps of geometry: (n, C, H', W')."""
    if not steps:
        # take is the faster, but would first make a copy of images that do not lie one after another
        return images.take(indices, 0) if images.flags.c_contiguous else images[np.asarray(indices)]
    words = _draws.words(len(indices), sum(step.draws for step in steps))
    column = 0
    for step in steps:
        step.prepare(words[:, column : column + step.draws])
        column += step.draws
    out = np.empty((len(indices), *shape), np.uint8)
    for k, index in enumerate(indices):
        image = images[index]
        for step in steps:
            image = step.apply(k, image)
        out[k] = image
    return out


def _targets(targets, indices):
    """The classes at `indices`, int64, as collating Python ints gives them."""
    if isinstance(targets, torch.Tensor):
        return torch.from_numpy(targets.numpy()[np.asarray(indices)].astype(np.int64, copy=False))
    return torch.from_numpy(np.array([int(targets[index]) for index in indices], np.int64))


