"""The old place of Variable. Source: torch.autograd.variable."""
from rushlight.autograd import Variable

__all__ = ["Variable"]
