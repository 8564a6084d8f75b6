"""Which PyTorch this is, to programs that ask. Source: torch.version."""
from rushlight.torch_version import __version__  # noqa: F401

debug = False
cuda = None
hip = None
rocm = None
xpu = None
git_version = "rushlight"
