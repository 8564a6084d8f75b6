"""Changes to a graph around max pools.

    max_pool_dx(g) * f(x)            -> max_pool_dx(g * f(pooled)), since what a pool took has the pooled value: so the gradient
                                        of an activation before a pool is computed on the smaller side
    max_pool_index for max_pool_dx   -> max_pool_tap: which tap of the window was taken; the pool's kernel gives it too
"""
from math import prod

from ..graph import primitives as P
from ..graph.primitives import BINARY, COMPARE, UNARY
from ..runtime import dtypes as dt
from .rewrite import copied, readers_of, replaced

_ELEMENTWISE = UNARY | BINARY | COMPARE | {"where", "cast"}
_MOST = 12                  # elementwise values between a pool's operand and a factor


def multiplied_first(values, outputs):
    """Factors and masks of a pool's gradient that depend on the pooled image alone are applied before it is spread."""
    pools = {(v.args[0].id, v.attrs): v for v in values if v.prim == "max_pool"}
    if not pools:
        return values
    narrow = {}                             # id of a spread gradient -> (what it is spread from, its max_pool_dx, x, pool)
    result, now = [], {}
    for v in values:
        made = [v] if not v.args or all(now[a.id] is a for a in v.args) else [copied(v, v.prim, [now[a.id] for a in v.args], v.attrs)]
        v = made[0]
        if v.prim == "max_pool_dx" and v.args[1].prim == "max_pool_index":
            index = v.args[1]
            pool = pools.get((index.args[0].id, index.attrs))
            if pool is not None:
                narrow[v.id] = v.args[0], v, index.args[0].id, now[pool.id]
        elif v.prim in ("mul", "where"):
            made = _moved(v, narrow) or made
        elif v.prim == "reduce_sum" and v.args[0].id in narrow:
            g, spread, _, _ = narrow[v.args[0].id]
            if set(range(v.args[0].ndim - spread.attrs[1], v.args[0].ndim)) <= set(v.attrs[0]):
                made = [copied(v, v.prim, (g,), v.attrs)]
        result += made
        now[v.id] = made[-1]
    return result


def _moved(v, narrow):
    """mul(d, f) or where(c, 0, d) with d a spread gradient: the values that compute it on the pooled side."""
    if v.prim == "where":
        condition, zero, d = v.args
        if zero.prim != "const" or zero.attrs[0] != 0:
            return None
        factor = condition
    else:
        d, factor = v.args if v.args[0].id in narrow else v.args[::-1]
    if d.id not in narrow or d.shape != v.shape:
        return None
    g, spread, x, pool = narrow[d.id]
    made, seen = [], {}
    factor = _on_pooled(factor, x, pool, made, seen)
    if factor is None or x not in seen:
        return None
    g = P.where(factor, v.args[1], g) if v.prim == "where" else P.binary("mul", g, factor)
    result = copied(spread, "max_pool_dx", (g, spread.args[1]), spread.attrs, v.id)
    narrow[v.id] = g, result, x, pool
    return [*made, g, result]


def _on_pooled(v, x, pool, made, seen):
    """v, an elementwise function of the value x alone, as a function of its pooled one; None if it is not."""
    if v.id == x:
        seen[x] = pool
        return pool
    if v.prim == "const" and not v.shape:
        return v
    if v.id in seen:
        return seen[v.id]
    if v.prim not in _ELEMENTWISE or len(made) > _MOST:
        return None
    args = [_on_pooled(a, x, pool, made, seen) for a in v.args]
    if any(a is None for a in args):
        return None
    result = P.Value(v.prim, tuple(args), v.attrs, P.broadcast_shapes(*(a.shape for a in args)), v.dtype)
    made.append(result)
    seen[v.id] = result
    return result


def with_taps(values, outputs, fusible):
    """Indices that serve only gradients become numbers of taps, placed after the pool that gives them."""
    readers = readers_of(values)
    pools = {(v.args[0].id, v.attrs): v for v in values if v.prim == "max_pool" and fusible(v)}
    taps, changed = {}, {}
    for v in values:
        if v.prim != "max_pool_index" or v.id in outputs or (v.args[0].id, v.attrs) not in pools or \
                any(r.prim != "max_pool_dx" or r.args[1] is not v for r in readers[v.id]):
            continue
        tap = copied(v, "max_pool_tap", v.args, v.attrs)
        tap.dtype = tap_type(v.attrs[0])
        taps[pools[v.args[0].id, v.attrs].id] = tap
        changed[v.id] = tap
        for r in readers[v.id]:
            changed[r.id] = copied(r, "max_pool_dx", r.args, (*r.attrs, v.attrs))
    if not taps:
        return values
    result = []
    for v in values:
        if v.prim != "max_pool_index" or v.id not in changed:
            result.append(v)
        if v.id in taps:
            result.append(taps[v.id])
    return replaced(result, changed, ())


def tap_type(window):
    """The dtype that can number the taps of a window."""
    return dt.uint8 if prod(window) < 256 else dt.int32
