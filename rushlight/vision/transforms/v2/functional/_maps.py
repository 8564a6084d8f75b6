"""Where points go when a picture is resized, turned, warped: maps of arrays of places (..., 2).

Each map is a function of places, (x, y) counted in pixels from the picture's corner.
"""

import numpy as np

from rushlight.vision.transforms import _sampling
from rushlight.vision.transforms._geometry_functional import _get_inverse_affine_matrix, _get_perspective_coeffs


def scaling(old, new):
    """Of a resize from (height, width) `old` to `new`."""
    ratio = (new[1] / old[1], new[0] / old[0])
    return lambda points: points * np.asarray(ratio, points.dtype)


def shift(x: float, y: float):
    return lambda points: points + np.asarray((x, y), points.dtype)


def affine(angle, translate, scale, shear, center, canvas_size, expand: bool = False):
    """(the map, the new canvas): a turn, a move, a scale and a shear, about the middle if `center` is None."""
    height, width = canvas_size
    center = [width * 0.5, height * 0.5] if center is None else center
    matrix = np.array(_get_inverse_affine_matrix(center, angle, translate, scale, shear, inverted=False))
    if not expand:
        return _times(matrix), canvas_size
    # As the picture, so do the points move by what keeps the whole of it in view.
    frame = np.array([[0, 0], [0, height], [width, height], [width, 0]], np.float32)
    least = _times(matrix)(frame).min(0)
    turned = _times(matrix)
    reading = _get_inverse_affine_matrix(center, angle, translate, scale, shear)
    new_width, new_height = _sampling.affine_output_size(reading, width, height)
    return lambda points: turned(points) - least.astype(points.dtype), (new_height, new_width)


def _times(matrix):
    def apply(points):
        m = matrix.reshape(2, 3).astype(points.dtype)
        return points @ m[:, :2].T + m[:, 2]

    return apply


def perspective(startpoints, endpoints, coefficients):
    """The inverse of the map that the pixels are read by."""
    a, b, c, d, e, f, g, h = perspective_coefficients(startpoints, endpoints, coefficients)
    denominator = a * e - b * d
    if denominator == 0:
        raise RuntimeError(
            f"Provided perspective_coeffs {[a, b, c, d, e, f, g, h]} can not be inverted to transform bounding boxes. "
            f"Denominator is zero, denom={denominator}"
        )
    inverse = np.linalg.inv(np.array([[a, b, c], [d, e, f], [g, h, 1.0]]))

    def apply(points):
        m = inverse.astype(points.dtype)
        above = points @ m[:2, :2].T + m[:2, 2]
        return above / (points @ m[2:, :2].T + m[2, 2])

    return apply


def perspective_coefficients(startpoints, endpoints, coefficients) -> list:
    """The eight numbers of a perspective map, given themselves or as what goes where."""
    if coefficients is not None:
        if startpoints is not None and endpoints is not None:
            raise ValueError("The startpoints/endpoints and the coefficients shouldn't be defined concurrently.")
        if len(coefficients) != 8:
            raise ValueError("Argument coefficients should have 8 float values")
        return list(coefficients)
    if startpoints is None or endpoints is None:
        raise ValueError("Either the startpoints/endpoints or the coefficients must have non `None` values.")
    return _get_perspective_coeffs(startpoints, endpoints)


def displacement(moves: np.ndarray, canvas_size):
    """Of an elastic transform by (1, H, W, 2) `moves`: about its inverse, read at the pixel that a point lies in or before."""
    height, width = canvas_size
    places = _sampling.identity_grid(height, width, moves.dtype.type) - moves

    def apply(points):
        at = np.ceil(points).astype(np.int64)
        x, y = at[..., 0].clip(0, width - 1), at[..., 1].clip(0, height - 1)
        half = np.array([0.5 * width, 0.5 * height], points.dtype)
        return (places[0, y, x].astype(points.dtype) + 1) * half - np.asarray(0.5, points.dtype)

    return apply
