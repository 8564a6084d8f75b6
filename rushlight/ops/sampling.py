"""Images sampled at given points, and grids of such points. Source: torch.nn.functional.grid_sample and affine_grid (Jaderberg et al.
2015)."""
from ..graph import primitives as P
from ..graph.value import Value
from ..runtime import dtypes as dt
from .declare import OPS, Op, public
from .spatial import not_implemented, wide


# ------------------------------------------------------------------ sampling
def _sample_host(x, grid, mode, padding, align_corners):
    from ..backends.numpy.grid_sample import grid_sample

    return grid_sample(x, grid, mode, padding, align_corners)


def _sample_back_host(g, x, grid, mode, padding, align_corners):
    from ..backends.numpy.grid_sample import grid_sample_dx

    return grid_sample_dx(g, x, grid, mode, padding, align_corners)


def _sample(x, grid, *attrs):
    dtype, x, grid = x.dtype, wide(x), wide(grid)
    shape = x.shape[:2] + grid.shape[1:-1]
    return P.cast(P.call(_sample_host, (x, grid), [(shape, x.dtype)], attrs)[0], dtype)


def _sample_back(g, x, grid, *attrs):
    dtypes = (x.dtype, grid.dtype)
    g, x, grid = wide(g), wide(x), wide(grid)
    out = P.call(_sample_back_host, (g, x, grid), [(x.shape, x.dtype), (grid.shape, grid.dtype)], attrs)
    return [P.cast(v, dtype) for v, dtype in zip(out, dtypes)]


sample_back = Op("grid_sampler_back", "grad input grid", "mode padding align_corners", compute=_sample_back, nout=2,
                 node="GridSamplerBackwardBackward0")


def _sample_gradient(g, input, grid, mode, padding, align_corners):
    if g.__class__ is not Value:    # under create_graph
        from .sampling_composed import gradient

        return gradient(g, input, grid, mode, padding, align_corners)
    return list(sample_back(g, input, grid, mode=mode, padding=padding, align_corners=align_corners))


_sample_ops = {n: Op(f"grid_sampler_{n}d", "input grid", "mode padding align_corners", compute=_sample,
                     node=f"GridSampler{n}DBackward0", grad=_sample_gradient) for n in (2, 3)}
_SAMPLE_MODES = ("bilinear", "nearest", "bicubic")
_SAMPLE_PADDINGS = ("zeros", "border", "reflection")


def _align_corners_default():
    import warnings

    warnings.warn("Default grid_sample and affine_grid behavior has changed to align_corners=False since 1.3.0. Please specify "
                  "align_corners=True if the old behavior is desired. See the documentation of grid_sample for details.", stacklevel=3)
    return False


def grid_sample(input, grid, mode="bilinear", padding_mode="zeros", align_corners=None):
    """input (N, C, H, W) or (N, C, D, H, W) at the points of grid (N, ..., 2 or 3).

    Points have coordinates from -1 to 1 across the image, that of the last dimension first.
    """
    if mode not in _SAMPLE_MODES:
        raise ValueError(f"nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: '{mode}'")
    if padding_mode not in _SAMPLE_PADDINGS:
        raise ValueError("nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or 'reflection', but got: "
                         f"'{padding_mode}'")
    if align_corners is None:
        align_corners = _align_corners_default()
    return _grid_sampler(input, grid, mode, padding_mode, align_corners)


def _grid_sampler(input, grid, mode, padding, align_corners):
    x, at = input._meta.shape, grid._meta.shape
    if x[0] != at[0]:
        raise RuntimeError(f"grid_sampler(): expected grid and input to have same batch size, but got input with sizes {list(x)} "
                           f"and grid with sizes {list(at)}")
    if at[-1] != len(x) - 2:
        raise RuntimeError(f"grid_sampler(): expected grid to have size {len(x) - 2} in last dimension, but got grid with sizes "
                           f"{list(at)}")
    for dim in range(2, len(x)):
        if x[dim] == 0:
            raise RuntimeError(f"grid_sampler(): expected input to have non-empty spatial dimensions, but input has sizes "
                               f"{list(x)} with dimension {dim} being empty")
    if len(x) not in (4, 5) or len(at) != len(x):
        expected = "4D or 5D input" if len(x) not in (4, 5) else f"{len(x)}D input"
        raise RuntimeError(f"grid_sampler(): expected {expected} and grid with same number of dimensions, but got input with "
                           f"sizes {list(x)} and grid with sizes {list(at)}")
    if mode == "bicubic" and len(x) == 5:
        raise RuntimeError("grid_sampler(): bicubic interpolation only supports 4D input")
    if input._meta.dtype is not grid._meta.dtype:
        raise RuntimeError(f"expected scalar type {dt.long_name(input._meta.dtype)} but found {dt.long_name(grid._meta.dtype)}")
    if input._meta.dtype.kind != "float":
        raise not_implemented(f"grid_sampler_{len(x) - 2}d_cpu_kernel_impl", input._meta.dtype)
    return Op.apply(_sample_ops[len(x) - 2], (input, grid), (mode, padding, bool(align_corners)))


