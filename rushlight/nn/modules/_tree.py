"""Methods of Module that walk the tree: parameters, buffers, modules, and look-up by dotted name."""
import rushlight as torch


def _named_members(self, get_members_fn, prefix="", recurse=True, remove_duplicate=True):
    """Yield (dotted name, member) of what `get_members_fn(module)` gives for each module of the tree."""
    seen = set()
    if recurse:
        modules = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
    else:
        modules = [(prefix, self)]
    for module_prefix, module in modules:
        for name, member in get_members_fn(module):
            if member is None or member in seen:
                continue
            if remove_duplicate:
                seen.add(member)
            yield (f"{module_prefix}.{name}" if module_prefix else name), member


def parameters(self, recurse=True):
    """Iterate over the parameters; of this module only with recurse=False."""
    for _, parameter in self.named_parameters(recurse=recurse):
        yield parameter


def named_parameters(self, prefix="", recurse=True, remove_duplicate=True):
    """Iterate over (dotted name, parameter); a shared parameter comes once unless remove_duplicate=False."""
    yield from self._named_members(
        lambda module: module._parameters.items(), prefix=prefix, recurse=recurse, remove_duplicate=remove_duplicate
    )


def buffers(self, recurse=True):
    """Iterate over the buffers; of this module only with recurse=False."""
    for _, buffer in self.named_buffers(recurse=recurse):
        yield buffer


def named_buffers(self, prefix="", recurse=True, remove_duplicate=True):
    """Iterate over (dotted name, buffer)."""
    yield from self._named_members(
        lambda module: module._buffers.items(), prefix=prefix, recurse=recurse, remove_duplicate=remove_duplicate
    )


def children(self):
    """Iterate over the immediate child modules, each once."""
    for _, module in self.named_children():
        yield module


def named_children(self):
    """Iterate over (name, immediate child module), each module once."""
    seen = set()
    for name, module in self._modules.items():
        if module is not None and module not in seen:
            seen.add(module)
            yield name, module


def modules(self, remove_duplicate=True):
    """Iterate over this module and all below it, each once unless remove_duplicate=False."""
    for _, module in self.named_modules(remove_duplicate=remove_duplicate):
        yield module


def named_modules(self, memo=None, prefix="", remove_duplicate=True):
    """Iterate over (dotted name, module), this module ('' or `prefix`) first, depth first."""
    if memo is None:
        memo = set()
    if self in memo:
        return
    if remove_duplicate:
        memo.add(self)
    yield prefix, self
    for name, module in self._modules.items():
        if module is None:
            continue
        dotted = f"{prefix}.{name}" if prefix else name
        yield from module.named_modules(memo, dotted, remove_duplicate)


def apply(self, fn):
    """Call `fn` on every module, children first; returns self.  Used to initialise weights."""
    for module in self.children():
        module.apply(fn)
    fn(self)
    return self


def get_submodule(self, target):
    """The module at a dotted name; '' is the module itself.  AttributeError if there is none."""
    if target == "":
        return self
    module = self
    for name in target.split("."):
        if not hasattr(module, name):
            raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
        module = getattr(module, name)
        if not isinstance(module, torch.nn.Module):
            raise AttributeError(f"`{name}` is not an nn.Module")
    return module


def set_submodule(self, target, module, strict=False):
    """Put `module` at a dotted name.  With strict=True something must be there already."""
    if target == "":
        raise ValueError("Cannot set the submodule without a target name!")
    parent_path, _, name = target.rpartition(".")
    if not isinstance(module, torch.nn.Module):
        raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
    parent = self.get_submodule(parent_path)
    if strict and not hasattr(parent, name):
        raise AttributeError(f"{parent._get_name()} has no attribute `{name}`")
    if hasattr(parent, name) and not isinstance(getattr(parent, name), torch.nn.Module):
        raise AttributeError(f"`{name}` is not an nn.Module")
    setattr(parent, name, module)


def _get_tensor(self, target):
    module_path, _, name = target.rpartition(".")
    module = self.get_submodule(module_path)
    if not hasattr(module, name):
        raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
    return module, name, getattr(module, name)


def get_parameter(self, target):
    """The Parameter at a dotted name.  AttributeError if there is none."""
    _, name, parameter = _get_tensor(self, target)
    if not isinstance(parameter, torch.nn.Parameter):
        raise AttributeError(f"`{name}` is not an nn.Parameter")
    return parameter


def get_buffer(self, target):
    """The buffer at a dotted name.  AttributeError if there is none."""
    module, name, buffer = _get_tensor(self, target)
    if name not in module._buffers:
        raise AttributeError(f"`{name}` is not a buffer")
    return buffer
