"""Changes to a graph before kernels are chosen: what a kernel can do along with another is made part of it.

    conv or dot, + bias, relu   -> one value with a third operand and the activation as its last attribute

See pools.py for those around pools.
"""
from math import prod

from ..graph.value import Value


def rewritten(values, outputs, fusible):
    """The values of a graph in an order to run them. outputs: ids of values that leave; fusible(v): whether v's kernel takes a
    bias and an activation, or, for a pool, gives the taps."""
    from . import pools, scatters

    values = needed(pools.multiplied_first(scatters.plain(values), outputs), outputs)
    return pools.with_taps(_epilogues(values, outputs, fusible), outputs, fusible)


def copied(v, prim, args, attrs, id=None):
    new = object.__new__(Value)
    new.prim, new.args, new.attrs, new.shape, new.dtype, new.weak = prim, tuple(args), attrs, v.shape, v.dtype, v.weak
    new.id = v.id if id is None else id
    return new


def needed(values, outputs):
    """Those that outputs or checks depend on."""
    found = set(outputs)
    for v in reversed(values):
        if v.id in found or v.prim == "check":
            found.add(v.id)
            found.update(a.id for a in v.args)
    return [v for v in values if v.id in found]


def readers_of(values):
    found = {v.id: [] for v in values}
    for v in values:
        for a in v.args:
            found[a.id].append(v)
    return found


def replaced(values, changed, gone):
    """The values with those in `changed` (id -> value) in place of the old, those in `gone` left out."""
    now, result = {}, []
    for v in values:
        if v.id in gone:
            continue
        v = changed.get(v.id, v)
        if any(now[a.id] is not a for a in v.args):
            v = copied(v, v.prim, [now[a.id] for a in v.args], v.attrs)
        now[v.id] = v
        result.append(v)
    return result


# ---------------------------------------------------------------- epilogues
def _epilogues(values, outputs, fusible):
    readers = readers_of(values)
    changed, gone = {}, set()
    for v in values:
        if v.prim not in ("dot", "conv") or not fusible(v):
            continue
        last, bias, activation = v, None, None
        after = _only_reader(last, readers, outputs)
        if after is not None and after.prim == "add" and after.shape == v.shape and after.id not in changed:
            bias = _bias(v, after)
            if bias is not None:
                last = after
                after = _only_reader(last, readers, outputs)
        if after is not None and after.prim == "max" and after.shape == v.shape and _zero(after, last):
            last, activation = after, "relu"
        if last is not v:
            gone.update(w.id for w in (v, readers[v.id][0]) if w is not last)
            changed[last.id] = copied(last, v.prim, v.args if bias is None else (*v.args, bias), (*v.attrs, activation))
    return replaced(values, changed, gone)


def _only_reader(v, readers, outputs):
    found = readers[v.id]
    return found[0] if len(found) == 1 and v.id not in outputs else None


def _bias(product, add):
    """The operand of an addition that is one number for each channel (conv) or column (dot)."""
    other = add.args[1] if add.args[0] is product else add.args[0]
    at = 1 if product.prim == "conv" else product.ndim - 1
    channels = product.shape[at]
    aligned = (1,) * (product.ndim - other.ndim) + other.shape
    if other is product or prod(other.shape) != channels or aligned[at] != channels or other.dtype is not product.dtype:
        return None
    return other


def _zero(v, first):
    other = v.args[1] if v.args[0] is first else v.args[0]
    return other.prim == "const" and other.attrs[0] == 0
