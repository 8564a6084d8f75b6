"""A part of the tape that is thrown away after the forward pass and made again in the backward pass.

The function runs once, on the tape; then all nodes that it made are replaced by one, which remembers where the part begins
(its edges to older nodes and to leaves) and how to run the function again. So whatever the function uses gets its gradient,
its arguments and the parameters it closes over alike. Source: torch.utils.checkpoint with use_reentrant=False.
"""
from ..graph.recorder import current
from . import engine
from .tape import Node, _sequence

_classes = {}


class RecomputeNode(Node):
    """Stands for a part of the tape; `again()` makes its outputs anew, on the tape."""

    __slots__ = ("again", "count", "places", "check")

    @property
    def nout(self):
        return self.count

    def run(self, grads, create_graph):
        if self.again is None:
            raise RuntimeError(engine.SECOND_TIME)
        rec = current()
        before, rec.grad = rec.grad, True
        try:
            start = next(_sequence)
            outputs = self.again()
        finally:
            rec.grad = before
        self.check(outputs)
        pairs = [(outputs[k]._edge(), g) for k, g in zip(self.places, grads) if g is not None]
        ends = list(self.edges)
        found = _edges_out_of([edge for edge, _ in pairs], start)
        results = engine.run_segment([e for e, _ in pairs], [g for _, g in pairs], found, create_graph)
        by_end = {_id(edge): g for edge, g in zip(found, results)}
        return [by_end.get(_id(edge)) for edge in ends]

    def release(self):
        self.again = None


def _id(edge):
    return (id(edge[0]), edge[1]) if edge.__class__ is tuple else id(edge)


def _edges_out_of(roots, start):
    """The distinct edges by which the part of the tape made since `start` leaves it."""
    out, seen = {}, set()
    stack = list(roots)
    while stack:
        edge = stack.pop()
        if edge.__class__ is tuple and edge[0].seq > start:
            if edge[0] not in seen:
                seen.add(edge[0])
                stack.extend(e for e in edge[0].edges if e is not None)
        else:
            out.setdefault(_id(edge), edge)
    return list(out.values())


def recomputed(run, check):
    """The tensors that run() gives (a list), with one node in place of the tape that it made.

    check(outputs): raises if the outputs of a later run do not look like those of the first.
    """
    start = next(_sequence)
    outputs = run()
    places = []
    for k, t in enumerate(outputs):
        edge = t._edge() if t.requires_grad else None
        if edge.__class__ is tuple and edge[0].seq > start:
            places.append(k)
    if not places:
        return outputs
    edges = [outputs[k]._edge() for k in places]
    node = _class_for(edges[0][0])(tuple(_edges_out_of(edges, start)))
    node.again, node.check, node.count, node.places = run, check, len(places), places
    outputs = list(outputs)
    for nr, k in enumerate(places):
        old = outputs[k]
        new = engine.new_tensor(old._storage, old._meta, old._counter)
        new._requires, new._node, new._nr = True, node, nr
        outputs[k] = new
    return outputs


def _class_for(node):
    """A node class of the name that the part's last node had."""
    name = node.name()
    found = _classes.get(name)
    if found is None:
        found = _classes[name] = type(name, (RecomputeNode,), {"__slots__": ()})
    return found
