"""Clipping of gradients: by their total norm (Pascanu et al. 2013), or each value by itself."""
import rushlight as torch

__all__ = ["clip_grad_norm_", "clip_grad_norm", "clip_grad_value_", "get_total_norm", "clip_grads_with_norm_"]


def _as_list(parameters):
    if isinstance(parameters, torch.Tensor):
        return [parameters]
    return list(parameters)


def _gradients(parameters):
    return [parameter.grad for parameter in parameters if parameter.grad is not None]


def get_total_norm(tensors, norm_type=2.0, error_if_nonfinite=False, foreach=None):
    """The p-norm of all tensors together, as if they were one vector; a 0-d tensor.

    Args:
        error_if_nonfinite: RuntimeError if it is NaN or infinite.
        foreach: taken for compatibility; tensors are always handled together.
    """
    with torch.no_grad():
        tensors = _as_list(tensors)
        norm_type = float(norm_type)
        if len(tensors) == 0:
            return torch.tensor(0.0)
        norms = [torch.linalg.vector_norm(tensor, norm_type) for tensor in tensors]
        device = tensors[0].device
        total = torch.linalg.vector_norm(torch.stack([norm.to(device) for norm in norms]), norm_type)
        if error_if_nonfinite and bool(torch.logical_or(total.isnan(), total.isinf())):
            raise RuntimeError(
                f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, so it cannot be "
                "clipped. To disable this error and scale the gradients by the non-finite norm anyway, set "
                "`error_if_nonfinite=False`"
            )
        return total


def clip_grads_with_norm_(parameters, max_norm, total_norm, foreach=None):
    """Scale all gradients by max_norm / total_norm where that is below 1."""
    with torch.no_grad():
        gradients = _gradients(_as_list(parameters))
        if not gradients:
            return
        # Multiplying by 1 where nothing is to clip saves looking at the norm.
        factor = torch.clamp(float(max_norm) / (total_norm + 1e-6), max=1.0)
        for gradient in gradients:
            gradient.mul_(factor.to(gradient.device))


def clip_grad_norm_(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False, foreach=None):
    """Scale the gradients of all parameters together so that their p-norm is at most max_norm.

    Returns the norm before clipping.
    """
    is_generator = type(parameters).__name__ == "generator"
    parameters = _as_list(parameters)
    if is_generator and not parameters:
        import warnings

        warnings.warn("`parameters` is an empty generator, no gradient clipping will occur.", stacklevel=2)
    total_norm = get_total_norm(_gradients(parameters), norm_type, error_if_nonfinite, foreach)
    clip_grads_with_norm_(parameters, max_norm, total_norm, foreach)
    return total_norm


def clip_grad_norm(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False, foreach=None):
    """Deprecated: the old name of `clip_grad_norm_`."""
    import warnings

    warnings.warn(
        "`torch.nn.utils.clip_grad_norm` is now deprecated in favor of `torch.nn.utils.clip_grad_norm_`.",
        FutureWarning,
        stacklevel=2,
    )
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)


def clip_grad_value_(parameters, clip_value, foreach=None):
    """Limit every element of every gradient to [-clip_value, clip_value]."""
    clip_value = float(clip_value)
    with torch.no_grad():
        for gradient in _gradients(_as_list(parameters)):
            gradient.clamp_(min=-clip_value, max=clip_value)
