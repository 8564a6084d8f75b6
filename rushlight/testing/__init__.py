"""Comparing results. Source: torch.testing."""
from rushlight.testing.comparison import assert_allclose, assert_close
from rushlight.testing.creation import make_tensor

__all__ = ["assert_close", "assert_allclose", "make_tensor"]
