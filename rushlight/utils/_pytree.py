"""Nested tuples, lists, dicts and named tuples as flat lists, and back. Source: torch.utils._pytree."""
from collections import OrderedDict, defaultdict

__all__ = ["tree_flatten", "tree_unflatten", "tree_map", "tree_leaves", "tree_map_only", "TreeSpec"]


class TreeSpec:
    """The shape of a nest: kind None for a leaf, else the container's class, its keys, and the nests within."""

    __slots__ = ("kind", "keys", "children")

    def __init__(self, kind=None, keys=None, children=()):
        self.kind, self.keys, self.children = kind, keys, tuple(children)

    @property
    def num_leaves(self):
        return 1 if self.kind is None else sum(c.num_leaves for c in self.children)

    def __eq__(self, other):
        return (isinstance(other, TreeSpec) and self.kind is other.kind and self.keys == other.keys
                and self.children == other.children)

    def __hash__(self):
        return hash((self.kind, self.children))

    def __repr__(self):
        if self.kind is None:
            return "*"
        return f"TreeSpec({self.kind.__name__}, {self.keys}, {list(self.children)})"


def _parts(tree):
    """(keys, items) of a container, or None for a leaf."""
    if isinstance(tree, tuple) and (type(tree) is tuple or hasattr(tree, "_fields")) or type(tree) is list:
        return None, list(tree)
    if type(tree) in (dict, OrderedDict, defaultdict):
        return list(tree), list(tree.values())
    return None


def tree_flatten(tree, is_leaf=None):
    """The leaves of a nest in order, and its spec."""
    leaves = []

    def walk(node):
        parts = None if is_leaf is not None and is_leaf(node) else _parts(node)
        if parts is None:
            leaves.append(node)
            return TreeSpec()
        keys, items = parts
        return TreeSpec(type(node), keys, [walk(item) for item in items])

    return leaves, walk(tree)


def tree_unflatten(leaves, treespec):
    """The nest that a spec and its leaves describe."""
    leaves = iter(leaves)

    def build(spec):
        if spec.kind is None:
            return next(leaves)
        items = [build(child) for child in spec.children]
        if spec.keys is not None:
            pairs = zip(spec.keys, items)
            return defaultdict(None, pairs) if spec.kind is defaultdict else spec.kind(pairs)
        return spec.kind(*items) if hasattr(spec.kind, "_fields") else spec.kind(items)

    return build(treespec)


def tree_leaves(tree, is_leaf=None):
    return tree_flatten(tree, is_leaf)[0]


def tree_map(func, tree, *rests, is_leaf=None):
    """func of each leaf (and of the leaves at its place in rests), in a nest of the same shape."""
    leaves, spec = tree_flatten(tree, is_leaf)
    columns = [leaves] + [tree_flatten(rest, is_leaf)[0] for rest in rests]
    return tree_unflatten([func(*row) for row in zip(*columns)], spec)


def tree_map_only(kind, func, tree, is_leaf=None):
    """tree_map for the leaves of a class; others stay."""
    return tree_map(lambda leaf: func(leaf) if isinstance(leaf, kind) else leaf, tree, is_leaf=is_leaf)
