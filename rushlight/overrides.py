"""`__torch_function__`, which Rushlight does not call: subclasses of Tensor act as plain tensors. Source: torch.overrides."""

__all__ = ["has_torch_function", "handle_torch_function", "is_tensor_like", "is_tensor_method_or_property", "wrap_torch_function",
           "has_torch_function_unary", "has_torch_function_variadic"]


def has_torch_function(relevant_args):
    """Whether an argument takes over a call: none does."""
    return False


def has_torch_function_unary(tensor):
    return False


def has_torch_function_variadic(*args):
    return False


def handle_torch_function(public_api, relevant_args, *args, **kwargs):
    raise NotImplementedError("rushlight does not call __torch_function__")


def wrap_torch_function(dispatcher):
    return lambda function: function


def is_tensor_like(inp):
    import rushlight as torch

    return isinstance(inp, torch.Tensor) or hasattr(type(inp), "__torch_function__")


def is_tensor_method_or_property(func):
    import rushlight as torch

    return any(func is getattr(torch.Tensor, name, None) for name in dir(torch.Tensor))


class TorchFunctionMode:
    """A mode would see every call of torch's functions; Rushlight has none."""

    def __enter__(self):
        raise NotImplementedError("rushlight has no TorchFunctionMode: calls of torch's functions cannot be intercepted")

    def __exit__(self, *exc):
        return False
