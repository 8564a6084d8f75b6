"""Handles of hooks: removing, leaving a with block, copying."""
import collections
import copy

import pytest
import rushlight as torch
from rushlight.utils.hooks import RemovableHandle, unserializable_hook, warn_if_has_hooks


def test_a_handle_removes_its_hook_once():
    hooks = collections.OrderedDict()
    handle = RemovableHandle(hooks)
    hooks[handle.id] = print
    handle.remove()
    handle.remove()
    assert not hooks


def test_a_with_block_removes_it():
    hooks, flags = collections.OrderedDict(), collections.OrderedDict()
    with RemovableHandle(hooks, extra_dict=flags) as handle:
        hooks[handle.id] = flags[handle.id] = True
    assert not hooks and not flags


def test_a_copied_handle_removes_the_copied_hook():
    hooks = collections.OrderedDict()
    handle = RemovableHandle(hooks)
    hooks[handle.id] = print
    twin_hooks, twin = copy.deepcopy((hooks, handle))
    twin.remove()
    assert hooks and not twin_hooks


def test_saving_a_tensor_with_hooks_warns_unless_they_are_marked():
    x = torch.ones(2, requires_grad=True)
    x.register_hook(unserializable_hook(lambda g: g))
    warn_if_has_hooks(x)
    x.register_hook(lambda g: g)
    if getattr(x, "_backward_hooks", None):
        with pytest.warns(UserWarning, match="on tensor will not be serialized"):
            warn_if_has_hooks(x)
