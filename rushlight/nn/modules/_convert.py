"""Methods of Module that convert its parameters and buffers: dtype, device, memory."""
import rushlight as torch


def _apply(self, fn, recurse=True):
    """Replace every parameter, gradient and buffer by `fn` of it.  Parameters stay the same objects."""
    if recurse:
        for module in self.children():
            module._apply(fn)
    for name, parameter in self._parameters.items():
        if parameter is None:
            continue
        with torch.no_grad():
            converted = fn(parameter)
            if converted.is_meta != parameter.is_meta:  # no memory to swap: a new Parameter takes its place
                self._parameters[name] = torch.nn.Parameter(converted, parameter.requires_grad)
                continue
            parameter.data = converted
            if parameter.grad is not None:
                gradient = fn(parameter.grad)
                if gradient.dtype == parameter.grad.dtype and gradient.device == parameter.grad.device:
                    parameter.grad.data = gradient
                else:
                    parameter.grad = gradient.requires_grad_(parameter.grad.requires_grad)
    for name, buffer in self._buffers.items():
        if buffer is not None:
            self._buffers[name] = fn(buffer)
    return self


def cuda(self, device=None):
    """Move parameters and buffers to a GPU."""
    return self._apply(lambda tensor: tensor.cuda(device))


def ipu(self, device=None):
    """Move parameters and buffers to an IPU."""
    return self._apply(lambda tensor: tensor.ipu(device))


def xpu(self, device=None):
    """Move parameters and buffers to an XPU."""
    return self._apply(lambda tensor: tensor.xpu(device))


def mtia(self, device=None):
    """Move parameters and buffers to an MTIA device."""
    return self._apply(lambda tensor: tensor.mtia(device))


def cpu(self):
    """Move parameters and buffers to the CPU."""
    return self._apply(lambda tensor: tensor.cpu())


def type(self, dst_type):
    """Cast every parameter and buffer to `dst_type`."""
    return self._apply(lambda tensor: tensor.type(dst_type))


def float(self):
    """Cast floating point parameters and buffers to float32."""
    return self._apply(lambda tensor: tensor.float() if tensor.is_floating_point() else tensor)


def double(self):
    """Cast floating point parameters and buffers to float64."""
    return self._apply(lambda tensor: tensor.double() if tensor.is_floating_point() else tensor)


def half(self):
    """Cast floating point parameters and buffers to float16."""
    return self._apply(lambda tensor: tensor.half() if tensor.is_floating_point() else tensor)


def bfloat16(self):
    """Cast floating point parameters and buffers to bfloat16."""
    return self._apply(lambda tensor: tensor.bfloat16() if tensor.is_floating_point() else tensor)


def to_empty(self, *, device, recurse=True):
    """Move to a device without copying the values."""
    return self._apply(lambda tensor: torch.empty_like(tensor, device=device), recurse=recurse)


def share_memory(self):
    """Move parameters and buffers to shared memory."""
    return self._apply(lambda tensor: tensor.share_memory_())


def to(self, *args, **kwargs):
    """Move and cast in place: `to(device, dtype, non_blocking)`, `to(dtype, non_blocking)`, `to(tensor)`,
    with `memory_format` by keyword.  Only floating point and complex tensors are cast.

    Raises TypeError for an integer dtype.
    """
    device, dtype, non_blocking, memory_format = _parse_to(args, kwargs)
    if dtype is not None:
        if not (dtype.is_floating_point or dtype.is_complex):
            raise TypeError(
                f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={dtype}"
            )
        if dtype.is_complex:
            import warnings

            warnings.warn(
                "Complex modules are a new feature under active development whose design may change, and some "
                "modules might not work as expected when using complex tensors as parameters or buffers. Please "
                "file an issue at https://github.com/pytorch/pytorch/issues/new?template=bug-report.yml if a "
                "complex module does not work as expected.",
                stacklevel=2,
            )

    def convert(tensor):
        options = {"non_blocking": non_blocking}
        if device is not None:
            options["device"] = device
        if dtype is not None and (tensor.is_floating_point() or tensor.is_complex()):
            options["dtype"] = dtype
        if memory_format is not None and tensor.dim() in (4, 5):
            options["memory_format"] = memory_format
        if len(options) == 1:
            return tensor
        return tensor.to(**options)

    return self._apply(convert)


def _parse_to(args, kwargs):
    """(device, dtype, non_blocking, memory_format) of the three ways to call `to`."""
    names = ["device", "dtype", "non_blocking"]
    if "tensor" in kwargs:
        names = ["tensor", "non_blocking"]
    elif args:
        if isinstance(args[0], torch.Tensor):
            names = ["tensor", "non_blocking"]
        elif isinstance(args[0], torch.dtype):
            names = ["dtype", "non_blocking"]
        elif args[0] is not None and not isinstance(args[0], (str, int, torch.device)):
            _refuse_to(args[0])
    if len(args) > len(names):
        raise TypeError(f"to() takes at most {len(names)} positional arguments ({len(args)} given)")
    given = dict(zip(names, args))
    for name, value in kwargs.items():
        if name in given:
            raise TypeError(f"to() got multiple values for argument '{name}'")
        if name not in (*names, "memory_format"):
            raise TypeError(f"to() got an unexpected keyword argument '{name}'")
        given[name] = value
    tensor = given.get("tensor")
    device = tensor.device if tensor is not None else given.get("device")
    dtype = tensor.dtype if tensor is not None else given.get("dtype")
    if dtype is not None and not isinstance(dtype, torch.dtype):
        _refuse_to(dtype)
    if device is not None:
        device = torch.device(device)
    return device, dtype, bool(given.get("non_blocking", False)), given.get("memory_format")


def _refuse_to(value):
    raise TypeError(
        f"to() received an invalid combination of arguments - got ({value.__class__.__name__}), but expected one of:\n"
        " * (torch.device device = None, torch.dtype dtype = None, bool non_blocking = False)\n"
        " * (torch.dtype dtype, bool non_blocking = False)\n"
        " * (Tensor tensor, bool non_blocking = False)"
    )
