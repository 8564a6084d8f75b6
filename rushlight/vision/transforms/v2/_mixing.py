"""MixUp and CutMix: batches mixed with themselves, and their labels with them."""

import math

import rushlight as torch
from rushlight.utils._pytree import tree_unflatten
from rushlight.vision import tv_tensors
from rushlight.vision._pillow import is_pil
from rushlight.vision.transforms._arguments import whole
from rushlight.vision.transforms.v2._samples import PLACED, has_any, parse_labels_getter, query_size
from rushlight.vision.transforms.v2._transform import Transform, flattened
from rushlight.vision.transforms.v2.functional._registry import is_pure_tensor


class _Mixing(Transform):
    """Each picture of a batch mixed with the one before it, by a share drawn from Beta(alpha, alpha).

    Labels are class numbers (N,), with `num_classes`, or chances (N, K); they become mixed chances (N, K).
    """

    def __init__(self, *, alpha: float = 1.0, num_classes=None, labels_getter="default") -> None:
        super().__init__()
        self.alpha = float(alpha)
        self._dist = torch.distributions.Beta(torch.tensor([self.alpha]), torch.tensor([self.alpha]))
        self.num_classes = num_classes
        self._labels_getter = parse_labels_getter(labels_getter)

    def forward(self, *inputs):
        flat_inputs, spec = flattened(inputs)
        chosen = self._needs_transform_list(flat_inputs)
        if has_any(flat_inputs, is_pil, *PLACED):
            raise ValueError(
                f"{type(self).__name__}() does not support PIL images, bounding boxes, keypoints and masks."
            )
        labels = self._labels_getter(inputs if len(inputs) > 1 else inputs[0])
        self._check_labels(labels)
        params = {"labels": labels, "batch_size": labels.shape[0]}
        params |= self.make_params([part for part, change in zip(flat_inputs, chosen) if change])
        # Labels are plain tensors after the image, which other transforms leave alone.
        outputs = [
            self.transform(part, params) if change or part is labels else part
            for part, change in zip(flat_inputs, chosen)
        ]
        return tree_unflatten(outputs, spec)

    def _check_labels(self, labels) -> None:
        if not isinstance(labels, torch.Tensor):
            raise ValueError(f"The labels must be a tensor, but got {type(labels)} instead.")
        if labels.ndim not in (1, 2):
            raise ValueError(
                "labels should be index based with shape (batch_size,) or probability based with shape (batch_size, "
                f"num_classes), but got a tensor of shape {labels.shape} instead."
            )
        if labels.ndim == 2 and self.num_classes is not None and labels.shape[-1] != self.num_classes:
            raise ValueError(
                "When passing 2D labels, the number of elements in last dimension must match num_classes: "
                f"{labels.shape[-1]} != {self.num_classes}. You can Leave num_classes to None."
            )
        if labels.ndim == 1 and self.num_classes is None:
            raise ValueError("num_classes must be passed if the labels are index-based (1D)")

    def transform(self, inpt, params):
        if inpt is params["labels"]:
            return self._mixed_labels(inpt, params["lam"])
        if not (is_pure_tensor(inpt) or isinstance(inpt, (tv_tensors.Image, tv_tensors.Video))):
            return inpt
        self._check_batch(inpt, params["batch_size"])
        out = self._mixed(inpt.as_subclass(torch.Tensor), params)
        return out if is_pure_tensor(inpt) else tv_tensors.wrap(out, like=inpt)

    def _check_batch(self, inpt, batch_size: int) -> None:
        expected = 5 if isinstance(inpt, tv_tensors.Video) else 4
        if inpt.ndim != expected:
            raise ValueError(
                f"Expected a batched input with {expected} dims, but got {inpt.ndim} dimensions instead."
            )
        if inpt.shape[0] != batch_size:
            raise ValueError(
                "The batch size of the image or video does not match the batch size of the labels: "
                f"{inpt.shape[0]} != {batch_size}."
            )

    def _mixed_labels(self, labels, share: float):
        if labels.ndim == 1:
            labels = torch.nn.functional.one_hot(labels, num_classes=self.num_classes)
        if not labels.is_floating_point():
            labels = labels.float()
        return _blended(labels, share)

    def _mixed(self, batch, params):
        raise NotImplementedError


def _blended(batch, share: float):
    """`share` of each row, the rest of the row before it."""
    return batch.roll(1, 0).mul_(1.0 - share).add_(batch.mul(share))


class MixUp(_Mixing):
    """Each image blended with another of its batch, and their labels (Zhang et al., 2018)."""

    def make_params(self, flat_inputs):
        return {"lam": float(self._dist.sample(()))}

    def _mixed(self, batch, params):
        return _blended(batch, params["lam"])


class CutMix(_Mixing):
    """A rectangle of each image from another of its batch, the labels mixed by its area (Yun et al., 2019)."""

    def make_params(self, flat_inputs):
        share = float(self._dist.sample(()))
        height, width = query_size(flat_inputs)
        x, y = whole(0, width), whole(0, height)
        reach = 0.5 * math.sqrt(1.0 - share)
        half_width, half_height = int(reach * width), int(reach * height)
        left, right = max(x - half_width, 0), min(x + half_width, width)
        top, bottom = max(y - half_height, 0), min(y + half_height, height)
        kept = 1.0 - (right - left) * (bottom - top) / (width * height)
        return {"box": (left, top, right, bottom), "lam": kept}

    def _mixed(self, batch, params):
        left, top, right, bottom = params["box"]
        out = batch.clone()
        out[..., top:bottom, left:right] = batch.roll(1, 0)[..., top:bottom, left:right]
        return out
