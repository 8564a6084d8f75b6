"""All parameters as one vector, and back."""
import rushlight as torch


def parameters_to_vector(parameters):
    """The elements of all parameters, one after the other: a 1-d tensor."""
    flat = []
    device = None
    for parameter in parameters:
        device = _check_param_device(parameter, device)
        flat.append(parameter.view(-1))
    return torch.cat(flat)


def vector_to_parameters(vec, parameters):
    """Give the parameters the elements of `vec`, in order."""
    if not isinstance(vec, torch.Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {torch.typename(vec)}")
    device = None
    position = 0
    for parameter in parameters:
        device = _check_param_device(parameter, device)
        count = parameter.numel()
        parameter.data = vec[position : position + count].view_as(parameter).data
        position += count


def _check_param_device(param, old_param_device):
    if old_param_device is not None and param.device != old_param_device:
        raise TypeError("Found two parameters on different devices, this is currently not supported.")
    return param.device
