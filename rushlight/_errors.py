"""Exceptions of devices."""


class AcceleratorError(RuntimeError):
    """An accelerator reported an error."""


class OutOfMemoryError(RuntimeError):
    """A device had not enough memory."""


AcceleratorError.__module__ = OutOfMemoryError.__module__ = "torch"
