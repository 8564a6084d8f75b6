"""Norms that weight normalisation and spectral normalisation share, old forms and parametrizations."""
import rushlight as torch
import rushlight.nn.functional as F


def norm_except_dim(v, dim):
    """The 2-norm over all dimensions but `dim`, which keeps its size; over all with dim None or -1."""
    if dim is None or dim == -1:
        return v.norm(2)
    others = [d for d in range(v.dim()) if d != dim % v.dim()]
    return v.pow(2).sum(others, keepdim=True).sqrt() if others else v.abs()


def weight_norm_product(v, g, dim):
    """g * v / |v|."""
    return v * (g / norm_except_dim(v, dim))


def as_matrix(weight, dim):
    """The weight with `dim` first and all others flattened: (height, width)."""
    if dim != 0:
        weight = weight.permute(dim, *[d for d in range(weight.dim()) if d != dim])
    return weight.reshape(weight.size(0), -1)


def power_iteration(matrix, u, v, eps):
    """One step towards the largest singular value's vectors, written into u (height) and v (width)."""
    v.copy_(F.normalize(torch.mv(matrix.t(), u), dim=0, eps=eps))
    u.copy_(F.normalize(torch.mv(matrix, v), dim=0, eps=eps))
