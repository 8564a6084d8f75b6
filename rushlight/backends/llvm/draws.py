"""Which of a plan's random numbers kernels draw, straight from the generator's engine."""
from ...graph.value import Value
from ...runtime import dtypes as dt
from ...schedule.rewrite import copied, replaced
from . import words


def drawn(values, tickets, once):
    """(values, {id of a `words` value: slot of its ticket}) for the draws that kernels make; bernoullis become bools.

    once: the graph is compiled at its first run, which may be its last; other draws than dropout's are then thought to be those
    of new parameters, each of a shape of its own, and are left to the host.
    tickets: slots of all tickets that the plan settles, in their order. The host draws first, so that what kernels draw are the
    last ones.
    """
    users = {}
    for v in values:
        if v.prim == "words":
            users.setdefault(v.args[0].attrs[0], []).append(v)
    chosen = {}
    for slot in reversed(sorted(tickets)):
        found = users.get(slot, ())
        if len(found) != 1 or once and found[0].attrs[0] != "bernoulli" or not words.supports(found[0].attrs[0], found[0].attrs[1], found[0].shape, found[0].dtype):
            break
        chosen[found[0].id] = slot
    native, changed, result = {}, {}, []
    for v in values:
        if v.id in chosen and v.attrs[0] == "bernoulli" and v.dtype.is_floating_point:
            kind, params, shape, _ = v.attrs
            bools = Value("words", v.args, (kind, params, shape, dt.bool_), v.shape, dt.bool_)
            result.append(bools)
            changed[v.id] = copied(v, "cast", (bools,), (v.dtype,))
            native[bools.id] = chosen[v.id]
        elif v.id in chosen:
            native[v.id] = chosen[v.id]
        result.append(v)
    slots = list(native.values())
    if slots != sorted(slots):
        return values, {}
    return (replaced(result, changed, ()) if changed else values), native
