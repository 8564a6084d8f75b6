"""Calling a module with other parameters and buffers than its own."""
from contextlib import contextmanager

import rushlight as torch

__all__ = ["functional_call"]


def functional_call(module, parameters_and_buffers, args=None, kwargs=None, *, tie_weights=True, strict=False):
    """Deprecated: `torch.func.functional_call`."""
    import warnings

    warnings.warn(
        "`torch.nn.utils.stateless.functional_call` is deprecated as of PyTorch 2.0 and will be removed in a future "
        "version of PyTorch. Please use `torch.func.functional_call` instead which is a drop-in replacement.",
        FutureWarning,
        stacklevel=2,
    )
    return _functional_call(module, parameters_and_buffers, args, kwargs, tie_weights=tie_weights, strict=strict)


def _functional_call(module, parameters_and_buffers, args=None, kwargs=None, *, tie_weights=True, strict=False):
    if args is None:
        args = ()
    elif not isinstance(args, tuple):
        args = (args,)
    with _reparametrize_module(module, parameters_and_buffers, tie_weights=tie_weights, strict=strict):
        return module(*args, **(kwargs or {}))


@contextmanager
def _reparametrize_module(module, parameters_and_buffers, tie_weights=False, strict=False, stack_weights=False):
    """Within it, the module's tensors are those given; what it writes into its buffers then goes to the given
    ones, and its own come back unchanged."""
    tensors = dict(parameters_and_buffers)
    if tie_weights:
        tensors = _untie_named_tensors_map(module, tensors)
    if strict:
        _check_names(module, tensors)
    for tensor in tensors.values():
        if not isinstance(tensor, torch.Tensor):
            raise TypeError(f"{tensor} is not an instance of torch.Tensor")
    saved = []
    try:
        for name, tensor in tensors.items():
            owner_path, _, attribute = name.rpartition(".")
            try:
                owner = module.get_submodule(owner_path)
            except AttributeError:
                continue
            for registry in (owner._parameters, owner._buffers):
                if attribute in registry:
                    saved.append((registry, attribute, registry[attribute]))
                    registry[attribute] = tensor
                    break
        yield
    finally:
        for registry, attribute, tensor in reversed(saved):
            registry[attribute] = tensor


def _named_tensors(module):
    for kind in (module.named_parameters, module.named_buffers):
        yield from kind(remove_duplicate=False)


def _check_names(module, tensors):
    own = {name for name, _ in _named_tensors(module)}
    missing = ", ".join(f"'{name}'" for name in sorted(own - set(tensors)))
    unexpected = ", ".join(f"'{name}'" for name in sorted(set(tensors) - own))
    problems = []
    if unexpected:
        problems.append(f"Unexpected key(s): {unexpected}.")
    if missing:
        problems.append(f"Missing key(s): {missing}.")
    if problems:
        details = "\n\t".join(problems)
        raise RuntimeError(f"Error(s) in reparametrizing for {module._get_name()}:\n\t{details}")


def _untie_named_tensors_map(module, parameters_and_buffers):
    """Add, for each given tensor, the other names under which the module holds the one it replaces."""
    names_of = {}
    for name, tensor in _named_tensors(module):
        names_of.setdefault(id(tensor), []).append(name)
    result = dict(parameters_and_buffers)
    for names in names_of.values():
        given = [name for name in names if name in parameters_and_buffers]
        if not given:
            continue
        replacements = {id(parameters_and_buffers[name]) for name in given}
        if len(replacements) > 1:
            raise ValueError(
                f"functional_call got multiple values for keys {sorted(given)}, which are tied. Consider using "
                "tie_weights=False"
            )
        for name in names:
            result[name] = parameters_and_buffers[given[0]]
    return result
