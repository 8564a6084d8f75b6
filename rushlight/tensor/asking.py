"""Questions about tensors as functions: torch.is_tensor, numel, result_type and their kin; and a few methods of old."""
from ..ops.declare import public
from ..runtime import dtypes as dt
from .tensor import Tensor


@public(method=False)
def is_tensor(obj, /):
    """Whether obj is a tensor."""
    return isinstance(obj, Tensor)


@public(method=False)
def is_storage(obj, /):
    """Whether obj is a storage."""
    from ..storage import TypedStorage, UntypedStorage

    return isinstance(obj, (TypedStorage, UntypedStorage))


def _of_tensor(name):
    """torch.name(input) as Tensor.name()."""
    def function(input):
        if not isinstance(input, Tensor):
            raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
        return getattr(input, name)()

    function.__name__ = function.__qualname__ = name
    public(name=name, method=False)(function)


for _name in ("is_floating_point", "is_complex", "is_signed", "is_inference", "is_conj", "is_neg", "is_nonzero", "numel",
              "get_device", "is_distributed", "detach", "detach_", "zero_"):
    _of_tensor(_name)


@public(method=False)
def is_same_size(input, other):
    if not isinstance(other, Tensor):
        raise TypeError(f"is_same_size(): argument 'other' (position 2) must be Tensor, not {type(other).__name__}")
    return input.is_same_size(other)


@public(method=False)
def fill_(input, value):
    return input.fill_(value)


@public(method=False)
def fill(input, value):
    """A tensor of input's shape full of one number."""
    return input.clone().fill_(value)


@public(method=False)
def resize_as_(input, the_template, *, memory_format=None):
    return input.resize_as_(the_template)


def _kind(value):
    """What promotion asks of an operand: its dtype, its number of dimensions, whether it is a Python number."""
    if isinstance(value, Tensor):
        return value.dtype, value._meta.ndim, False
    return dt.SCALAR_DTYPES[type(value)], 0, True


@public(method=False)
def result_type(tensor1, tensor2):
    """The dtype that an operation on two tensors or numbers gives."""
    kinds = [_kind(tensor1), _kind(tensor2)]
    found = dt.result_type_of(kinds)
    if all(weak for _, _, weak in kinds) and (found.is_floating_point or found.is_complex):
        return dt.get_default_dtype().to_complex() if found.is_complex else dt.get_default_dtype()
    return found


@public(method=False)
def typename(obj, /):
    """The name of an object's type; of a tensor, with its dtype: torch.FloatTensor."""
    if isinstance(obj, Tensor):
        return obj.type()
    kind = obj if isinstance(obj, type) else type(obj)
    module = kind.__module__
    if module.split(".")[0] == "rushlight":
        module = module.replace("rushlight", "torch", 1)
    return kind.__qualname__ if module in ("builtins", None) else f"{module}.{kind.__qualname__}"


@public(method=False)
def empty_permuted(size, physical_layout, *, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False):
    """Memory to be written, whose dimensions lie in the given order."""
    from .creation import empty

    size, order = tuple(size), tuple(physical_layout)
    if len(size) != len(order):
        raise RuntimeError("Number of dimensions in size does not match the length of the physical_layout; i.e. len(size) = "
                           f"{len(size)} is not equal to len(physical_layout) = {len(order)}")
    if len(set(order)) != len(order):
        raise RuntimeError("Duplicate dim not allowed")
    laid = empty([size[d] for d in order], dtype=dtype, device=device)
    t = laid.permute(*[order.index(d) for d in range(len(size))]).detach()
    return t.requires_grad_() if requires_grad else t


# ------------------------------------------------------------------ methods
def apply_(self, callable):
    """Write callable(element) over each element: slow, for it goes one by one."""
    _plain_only("apply_", self)
    return self.copy_(_numbers(self, [callable(a) for a in _elements(self)]))


def map_(self, other, callable):
    """Write callable(element, other's element) over each element."""
    _plain_only("map_", self, other)
    pairs = zip(_elements(self), _elements(other.expand(self.shape)))
    return self.copy_(_numbers(self, [callable(a, b) for a, b in pairs]))


def map2_(self, x, y, callable):
    """Write callable(element, x's, y's) over each element."""
    _plain_only("map2_", self, x, y)
    triples = zip(_elements(self), _elements(x.expand(self.shape)), _elements(y.expand(self.shape)))
    return self.copy_(_numbers(self, [callable(a, b, c) for a, b, c in triples]))


