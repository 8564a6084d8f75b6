"""grid_sample put together from differentiable functions: slow, and only for gradients of its gradients."""
from itertools import product

import rushlight as torch


def gradient(g, input, grid, mode, padding, align_corners):
    """The gradients of input and grid, as functions of g, input and grid that can be differentiated again."""
    with torch.enable_grad():
        x = input if input.requires_grad else input.detach().requires_grad_()
        points = grid if grid.requires_grad else grid.detach().requires_grad_()
        out = sample(x, points, mode, padding, align_corners)
        found = torch.autograd.grad(out, (x, points), g, create_graph=True, allow_unused=True)
    return [torch.zeros_like(t) if d is None else d for d, t in zip(found, (input, grid))]


def sample(x, grid, mode, padding, align_corners):
    """input (N, C, *S) at the points of grid (N, *S', dims)."""
    sizes, images, channels = x.shape[2:], x.shape[0], x.shape[1]
    flat = x.flatten(2)
    points = grid.flatten(1, -2)
    axes = [_taps(points[..., len(sizes) - 1 - d], n, mode, padding, align_corners) for d, n in enumerate(sizes)]
    total = 0
    for corner in product(*axes):
        index, weight, inside = 0, 1, True
        for (place, w), n in zip(corner, sizes):
            inside = (place >= 0) & (place <= n - 1) & inside
            index = index * n + place.clamp(0, n - 1).long()
            weight = weight * w
        seen = flat.gather(2, index.unsqueeze(1).expand(-1, channels, -1))
        total = total + seen * (weight * inside).unsqueeze(1)
    return total.reshape(tuple(x.shape[:2]) + tuple(grid.shape[1:-1]))


def _taps(points, n, mode, padding, align_corners):
    """For one dimension: pairs of a whole coordinate, which does not depend on the points, and a weight, which does."""
    place = (points + 1) * ((n - 1) / 2) if align_corners else ((points + 1) * n - 1) / 2
    if mode == "bicubic":
        first = place.detach().floor()
        part = place - first
        return [(_inside(first + k, n, padding, align_corners), w) for k, w in zip(range(-1, 3), _cubic(part))]
    place = _inside(place, n, padding, align_corners)
    if mode == "nearest":
        return [(place.detach().round(), torch.ones_like(place))]
    first = place.detach().floor()
    part = place - first
    return [(first, 1 - part), (first + 1, part)]


def _cubic(part, a=-0.75):
    """Weights of the four neighbours. Source: Keys 1981, as in backends.numpy.resample."""
    def near(d):
        return ((a + 2) * d - (a + 3)) * d * d + 1

    def far(d):
        return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a

    return [far(part + 1), near(part), near(1 - part), far(2 - part)]


def _inside(place, n, padding, align_corners):
    if padding == "zeros":
        return place
    if padding == "reflection":
        low, span = (0.0, n - 1.0) if align_corners else (-0.5, float(n))
        if span == 0:
            return torch.zeros_like(place)
        away = (place - low).abs()
        folds = (away.detach() / span).floor()
        rest = away - folds * span
        place = torch.where(folds % 2 == 0, rest + low, span - rest + low)
    return place.clamp(0, n - 1)
