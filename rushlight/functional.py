"""Functions that PyTorch writes in Python; all of them are in `torch` itself. Source: torch.functional."""
import rushlight as _torch

__all__ = """atleast_1d atleast_2d atleast_3d broadcast_shapes broadcast_tensors cartesian_prod block_diag cdist
    chain_matmul einsum istft lu norm meshgrid pca_lowrank split stft svd_lowrank tensordot unique unique_consecutive
    unravel_index""".split()
Tensor = _torch.Tensor


def __getattr__(name):
    if name not in __all__:
        raise AttributeError(f"module 'torch.functional' has no attribute {name!r}")
    return getattr(_torch, name)
