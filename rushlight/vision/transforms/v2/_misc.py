"""Identity, functions of the user's, normalisation, whitening, blur, noise, and fewer frames."""

import rushlight as torch
from rushlight.vision import tv_tensors
from rushlight.vision._pillow import is_pil
from rushlight.vision.transforms import _colour
from rushlight.vision.transforms import _conversion as v1
from rushlight.vision.transforms._arguments import _setup_size, uniform
from rushlight.vision.transforms.v2 import functional as F
from rushlight.vision.transforms.v2._arguments import pair_of_floats
from rushlight.vision.transforms.v2._samples import has_any
from rushlight.vision.transforms.v2._transform import Transform
from rushlight.vision.transforms.v2.functional._registry import is_pure_tensor


class Identity(Transform):
    """Everything as it is."""

    def transform(self, inpt, params):
        return inpt


class Lambda(Transform):
    """A function of the user's, called for each part of one of these `types` (of any, if there are none)."""

    _transformed_types = (object,)

    def __init__(self, lambd, *types) -> None:
        super().__init__()
        self.lambd = lambd
        self.types = types or self._transformed_types

    def transform(self, inpt, params):
        return self.lambd(inpt) if isinstance(inpt, self.types) else inpt

    def extra_repr(self) -> str:
        name = getattr(self.lambd, "__name__", None)
        types = f"types={[kind.__name__ for kind in self.types]}"
        return f"{name}, {types}" if name else types


def _refuse_pil(transform, flat_inputs) -> None:
    if has_any(flat_inputs, is_pil):
        raise TypeError(f"{type(transform).__name__}() does not support PIL images.")


class Normalize(Transform):
    """(image - mean) / std by channel, of float images and videos."""

    def __init__(self, mean, std, inplace: bool = False) -> None:
        super().__init__()
        self.mean = list(mean)
        self.std = list(std)
        self.inplace = inplace

    def check_inputs(self, flat_inputs) -> None:
        _refuse_pil(self, flat_inputs)

    def transform(self, inpt, params):
        return self._call_kernel(F.normalize, inpt, mean=self.mean, std=self.std, inplace=self.inplace)


class LinearTransformation(Transform):
    """The flattened image or video, less `mean_vector` (D,), times `transformation_matrix` (D, D): whitening."""

    _transformed_types = (is_pure_tensor, tv_tensors.Image, tv_tensors.Video)

    def __init__(self, transformation_matrix, mean_vector) -> None:
        super().__init__()
        # One of v1 checks the matrix and does the arithmetic.
        self._whitening = (v1.LinearTransformation(transformation_matrix, mean_vector),)
        self.transformation_matrix = transformation_matrix
        self.mean_vector = mean_vector

    def check_inputs(self, flat_inputs) -> None:
        _refuse_pil(self, flat_inputs)

    def transform(self, inpt, params):
        values = inpt.as_subclass(torch.Tensor).contiguous()
        if not values.is_floating_point():
            values = values.to(self.mean_vector.dtype)
        out = self._whitening[0](values)
        return out if is_pure_tensor(inpt) else tv_tensors.wrap(out, like=inpt)


class GaussianBlur(Transform):
    """Blurred by a Gaussian of odd `kernel_size`, its width drawn from `sigma` (min, max)."""

    get_params = staticmethod(_colour.GaussianBlur.get_params)

    def __init__(self, kernel_size, sigma=(0.1, 2.0)) -> None:
        super().__init__()
        self.kernel_size = _setup_size(kernel_size, "Kernel size should be a tuple/list of two integers")
        for size in self.kernel_size:
            if size <= 0 or size % 2 == 0:
                raise ValueError("Kernel size value should be an odd and positive number.")
        self.sigma = pair_of_floats(sigma, "sigma")
        if not 0.0 < self.sigma[0] <= self.sigma[1]:
            raise ValueError(f"sigma values should be positive and of the form (min, max). Got {self.sigma}")

    def make_params(self, flat_inputs):
        sigma = uniform(self.sigma[0], self.sigma[1])
        return {"sigma": [sigma, sigma]}

    def transform(self, inpt, params):
        return self._call_kernel(F.gaussian_blur, inpt, kernel_size=self.kernel_size, **params)


class GaussianNoise(Transform):
    """With normal noise added, in units of white; kept in the image's range with `clip`. Each image gets its own."""

    def __init__(self, mean: float = 0.0, sigma: float = 0.1, clip=True) -> None:
        super().__init__()
        self.mean = mean
        self.sigma = sigma
        self.clip = clip

    def transform(self, inpt, params):
        return self._call_kernel(F.gaussian_noise, inpt, mean=self.mean, sigma=self.sigma, clip=self.clip)


class UniformTemporalSubsample(Transform):
    """`num_samples` frames of videos at even distances, from the first to the last."""

    _transformed_types = (torch.Tensor,)

    def __init__(self, num_samples: int) -> None:
        super().__init__()
        self.num_samples = num_samples

    def transform(self, inpt, params):
        return self._call_kernel(F.uniform_temporal_subsample, inpt, num_samples=self.num_samples)