def _plain_only(name, self, *others):
    if self.requires_grad:
        raise RuntimeError(f"Can't call {name}() on Variable that requires grad. Use var.detach().{name}() instead.")
    for i, t in enumerate(others):
        argument = "other" if len(others) == 1 else "xy"[i]
        if not isinstance(t, Tensor):
            raise TypeError(f"{name}(): argument '{argument}' (position {i + 1}) must be Tensor, not {type(t).__name__}")
        if t.dtype is not self.dtype:
            raise TypeError(f"{name}: expected {self.type()} for '{argument}' (got {t.type()})")


def _elements(t):
    return t.detach().reshape(-1).tolist()


def _numbers(like, results):
    import rushlight as torch

    for r in results:
        if not isinstance(r, (int, float, complex, Tensor)):
            raise TypeError(f"must be real number, not {type(r).__name__}")
    return torch.tensor([r.item() if isinstance(r, Tensor) else r for r in results], dtype=like.dtype).reshape(like.shape)


def sum_to_size(self, *size):
    """The sum over dimensions that were broadcast from a tensor of that size."""
    from ..graph.primitives import broadcast_shapes
    from ..ops.declare import sum_to
    from .view_ops import as_shape

    if not size:
        raise TypeError('sum_to_size() missing 1 required positional arguments: "size"')
    shape, own = as_shape(size), self._meta.shape
    try:
        fits = broadcast_shapes(shape, own) == own
    except RuntimeError:
        fits = False
    if not fits:
        raise RuntimeError(f"size {{{list(shape)}}} is not expandable to size {{{list(own)}}}.")
    return self if shape == own else sum_to(self, shape=shape)


def dim_order(self, *, ambiguity_check=False):
    """The dimensions from the outermost in memory to the innermost."""
    strides, shape = self._meta.strides, self._meta.shape
    return tuple(sorted(range(len(shape)), key=lambda d: (-strides[d] if shape[d] != 1 else -strides[d], d)))


def as_strided_(self, size, stride, storage_offset=None):
    """The tensor itself seen by other sizes and strides."""
    from . import rebase
    from ..graph.recorder import current

    rebase.check(self, current(), False)
    if self.requires_grad:
        raise NotImplementedError("as_strided_ of a tensor on the tape: rushlight has as_strided, which makes another tensor")
    self._meta = self.as_strided(size, stride, storage_offset)._meta
    return self


def storage_type(self):
    """The class of storage.TypedStorage that holds this dtype."""
    import rushlight as torch

    return getattr(torch, self.dtype.legacy.replace("Tensor", "Storage"))


def reinforce(self, reward):
    raise RuntimeError("reinforce() was removed.\nUse torch.distributions instead.\n"
                       "See https://pytorch.org/docs/main/distributions.html\n")


def module_load(self, other, assign=False):
    """What load_state_dict puts in self's place: a copy into self, or other itself."""
    if assign:
        return other.detach()
    return self.copy_(other).detach()


for _function in (apply_, map_, map2_, sum_to_size, dim_order, as_strided_, storage_type, reinforce, module_load):
    setattr(Tensor, _function.__name__, _function)


def _refused(name, expected):
    def method(self):
        raise RuntimeError(f"{name} expected sparse {expected}tensor layout but got Strided")
    return method


def _absent(name):
    def method(self, *args, **kwargs):
        raise NotImplementedError(f"Tensor.{name}: rushlight has no sparse tensors; a dense one does here")
    return method


for _name in ("coalesce", "indices", "is_coalesced"):
    setattr(Tensor, _name, _refused(_name, "coordinate "))
Tensor.values = _refused("values", "")
for _name in ("to_sparse", "to_sparse_coo", "to_sparse_csr", "to_sparse_csc", "to_sparse_bsr", "to_sparse_bsc", "to_mkldnn"):
    setattr(Tensor, _name, _absent(_name))
Tensor.is_distributed = lambda self: False
Tensor.name = property(lambda self: None)
Tensor.to_dense = lambda self, dtype=None, *, masked_grad=None: self if dtype is None else self.to(dtype)
Tensor.dense_dim = lambda self: self._meta.ndim
Tensor.sparse_dim = lambda self: 0


def _volatile(self):
    import warnings

    warnings.warn("volatile was removed (Variable.volatile is always False)", UserWarning, stacklevel=2)
    return False


Tensor.volatile = property(_volatile)
