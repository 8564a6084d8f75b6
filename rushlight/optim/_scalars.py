"""The 0-d entries of a parameter's state (step count and the like), kept in Python while nobody looks."""

import rushlight as torch


def scalar_tensor(value):
    """A 0-d tensor for a step count: float32, or float64 where that is the default dtype."""
    dtype = torch.float64 if torch.get_default_dtype() == torch.float64 else torch.float32
    return torch.tensor(float(value), dtype=dtype)


class ScalarRecord:
    """One parameter's state dict, and its 0-d entries as Python floats: attributes named as the entries.

    Bias corrections need these numbers in Python at every step. Reading them from tensors would stop the engine, and
    counting in tensors would add an operation per parameter; so they are read once, counted here, and written back
    when somebody looks (`Optimizer.state`).
    """

    def __init__(self, state, names):
        self.state = state
        self._names = names
        for name in names:
            tensor = state[name]
            if not isinstance(tensor, torch.Tensor):
                raise RuntimeError("API has changed, `state_steps` argument must contain a list of singleton tensors")
            setattr(self, name, tensor.item())

    def write(self):
        for name in self._names:
            self.state[name].fill_(getattr(self, name))


def round_to_float32(value):
    """`value` as a float32 tensor would hold it."""
    from struct import pack, unpack

    return unpack("f", pack("f", value))[0]
