"""Regions of interest as the pooling functions take them."""

import rushlight as torch


def as_rows(boxes):
    """(K, 5) rows (image's number, x1, y1, x2, y2) of boxes given so, or as a list of (L, 4), one for each image."""
    if isinstance(boxes, torch.Tensor):
        if boxes.dim() != 2 or boxes.shape[1] != 5:
            raise ValueError("The boxes tensor shape is not correct as Tensor[K, 5]")
        return boxes
    if not isinstance(boxes, (list, tuple)):
        raise TypeError("boxes is expected to be a Tensor[L, 5] or a List[Tensor[K, 4]]")
    for each in boxes:
        if each.shape[-1] != 4:
            raise ValueError("The shape of the tensor in the boxes list is not correct as List[Tensor[L, 4]]")
    numbered = [torch.cat((torch.full_like(b[:, :1], number), b), dim=1) for number, b in enumerate(boxes)]
    return torch.cat(numbered, dim=0)


def pair(size) -> tuple[int, int]:
    """(height, width) of an output size."""
    return (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))
