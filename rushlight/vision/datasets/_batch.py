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
from rushlight.vision.datasets._stages import geometry_of, split_at_tensor


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


def fetch_loaded(load, samples, transform):
    """The collated batch of the PIL images that `load(path)` gives, for samples [(path, int)], or NotImplemented.

    The transforms before ToTensor are called image by image, in order, whatever they are; so nothing that follows
    ToTensor may draw random numbers.
    """
    stages = split_at_tensor(transform)
    if stages is None or stages[1].flips:
        return NotImplemented
    before, stage = stages
    batch, odd = None, None
    for k, (path, _) in enumerate(samples):
        image = load(path)
        for step in before:
            image = step(image)
        pixels = _pixels(image)
        if batch is None and pixels is not None:
            batch = np.empty((len(samples), *pixels.shape), np.uint8)
        if odd is None and (pixels is None or pixels.shape != batch.shape[1:]):
            # An image of another kind or size: finish as the loader would, which collates or raises.
            odd = [stage.item(_image_at(batch, j)) for j in range(k)]
        if odd is None:
            batch[k] = pixels
        else:
            odd.append(stage.item(image))
    images = stage.apply(batch.transpose(0, 3, 1, 2)) if odd is None else torch.utils.data.default_collate(odd)
    return [images, torch.tensor([target for _, target in samples])]


def _pixels(image) -> np.ndarray | None:
    """The pixels of an 8-bit PIL image, (H, W, C); None for anything else."""
    if not is_pil(image) or image.mode not in ("L", "RGB", "RGBA"):
        return None
    pixels = np.asarray(image)
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def _image_at(batch: np.ndarray, k: int):
    from rushlight.vision._pillow import image_from_array

    return image_from_array(batch[k, :, :, 0] if batch.shape[-1] == 1 else batch[k])


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


