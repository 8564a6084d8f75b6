"""View ops as copies: torch.view_copy and its kin, and splits whose parts may be written. Source: torch's functions of these names."""
from .declare import Op, public

_VIEWS = """as_strided detach diagonal expand permute select split split_with_sizes squeeze t transpose unbind unfold unsqueeze
    view""".split()


def _copied(result):
    return tuple(t.clone() for t in result) if isinstance(result, tuple) else result.clone()


def _copy_of(name):
    def function(input, *args, **kwargs):
        return _copied(getattr(input, name)(*args, **kwargs))

    function.__name__ = function.__qualname__ = name + "_copy"
    function.__doc__ = f"As Tensor.{name}, with memory of its own."
    public(name=name + "_copy", method=False, out=True)(function)


for _name in _VIEWS:
    _copy_of(_name)


@public(method=False, out=True)
def alias_copy(input):
    return input.clone()


@public(out=True)
def narrow_copy(input, dim, start, length):
    """As narrow, with memory of its own."""
    return input.narrow(dim, start, length).clone()


@public(method=False, out=True)
def slice_copy(input, dim=0, start=None, end=None, step=1):
    """As input[start:end:step] along dim, with memory of its own."""
    d = Op.wrap_dim(dim, input._meta.ndim)
    return input[(slice(None),) * d + (slice(start, end, step),)].clone()


@public()
def unsafe_split(tensor, split_size, dim=0):
    """As split, with parts that may be written in place."""
    return _copied(tensor.split(split_size, dim))


@public()
def unsafe_split_with_sizes(input, split_sizes, dim=0):
    return _copied(input.split_with_sizes(split_sizes, dim))


@public()
def unsafe_chunk(input, chunks, dim=0):
    return _copied(input.chunk(chunks, dim))
