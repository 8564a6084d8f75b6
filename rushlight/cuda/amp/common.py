"""Whether mixed precision on GPUs can be had."""

__all__ = ["amp_definitely_not_available"]


def amp_definitely_not_available():
    return True
