"""Random rotations, affine and perspective maps, and elastic displacement."""

from rushlight.vision.transforms import _warps as v1
from rushlight.vision.transforms._arguments import _check_sequence_input, _setup_angle
from rushlight.vision.transforms.v2 import functional as F
from rushlight.vision.transforms.v2._arguments import fill_for_part, fills_of, pair_of_floats
from rushlight.vision.transforms.v2._samples import query_size
from rushlight.vision.transforms.v2._transform import RandomApplyTransform, Transform


class RandomRotation(Transform):
    """A turn by an angle drawn from `degrees`: (min, max), or a number for (-number, number)."""

    get_params = staticmethod(v1.RandomRotation.get_params)

    def __init__(self, degrees, interpolation="nearest", expand=False, center=None, fill=0) -> None:
        super().__init__()
        self.degrees = _setup_angle(degrees, name="degrees", req_sizes=(2,))
        self.interpolation = interpolation
        self.expand = expand
        self.fill = fill
        self._fill = fills_of(fill)
        if center is not None:
            _check_sequence_input(center, "center", req_sizes=(2,))
        self.center = center

    def make_params(self, flat_inputs):
        return {"angle": self.get_params(self.degrees)}

    def transform(self, inpt, params):
        return self._call_kernel(
            F.rotate,
            inpt,
            **params,
            interpolation=self.interpolation,
            expand=self.expand,
            center=self.center,
            fill=fill_for_part(self._fill, inpt),
        )


class RandomAffine(Transform):
    """A turn, a move by up to a share of the size, a scale and a shear, each drawn from its range."""

    get_params = staticmethod(v1.RandomAffine.get_params)

    def __init__(
        self, degrees, translate=None, scale=None, shear=None, interpolation="nearest", fill=0, center=None
    ) -> None:
        super().__init__()
        self.degrees = _setup_angle(degrees, name="degrees", req_sizes=(2,))
        if translate is not None:
            _check_sequence_input(translate, "translate", req_sizes=(2,))
            if not all(0.0 <= share <= 1.0 for share in translate):
                raise ValueError("translation values should be between 0 and 1")
        self.translate = translate
        if scale is not None:
            _check_sequence_input(scale, "scale", req_sizes=(2,))
            if not all(factor > 0 for factor in scale):
                raise ValueError("scale values should be positive")
        self.scale = scale
        self.shear = None if shear is None else _setup_angle(shear, name="shear", req_sizes=(2, 4))
        self.interpolation = interpolation
        self.fill = fill
        self._fill = fills_of(fill)
        if center is not None:
            _check_sequence_input(center, "center", req_sizes=(2,))
        self.center = center

    def make_params(self, flat_inputs):
        height, width = query_size(flat_inputs)
        drawn = self.get_params(self.degrees, self.translate, self.scale, self.shear, [width, height])
        return dict(zip(("angle", "translate", "scale", "shear"), drawn))

    def transform(self, inpt, params):
        return self._call_kernel(
            F.affine,
            inpt,
            **params,
            interpolation=self.interpolation,
            fill=fill_for_part(self._fill, inpt),
            center=self.center,
        )


class RandomPerspective(RandomApplyTransform):
    """With probability p, each corner drawn in by up to `distortion_scale` of half the picture."""

    get_params = staticmethod(v1.RandomPerspective.get_params)

    def __init__(self, distortion_scale=0.5, p=0.5, interpolation="bilinear", fill=0) -> None:
        super().__init__(p=p)
        if not 0 <= distortion_scale <= 1:
            raise ValueError("Argument distortion_scale value should be between 0 and 1")
        self.distortion_scale = distortion_scale
        self.interpolation = interpolation
        self.fill = fill
        self._fill = fills_of(fill)

    def make_params(self, flat_inputs):
        from rushlight.vision.transforms._geometry_functional import _get_perspective_coeffs

        height, width = query_size(flat_inputs)
        startpoints, endpoints = self.get_params(width, height, self.distortion_scale)
        return {"coefficients": _get_perspective_coeffs(startpoints, endpoints)}

    def transform(self, inpt, params):
        return self._call_kernel(
            F.perspective,
            inpt,
            startpoints=None,
            endpoints=None,
            fill=fill_for_part(self._fill, inpt),
            interpolation=self.interpolation,
            **params,
        )


class ElasticTransform(Transform):
    """Pixels displaced by smoothed noise: `alpha` its strength, `sigma` its smoothness, each one number or (x, y)."""

    get_params = staticmethod(v1.ElasticTransform.get_params)

    def __init__(self, alpha=50.0, sigma=5.0, interpolation="bilinear", fill=0) -> None:
        super().__init__()
        self.alpha = pair_of_floats(alpha, "alpha")
        self.sigma = pair_of_floats(sigma, "sigma")
        self.interpolation = interpolation
        self.fill = fill
        self._fill = fills_of(fill)

    def make_params(self, flat_inputs):
        size = list(query_size(flat_inputs))
        return {"displacement": self.get_params(self.alpha, self.sigma, size)}

    def transform(self, inpt, params):
        fill = fill_for_part(self._fill, inpt)
        return self._call_kernel(F.elastic, inpt, **params, fill=fill, interpolation=self.interpolation)
