"""A function mapped over a batch. Source: torch.func.vmap."""
import functools

import rushlight as torch
from rushlight.utils._pytree import tree_flatten, tree_unflatten

__all__ = ["vmap"]


def vmap(func, in_dims=0, out_dims=0, randomness="error", *, chunk_size=None):
    """func applied to each slice of its tensor arguments along in_dims; the results stacked along out_dims.

    in_dims: an int or None (not mapped) for all arguments, or a nest of them as the arguments are. Here func is run once
    for each slice, so it may look at values. randomness: "different" draws anew for each slice, "same" draws once; "error"
    is taken as "different".
    """
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(f"Only allowed values for randomness are 'error', 'different', or 'same'. Got {randomness}")
    if not (chunk_size is None or chunk_size > 0):
        raise ValueError(f"vmap: chunk_size should be None or greater than 0. (got {chunk_size})")
    name = getattr(func, "__name__", repr(func))

    @functools.wraps(func)
    def run(*args, **kwargs):
        flat, spec, dims = _arguments(name, args, in_dims)
        shared, shared_spec = tree_flatten(kwargs)      # keyword tensors are mapped over their first dimension
        dims_shared = [0 if isinstance(t, torch.Tensor) else None for t in shared]
        size = _batch_size(name, flat + shared, dims + dims_shared)
        state = torch.get_rng_state() if randomness == "same" else None
        results = []
        for i in range(size):
            if state is not None:
                torch.set_rng_state(state)
            one = [t if d is None else t.select(d, i) for t, d in zip(flat, dims)]
            named = [t if d is None else t.select(d, i) for t, d in zip(shared, dims_shared)]
            results.append(func(*tree_unflatten(one, spec), **tree_unflatten(named, shared_spec)))
        return _stacked(name, results, out_dims)
    return run


def _arguments(name, args, in_dims):
    """The arguments flat, their spec, and the dimension to map for each (None: none)."""
    if not isinstance(in_dims, (int, tuple, list, dict)):
        raise ValueError(f"vmap({name}, in_dims={in_dims}, ...)(<inputs>): expected `in_dims` to be int or a (potentially nested) tuple "
                         f"matching the structure of inputs, got: {type(in_dims)}.")
    if not args:
        raise ValueError(f"vmap({name})(<inputs>): got no inputs. Maybe you forgot to add inputs, or you are trying to vmap over a "
                         "function with no inputs. The latter is unsupported.")
    flat, spec = tree_flatten(args)
    dims = _spread(tuple(in_dims) if isinstance(in_dims, list) else in_dims, spec)
    if dims is None:
        raise ValueError(f"vmap({name}, in_dims={in_dims}, ...)(<inputs>): in_dims is not compatible with the structure of `inputs`. "
                         f"in_dims has structure {tree_flatten(in_dims)[1]} but inputs has structure {spec}.")
    for i, (t, d) in enumerate(zip(flat, dims)):
        if d is None:
            continue
        if not isinstance(d, int):
            raise ValueError(f"vmap({name}, in_dims={in_dims}, ...)(<inputs>): Got in_dim={d} for an input but in_dim must be either an "
                             "integer dimension or None.")
        if not isinstance(t, torch.Tensor):
            raise ValueError(f"vmap({name}, in_dims={in_dims}, ...)(<inputs>): Got in_dim={d} for an input but the input is of type "
                             f"{type(t)}. We cannot vmap over non-Tensor arguments, please use None as the respective in_dim")
        if not -t.dim() <= d < t.dim():
            raise ValueError(f"vmap({name}, in_dims={in_dims}, ...)(<inputs>): Got in_dim={d} for some input, but that input is a Tensor "
                             f"of dimensionality {t.dim()} so expected in_dim to satisfy -{t.dim()} <= in_dim < {t.dim()}.")
    return flat, spec, dims


def _spread(dims, spec):
    """One entry for each leaf of spec, from a nest that may end early; None if it does not fit."""
    if dims is None or isinstance(dims, int) or spec.kind is None:
        return [dims] * spec.num_leaves
    if isinstance(dims, dict):
        if spec.keys is None or set(dims) != set(spec.keys):
            return None
        parts = [dims[key] for key in spec.keys]
    else:
        parts = list(dims)
    if len(parts) != len(spec.children):
        return None
    out = []
    for part, child in zip(parts, spec.children):
        below = _spread(part, child)
        if below is None:
            return None
        out.extend(below)
    return out


def _batch_size(name, flat, dims):
    sizes = [t.shape[d] for t, d in zip(flat, dims) if d is not None]
    if not sizes:
        raise ValueError(f"vmap({name}, ...)(<inputs>): no input is mapped: at least one in_dim must not be None.")
    if len(set(sizes)) > 1:
        raise ValueError(f"vmap: Expected all tensors to have the same size in the mapped dimension, got sizes {sizes} for the mapped "
                         "dimension")
    return sizes[0]


def _stacked(name, results, out_dims):
    flat = [tree_flatten(r) for r in results]
    if not flat:
        raise NotImplementedError(f"vmap({name}, ...): rushlight cannot map over a dimension of size 0")
    spec = flat[0][1]
    for t in flat[0][0]:
        if not isinstance(t, torch.Tensor):
            raise ValueError(f"vmap({name}, ...): `{name}` must only return Tensors, got type {type(t)}. Did you mean to set out_dims= to "
                             "None for output?")
    dims = _spread(out_dims, spec)
    if dims is None:
        raise ValueError(f"vmap({name}, ..., out_dims={out_dims})(<inputs>): out_dims is not compatible with the structure of `outputs`.")
    columns = zip(*[leaves for leaves, _ in flat])
    return tree_unflatten([column[0] if d is None else torch.stack(column, d) for column, d in zip(columns, dims)], spec)
