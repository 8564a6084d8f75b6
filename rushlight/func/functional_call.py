"""A module called with other parameters; several modules' parameters as one. Source: torch.func."""

def functional_call(module, parameter_and_buffer_dicts, args=None, kwargs=None, *, tie_weights=True, strict=False):
    """Call `module` with the given tensors in place of its parameters and buffers, by dotted name.

    Args:
        parameter_and_buffer_dicts: one dict, or several with different keys; what is not named stays.
        args: the positional arguments: a tuple, or a single one.
        tie_weights: a tensor that the module has under several names is replaced under all.
        strict: every parameter and buffer must be given, and nothing else.
    """
    from rushlight.nn.utils.stateless import _functional_call

    if isinstance(parameter_and_buffer_dicts, dict):
        tensors = parameter_and_buffer_dicts
    elif isinstance(parameter_and_buffer_dicts, (list, tuple)):
        if not all(isinstance(part, dict) for part in parameter_and_buffer_dicts):
            raise ValueError(
                "Expected all elements of parameter_and_buffer_dicts to be dictionaries"
            )
        keys = [key for part in parameter_and_buffer_dicts for key in part]
        repeated = [key for key in dict.fromkeys(keys) if keys.count(key) > 1]
        if repeated:
            raise ValueError(
                f"{repeated} appeared in multiple dictionaries; behavior of functional call is ambiguous"
            )
        tensors = {key: value for part in parameter_and_buffer_dicts for key, value in part.items()}
    else:
        raise ValueError(
            "Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of dicts, but got "
            f"{type(parameter_and_buffer_dicts)}"
        )
    return _functional_call(module, tensors, args, kwargs, tie_weights=tie_weights, strict=strict)


def stack_module_state(models):
    """The parameters and the buffers of equal modules, each stacked along a new first dimension: two dicts by name."""
    import rushlight as torch

    models = list(models)
    if not models:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if not (all(m.training for m in models) or all(not m.training for m in models)):
        raise RuntimeError("stack_module_state: Expected all models to have the same training/eval mode.")
    if any(type(m) is not type(models[0]) for m in models):
        raise RuntimeError("stack_module_state: Expected all models to be of the same class.")
    params = {}
    for name, first in models[0].named_parameters():
        stacked = torch.stack([dict(m.named_parameters())[name] for m in models])
        params[name] = stacked.detach().requires_grad_(first.requires_grad)
    buffers = {name: torch.stack([dict(m.named_buffers())[name] for m in models]).detach()
               for name, _ in models[0].named_buffers()}
    return params, buffers
