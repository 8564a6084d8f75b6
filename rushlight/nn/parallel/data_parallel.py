"""DataParallel: one process, several GPUs.  Without a GPU it just calls its module, as in PyTorch."""
import rushlight as torch
from rushlight.nn.modules.module import Module

__all__ = ["DataParallel", "data_parallel"]


class DataParallel(Module):
    """Splits each batch over the GPUs.  The module is `self.module`: its parameters' names begin with 'module.'.

    Args:
        device_ids: the GPUs (default: all there are).
        output_device: where results are joined (default: the first).
        dim: the dimension that is split.
    """

    def __init__(self, module, device_ids=None, output_device=None, dim=0):
        super().__init__()
        self.dim = dim
        self.module = module
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if count == 0:
            self.device_ids = []
            return
        if device_ids is None:
            device_ids = list(range(count))
        if len(device_ids) > 1:
            raise NotImplementedError("DataParallel over several GPUs is not supported yet; give one device id")
        self.device_ids = list(device_ids)
        self.output_device = device_ids[0] if output_device is None else output_device
        self.src_device_obj = torch.device("cuda", device_ids[0])
        self.module.to(self.src_device_obj)

    def forward(self, *inputs, **kwargs):
        if not self.device_ids:
            return self.module(*inputs, **kwargs)
        from .scatter_gather import scatter_kwargs

        devices = [self.src_device_obj]
        inputs, kwargs = scatter_kwargs(inputs, kwargs, devices, self.dim)
        if not inputs and not kwargs:
            inputs, kwargs = ((),), ({},)
        return self.module(*inputs[0], **kwargs[0])


def data_parallel(module, inputs, device_ids=None, output_device=None, dim=0, module_kwargs=None):
    """The functional form: call the module once, its inputs split over the GPUs."""
    if not isinstance(inputs, tuple):
        inputs = (inputs,) if inputs is not None else ()
    return DataParallel(module, device_ids, output_device, dim)(*inputs, **(module_kwargs or {}))
