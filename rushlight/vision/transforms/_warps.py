"""Random rotations, affine and perspective maps, and elastic displacement."""

from collections.abc import Sequence

import rushlight as torch
from rushlight.vision.transforms import functional as F
from rushlight.vision.transforms._arguments import (
    _check_sequence_input,
    _setup_angle,
    chance,
    fill_for,
    uniform,
    whole,
)
from rushlight.vision.transforms._geometry import _mode
from rushlight.vision.transforms._modes import InterpolationMode


class RandomPerspective(torch.nn.Module):
    """With probability p, each corner drawn in by up to `distortion_scale` of half the image."""

    def __init__(self, distortion_scale=0.5, p=0.5, interpolation=InterpolationMode.BILINEAR, fill=0) -> None:
        super().__init__()
        self.p = p
        self.interpolation = _mode(interpolation)
        self.distortion_scale = distortion_scale
        self.fill = _checked_fill(fill)

    def forward(self, img):
        fill = fill_for(img, self.fill)
        if not chance(self.p):
            return img
        _, height, width = F.get_dimensions(img)
        startpoints, endpoints = self.get_params(width, height, self.distortion_scale)
        return F.perspective(img, startpoints, endpoints, self.interpolation, fill)

    @staticmethod
    def get_params(width: int, height: int, distortion_scale: float):
        """(the corners, where they go): top left, top right, bottom right, bottom left, each [x, y]."""
        across = int(distortion_scale * (width // 2))
        down = int(distortion_scale * (height // 2))
        top_left = [whole(0, across + 1), whole(0, down + 1)]
        top_right = [whole(width - across - 1, width), whole(0, down + 1)]
        bottom_right = [whole(width - across - 1, width), whole(height - down - 1, height)]
        bottom_left = [whole(0, across + 1), whole(height - down - 1, height)]
        startpoints = [[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]]
        return startpoints, [top_left, top_right, bottom_right, bottom_left]

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class RandomRotation(torch.nn.Module):
    """A turn by an angle drawn from `degrees`: (min, max), or a number for (-number, number)."""

    def __init__(
        self, degrees, interpolation=InterpolationMode.NEAREST, expand=False, center=None, fill=0
    ) -> None:
        super().__init__()
        self.interpolation = _mode(interpolation)
        self.degrees = _setup_angle(degrees, name="degrees", req_sizes=(2,))
        if center is not None:
            _check_sequence_input(center, "center", req_sizes=(2,))
        self.center = center
        self.expand = expand
        self.fill = _checked_fill(fill)

    @staticmethod
    def get_params(degrees) -> float:
        """An angle between the two."""
        return uniform(degrees[0], degrees[1])

    def forward(self, img):
        fill = fill_for(img, self.fill)
        angle = self.get_params(self.degrees)
        return F.rotate(img, angle, self.interpolation, self.expand, self.center, fill)

    def __repr__(self) -> str:
        shown = [f"degrees={self.degrees}", f"interpolation={self.interpolation.value}", f"expand={self.expand}"]
        if self.center is not None:
            shown.append(f"center={self.center}")
        if self.fill is not None:
            shown.append(f"fill={self.fill}")
        return f"{type(self).__name__}({', '.join(shown)})"


class RandomAffine(torch.nn.Module):
    """A turn, a move by up to a share of the size, a scale and a shear, each drawn from its range."""

    def __init__(
        self,
        degrees,
        translate=None,
        scale=None,
        shear=None,
        interpolation=InterpolationMode.NEAREST,
        fill=0,
        center=None,
    ) -> None:
        super().__init__()
        self.interpolation = _mode(interpolation)
        self.degrees = _setup_angle(degrees, name="degrees", req_sizes=(2,))
        if translate is not None:
            _check_sequence_input(translate, "translate", req_sizes=(2,))
            if not all(0.0 <= t <= 1.0 for t in translate):
                raise ValueError("translation values should be between 0 and 1")
        self.translate = translate
        if scale is not None:
            _check_sequence_input(scale, "scale", req_sizes=(2,))
            if not all(s > 0 for s in scale):
                raise ValueError("scale values should be positive")
        self.scale = scale
        self.shear = None if shear is None else _setup_angle(shear, name="shear", req_sizes=(2, 4))
        self.fill = _checked_fill(fill)
        if center is not None:
            _check_sequence_input(center, "center", req_sizes=(2,))
        self.center = center

    @staticmethod
    def get_params(degrees, translate, scale_ranges, shears, img_size):
        """(angle, (x, y) to move by, scale, (x, y) shear); `img_size` is (width, height)."""
        angle = uniform(degrees[0], degrees[1])
        translations = (0, 0)
        if translate is not None:
            reach = [float(share * size) for share, size in zip(translate, img_size)]
            tx = int(round(uniform(-reach[0], reach[0])))
            ty = int(round(uniform(-reach[1], reach[1])))
            translations = (tx, ty)
        scale = 1.0 if scale_ranges is None else uniform(scale_ranges[0], scale_ranges[1])
        shear_x = shear_y = 0.0
        if shears is not None:
            shear_x = uniform(shears[0], shears[1])
            if len(shears) == 4:
                shear_y = uniform(shears[2], shears[3])
        return angle, translations, scale, (shear_x, shear_y)

    def forward(self, img):
        fill = fill_for(img, self.fill)
        _, height, width = F.get_dimensions(img)
        drawn = self.get_params(self.degrees, self.translate, self.scale, self.shear, [width, height])
        return F.affine(img, *drawn, interpolation=self.interpolation, fill=fill, center=self.center)

    def __repr__(self) -> str:
        shown = [f"degrees={self.degrees}"]
        shown += [
            f"{name}={value}"
            for name, value in (("translate", self.translate), ("scale", self.scale), ("shear", self.shear))
            if value is not None
        ]
        if self.interpolation != InterpolationMode.NEAREST:
            shown.append(f"interpolation={self.interpolation.value}")
        if self.fill != 0:
            shown.append(f"fill={self.fill}")
        if self.center is not None:
            shown.append(f"center={self.center}")
        return f"{type(self).__name__}({', '.join(shown)})"


class ElasticTransform(torch.nn.Module):
    """Pixels displaced by smoothed noise: `alpha` its strength, `sigma` its smoothness, each one number or (x, y)."""

    def __init__(self, alpha=50.0, sigma=5.0, interpolation=InterpolationMode.BILINEAR, fill=0) -> None:
        super().__init__()
        self.alpha = _pair(alpha, "alpha")
        self.sigma = _pair(sigma, "sigma")
        self.interpolation = _mode(interpolation)
        if isinstance(fill, (int, float)):
            self.fill = [float(fill)]
        elif isinstance(fill, (list, tuple)):
            self.fill = [float(f) for f in fill]
        else:
            raise TypeError(f"fill should be int or float or a list or tuple of them. Got {type(fill)}")

    @staticmethod
    def get_params(alpha, sigma, size):
        """The displacement (1, H, W, 2) of an image of `size` (height, width)."""
        moves = []
        for strength, width, extent in zip(alpha, sigma, (size[1], size[0])):
            noise = torch.rand([1, 1, *size]) * 2 - 1
            if width > 0.0:
                kernel = int(8 * width + 1)
                kernel += 1 - kernel % 2  # odd
                noise = F.gaussian_blur(noise, [kernel, kernel], list(sigma))
            moves.append(noise * strength / extent)
        return torch.cat(moves, 1).permute([0, 2, 3, 1])

    def forward(self, tensor):
        _, height, width = F.get_dimensions(tensor)
        displacement = self.get_params(self.alpha, self.sigma, [height, width])
        return F.elastic_transform(tensor, displacement, self.interpolation, self.fill)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(alpha={self.alpha}, sigma={self.sigma}, "
            f"interpolation={self.interpolation}, fill={self.fill})"
        )


def _pair(value, name: str):
    if not isinstance(value, (float, Sequence)):
        raise TypeError(f"{name} should be float or a sequence of floats. Got {type(value)}")
    if isinstance(value, float):
        return [value, value]
    if len(value) != 2:
        raise ValueError(f"If {name} is a sequence its length should be 2. Got {len(value)}")
    for element in value:
        if not isinstance(element, float):
            raise TypeError(f"{name} should be a sequence of floats. Got {type(element)}")
    return value


def _checked_fill(fill):
    if fill is None:
        return 0
    if not isinstance(fill, (Sequence, int, float)):
        raise TypeError("Fill should be either a sequence or a number.")
    return fill
