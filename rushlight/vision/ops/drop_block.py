"""DropBlock: connected regions of a feature map dropped in training (Ghiasi et al., 2018)."""

import math

import rushlight as torch


def drop_block2d(input, p: float, block_size: int, inplace: bool = False, eps: float = 1e-06, training: bool = True):
    """Squares of `block_size` zeroed so that a share of about p of (N, C, H, W) is, and the rest scaled up."""
    return _drop_block(input, p, block_size, inplace, eps, training, rank=2)


def drop_block3d(input, p: float, block_size: int, inplace: bool = False, eps: float = 1e-06, training: bool = True):
    """Cubes of `block_size` zeroed so that a share of about p of (N, C, D, H, W) is, and the rest scaled up."""
    return _drop_block(input, p, block_size, inplace, eps, training, rank=3)


def _drop_block(input, p, block_size, inplace, eps, training, rank: int):
    if p < 0.0 or p > 1.0:
        raise ValueError(f"drop probability has to be between 0 and 1, but got {p}.")
    if input.ndim != rank + 2:
        raise ValueError(f"input should be {rank + 2} dimensional. Got {input.ndim} dimensions.")
    if not training or p == 0.0:
        return input
    extents = input.shape[2:]
    block = min(block_size, *extents)
    places = [extent - block + 1 for extent in extents]
    gamma = (p * math.prod(extents)) / (block**rank * math.prod(places))
    noise = torch.empty((*input.shape[:2], *places), dtype=input.dtype, device=input.device).bernoulli_(gamma)
    functional = torch.nn.functional
    noise = functional.pad(noise, [block // 2] * (2 * rank), value=0)
    pool = functional.max_pool2d if rank == 2 else functional.max_pool3d
    noise = 1 - pool(noise, stride=1, kernel_size=block, padding=block // 2)
    scale = noise.numel() / (eps + noise.sum())
    return input.mul_(noise).mul_(scale) if inplace else input * noise * scale


class DropBlock2d(torch.nn.Module):
    """drop_block2d as a module."""

    _function = staticmethod(drop_block2d)

    def __init__(self, p: float, block_size: int, inplace: bool = False, eps: float = 1e-06) -> None:
        super().__init__()
        self.p = p
        self.block_size = block_size
        self.inplace = inplace
        self.eps = eps

    def forward(self, input):
        return self._function(input, self.p, self.block_size, self.inplace, self.eps, self.training)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p}, block_size={self.block_size}, inplace={self.inplace})"


class DropBlock3d(DropBlock2d):
    """drop_block3d as a module."""

    _function = staticmethod(drop_block3d)
