"""Lazy modules: layers that learn the sizes of their parameters from their first input."""
from ..parameter import is_lazy

__all__ = ["LazyModuleMixin"]


class LazyModuleMixin:
    """Put before a Module class, makes it lazy.

    The class gives its unknown parameters as `UninitializedParameter` and defines
    `initialize_parameters(*inputs)`, which materializes them.  After the first call the object is of class
    `cls_to_become`.
    """

    cls_to_become = None

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._load_hook = self._register_load_state_dict_pre_hook(self._lazy_load_hook)
        self._initialize_hook = self.register_forward_pre_hook(self._infer_parameters, with_kwargs=True)

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        # As Module's, but an uninitialized tensor goes in as it is: it cannot be detached.
        for name, parameter in self._parameters.items():
            if parameter is not None:
                keep = keep_vars or is_lazy(parameter)
                destination[prefix + name] = parameter if keep else parameter.detach()
        for name, buffer in self._buffers.items():
            if buffer is not None and name not in self._non_persistent_buffers_set:
                keep = keep_vars or is_lazy(buffer)
                destination[prefix + name] = buffer if keep else buffer.detach()

    def _lazy_load_hook(
        self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
    ):
        """Before loading: take on the shapes that the checkpoint has."""
        import rushlight as torch

        for registry in (self._parameters, self._buffers):
            for name, tensor in registry.items():
                key = prefix + name
                if key in state_dict and is_lazy(tensor):
                    saved = state_dict[key]
                    if not is_lazy(saved):
                        with torch.no_grad():
                            tensor.materialize(saved.shape)

    def initialize_parameters(self, *args, **kwargs):
        """Materialize the parameters from the first inputs; every lazy class defines it."""
        raise NotImplementedError(f"initialize_parameters is not implemented for {type(self).__name__}")

    def has_uninitialized_params(self):
        """Whether any parameter or buffer still has no shape."""
        tensors = [*self._parameters.values(), *self._buffers.values()]
        return any(is_lazy(tensor) for tensor in tensors)

    def _infer_parameters(self, module, args, kwargs=None):
        kwargs = kwargs or {}
        module.initialize_parameters(*args, **kwargs)
        if module.has_uninitialized_params():
            raise RuntimeError(f"module {self._get_name()} has not been fully initialized")
        module._initialize_hook.remove()
        module._load_hook.remove()
        del module._initialize_hook
        del module._load_hook
        if module.cls_to_become is not None:
            module.__class__ = module.cls_to_become

    def _replicate_for_data_parallel(self):
        raise RuntimeError(
            "Modules with uninitialized parameters can't be used with `DataParallel`. Run a dummy forward pass to "
            "correctly initialize the modules"
        )
