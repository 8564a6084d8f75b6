"""The tape as users see it. Source: torch.autograd.graph."""
from .tape import Node, accumulator


def get_gradient_edge(tensor):
    """Where a tensor's gradient goes: (node, output_nr)."""
    from collections import namedtuple

    edge = tensor._edge()
    GradientEdge = namedtuple("GradientEdge", ("node", "output_nr"))
    return GradientEdge(*edge) if edge.__class__ is tuple else GradientEdge(accumulator(edge), 0)


class saved_tensors_hooks:
    """Not here: saved tensors hold storages, not values, and need no packing."""

    def __init__(self, pack_hook, unpack_hook):
        raise NotImplementedError("rushlight has no saved_tensors_hooks yet: saved tensors are references to storages")


__all__ = ["Node", "get_gradient_edge", "saved_tensors_hooks"]
