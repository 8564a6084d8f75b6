"""The version of torchvision whose behaviour this package follows."""

__version__ = "0.28.0"
git_version = "unknown"
cuda = None