@public(method=False)
def grid_sampler(input, grid, interpolation_mode, padding_mode, align_corners):
    """grid_sample with its modes as numbers: 0 bilinear, 1 nearest, 2 bicubic; 0 zeros, 1 border, 2 reflection."""
    return _grid_sampler(input, grid, _SAMPLE_MODES[interpolation_mode], _SAMPLE_PADDINGS[padding_mode], align_corners)


@public(method=False)
def grid_sampler_2d(input, grid, interpolation_mode, padding_mode, align_corners):
    return grid_sampler(input, grid, interpolation_mode, padding_mode, align_corners)


@public(method=False)
def grid_sampler_3d(input, grid, interpolation_mode, padding_mode, align_corners):
    return grid_sampler(input, grid, interpolation_mode, padding_mode, align_corners)


# ------------------------------------------------------------------ grids
def _base_grid(size, align_corners, dtype):
    """(points, dims + 1): the coordinates of each element, the last dimension's first, and 1."""
    def make():
        import numpy as np

        axes = []
        for n in size:
            axis = np.linspace(-1, 1, n) if n > 1 else np.zeros(1)
            axes.append(axis if align_corners else axis * (n - 1) / n)
        mesh = np.meshgrid(*axes, indexing="ij")
        rows = [m.reshape(-1) for m in reversed(mesh)] + [np.ones(mesh[0].size)]
        return np.stack(rows, 1).astype(dtype.numpy)

    points = 1
    for n in size:
        points *= n
    return P.constant_array(("base grid", size, align_corners, dtype), make, (points, len(size) + 1), dtype)


def _affine_grid(theta, size, align_corners):
    dtype, theta = theta.dtype, wide(theta)
    base = _base_grid(size, align_corners, theta.dtype)
    grid = P.dot(P.reshape(base, (1,) + base.shape), P.transpose(theta, 1, 2))
    return P.cast(P.reshape(grid, (theta.shape[0],) + size + (len(size),)), dtype)


def _affine_grid_dx(g, size, align_corners):
    dtype, g = g.dtype, wide(g)
    base = _base_grid(size, align_corners, g.dtype)
    rows = P.reshape(g, (g.shape[0], base.shape[0], len(size)))
    return P.cast(P.dot(P.transpose(rows, 1, 2), P.reshape(base, (1,) + base.shape)), dtype)


affine_op = Op("affine_grid_generator", "theta", "size align_corners", compute=_affine_grid,
               grads={"theta": lambda g, size, align_corners: OPS["affine_grid_dx"](g, size=size, align_corners=align_corners)})
Op("affine_grid_dx", "grad", "size align_corners", compute=_affine_grid_dx, node="AffineGridGeneratorBackwardBackward0",
   grads={"grad": lambda g, size, align_corners: affine_op(g, size=size, align_corners=align_corners)})


def affine_grid(theta, size, align_corners=None):
    """The grid of points for grid_sample that theta (N, 2, 3) maps an image of `size` (N, C, H, W) to; or (N, 3, 4) for volumes."""
    import warnings

    if align_corners is None:
        align_corners = _align_corners_default()
    if not theta.is_floating_point():
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    n = len(size) - 2
    if n not in (2, 3):
        raise NotImplementedError("affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, respectively. Got size "
                                  f"{size}.")
    if tuple(theta._meta.shape[-2:]) != (n, n + 1) or theta._meta.ndim != 3:
        raise ValueError(f"Expected a batch of {n}D affine matrices of shape Nx{n}x{n + 1} for size {size}. Got {theta.shape}.")
    if align_corners and min(size[2:]) == 1:
        warnings.warn("Since version 1.3.0, affine_grid behavior has changed for unit-size grids when align_corners=True. This is "
                      "not an intended use case of affine_grid. See the documentation of affine_grid for details.", stacklevel=2)
    elif min(size) <= 0:
        raise ValueError(f"Expected non-zero, positive output size. Got {size}")
    return affine_grid_generator(theta, size, align_corners)


@public(method=False)
def affine_grid_generator(theta, size, align_corners):
    n = len(size) - 2
    if theta._meta.shape[0] != size[0]:
        raise RuntimeError(f"Expected size for first two dimensions of batch2 tensor to be: [{size[0]}, {n + 1}] but got: "
                           f"[{theta._meta.shape[0]}, {n + 1}].")
    return Op.apply(affine_op, (theta,), (tuple(int(s) for s in size[2:]), bool(align_corners)))
