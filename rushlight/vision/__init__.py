"""torchvision's place: datasets, transforms, models, utils, io, ops. Reference: torchvision 0.28.

Submodules load when first named, and Pillow when first used.
"""

from rushlight.vision._lazy import lazy_names
from rushlight.vision.version import __version__

__getattr__, __dir__, _ = lazy_names(
    __name__, {}, ("datasets", "io", "models", "ops", "transforms", "tv_tensors", "utils", "version")
)


_image_backend = "PIL"
_video_backend = "pyav"


def set_image_backend(backend: str) -> None:
    """Choose the package that loads images. Both known names are accepted; images are always loaded with Pillow."""
    global _image_backend
    if backend not in ("PIL", "accimage"):
        raise ValueError(f"Invalid backend '{backend}'. Options are 'PIL' and 'accimage'")
    _image_backend = backend


def get_image_backend() -> str:
    """The name given to `set_image_backend`, 'PIL' at first."""
    return _image_backend


def set_video_backend(backend: str) -> None:
    """Name the video backend. Kept for programs that call it; Rushlight reads no video."""
    global _video_backend
    _video_backend = backend


def get_video_backend() -> str:
    """The name given to `set_video_backend`, 'pyav' at first."""
    return _video_backend


def disable_beta_transforms_warning() -> None:
    """Nothing: transforms.v2 gives no warning any more."""
