"""The Tensor: a storage, a view of it, and its place on the tape."""
import weakref
from operator import index

from ..autograd import engine
from ..graph import recorder, views
from ..graph.recorder import boundary, current
from ..runtime import dtypes as dt
from ..runtime.devices import CPU
from ..runtime.storage import Storage, Version
from .size import Size


class Extra:
    """What few tensors have: hooks, a kept gradient, an accumulator that somebody holds."""

    __slots__ = ("hooks", "post_hooks", "accumulator", "retains", "name")

    def __init__(self):
        self.hooks = None
        self.post_hooks = None
        self.accumulator = None
        self.retains = False
        self.name = None


class ViewInfo:
    """How a differentiable view hangs on its base.

    seen   the version at which the view's tape node was last true
    kind   None, "no_grad" (made while the tape was off), "multi" (one of several views of one op),
           "custom" (a view that came out of an autograd.Function), "inference"
    """

    __slots__ = ("base", "seen", "kind", "node")

    def __init__(self, base, seen, kind):
        self.base = base
        self.seen = seen
        self.kind = kind


class Tensor:
    """An n-dimensional array of one dtype. Source: torch.Tensor."""

    __slots__ = ("_storage", "_meta", "_counter", "_requires", "_node", "_nr", "_view", "_grad", "_extra", "__dict__",
                 "__weakref__")
    __array_priority__ = 1000
    __module__ = "torch"
    is_cuda = is_sparse = is_quantized = is_mkldnn = is_mps = is_xpu = is_xla = is_meta = is_nested = False
    is_sparse_csr = is_vulkan = is_ipu = is_ort = is_mtia = is_maia = is_cpu = False
    is_cpu = True
    itemsize = property(lambda self: self._meta.dtype.itemsize)
    nbytes = property(lambda self: self._meta.nbytes)
    layout = property(lambda self: _strided)
    names = property(lambda self: (None,) * self._meta.ndim)

    def __new__(cls, *args, **kwargs):
        from .creation import legacy_constructor

        return legacy_constructor(cls, *args, **kwargs)

    def __init__(self, *args, **kwargs):
        pass

    @staticmethod
    def _make_subclass(cls, data, requires_grad=False, **kwargs):
        """A tensor of class cls over the same memory, off the tape."""
        out = new_tensor(data._storage, data._meta, data._counter, cls)
        if requires_grad:
            out.requires_grad_(True)
        return out

    def as_subclass(self, cls):
        """A tensor of class cls over the same memory, behind this one on the tape."""
        if not self._requires and self._view is None:
            return new_tensor(self._storage, self._meta, self._counter, cls)
        from .view_ops import alias

        out = alias(self)
        if out.__class__ is not cls:
            out.__class__ = cls
        return out

    # ------------------------------------------------------------ what it is
    @property
    def shape(self):
        meta = self._meta
        size = meta.size
        if size is None:
            size = meta.size = Size(meta.shape)
        return size

    @property
    def dtype(self):
        return self._meta.dtype

    @property
    def device(self):
        return CPU

    @property
    def ndim(self):
        return self._meta.ndim

    def dim(self):
        return self._meta.ndim

    ndimension = dim

    def size(self, dim=None):
        """The sizes, or the one of dim."""
        if dim is None:
            return self.shape
        return self._meta.shape[self._own_dim(dim)]

    def stride(self, dim=None):
        """How far apart neighbours along each dimension lie in memory, or along dim."""
        if dim is None:
            return self._meta.strides
        return self._meta.strides[self._own_dim(dim)]

    def _own_dim(self, dim):
        ndim = self._meta.ndim
        if ndim == 0:
            raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
        return wrap_dim(dim, ndim)

    def storage_offset(self):
        return self._meta.offset

    def numel(self):
        return self._meta.numel

    nelement = numel

    def element_size(self):
        return self._meta.dtype.itemsize

    def is_contiguous(self, memory_format=None):
        meta = self._meta
        if memory_format is None or memory_format.name in ("contiguous_format", "preserve_format"):
            return meta.contiguous
        return memory_format.holds(meta)

    def is_floating_point(self):
        return self._meta.dtype.is_floating_point

    def is_complex(self):
        return self._meta.dtype.is_complex

    def is_signed(self):
        return self._meta.dtype.is_signed

    def is_pinned(self, device=None):
        return False

    def get_device(self):
        return -1

    def has_names(self):
        return False

    def is_same_size(self, other):
        return self._meta.shape == other._meta.shape

    def is_conj(self):
        return False

    def is_neg(self):
        return False

    def is_inference(self):
        return self._view is not None and self._view.kind == "inference"

    def is_set_to(self, other):
        return self._storage is other._storage and self._meta is other._meta

    def is_shared(self):
        return self._storage.export == "shared"

    def __len__(self):
        if not self._meta.shape:
            raise TypeError("len() of a 0-d tensor")
        return self._meta.shape[0]

    def __hash__(self):
        return id(self)

    # ------------------------------------------------------------ looking at the value
    def _array(self):
        """The value as an ndarray that shares the storage's memory. Runs what is pending."""
        storage = self._storage
        if storage.value is None or storage.trace is not None:
            recorder.settle(storage)
        elif storage.value.__class__ is recorder.Poison:
            recorder.raise_poison(storage.value)
        return recorder.read_view(storage.value, self._meta)

    def item(self):
        """The one element as a Python number."""
        if self._meta.numel != 1:
            raise RuntimeError(f"a Tensor with {self._meta.numel} elements cannot be converted to Scalar")
        array = self._array()
        if self._meta.dtype is dt.bfloat16:
            from ..backends.numpy.bfloat import to_float32

            array = to_float32(array)
        return array.item()

    def data_ptr(self):
        self._array()
        self._storage.pinned = True
        if self._meta.numel == 0:
            return 0
        return self._storage.value.__array_interface__["data"][0] + self._meta.offset * self._meta.dtype.itemsize

    # ------------------------------------------------------------ the tape
    @property
    def requires_grad(self):
        return self._requires or (self._view is not None and self._requires_now())

    @requires_grad.setter
    def requires_grad(self, value):
        if value and self.is_leaf and not (self.dtype.is_floating_point or self.dtype.is_complex):
            raise RuntimeError("only Tensors of floating point and complex dtype can require gradients")
        self.requires_grad_(value)

    def _requires_now(self):
        view = self._view
        return self._requires or (view is not None and view.base is not self and view.base._requires_now())

    def requires_grad_(self, requires_grad=True):
        """Say whether backward passes should leave a gradient in `.grad`."""
        if not requires_grad and not self.is_leaf:
            raise RuntimeError("you can only change requires_grad flags of leaf variables. If you want to use a computed "
                               "variable in a subgraph that doesn't require differentiation use var_no_grad = "
                               "var.detach().")
        if requires_grad and not (self.dtype.is_floating_point or self.dtype.is_complex):
            raise RuntimeError("only Tensors of floating point dtype can require gradients")
        if requires_grad and self.is_inference() and not current().inference:
            raise RuntimeError("Setting requires_grad=True on inference tensor outside InferenceMode is not allowed.")
        if self._node is None:
            self._requires = bool(requires_grad)
        return self

    @property
    def is_leaf(self):
        return self._current_node() is None

    @property
    def grad_fn(self):
        return self._current_node()

    @grad_fn.setter
    def grad_fn(self, value):
        raise AttributeError("attribute 'grad_fn' of 'torch._C.TensorBase' objects is not writable")

    @property
    def output_nr(self):
        return self._nr

    @property
    def grad(self):
        if self._grad is None and self._node is not None and not (self._extra and self._extra.retains):
            _warn_non_leaf_grad()
        return self._grad

    @grad.setter
    def grad(self, g):
        if g is not None:
            if not isinstance(g, Tensor):
                raise TypeError(f"Variable._grad has to be Tensor or None, not {type(g).__name__}")
            if g is self:
                raise RuntimeError("can't assign Variable as its own grad")
            if g._meta.dtype is not self._meta.dtype:
                raise RuntimeError(f"assigned grad has data of a different type")
            if g._meta.shape != self._meta.shape:
                raise RuntimeError("assigned grad has data of a different size")
        self._grad = g

    @grad.deleter
    def grad(self):
        self._grad = None

    @property
    def retains_grad(self):
        return self._node is not None and self._extra is not None and self._extra.retains

    @property
    def _base(self):
        view = self._view
        return view.base if view is not None and view.base is not self else None

    def _is_view(self):
        return self._base is not None

    def _current_node(self):
        """The tape node, made anew for a view whose base was written since."""
        view = self._view
        if view is not None and view.base is not self and view.seen != self._counter.n:
            from . import rebase

            rebase.refresh(self)
        return self._node

    def _edge(self):
        """Where this tensor's gradient goes: (node, number), the leaf itself, or None for a view made under no_grad."""
        node = self._node if self._view is None else self._current_node()
        if node is None:
            return self if self._requires else None
        return (node, self._nr)

    def _make_extra(self):
        if self._extra is None:
            self._extra = Extra()
        return self._extra

    def backward(self, gradient=None, retain_graph=None, create_graph=False, inputs=None):
        """Add the gradient of this tensor to the `.grad` of the leaves it was computed from."""
        engine.backward(self, gradient, retain_graph, create_graph, inputs=inputs)

    def detach(self):
        """The same memory, off the tape."""
        return new_tensor(self._storage, self._meta, self._counter)

    def detach_(self):
        view = self._view
        if view is not None and view.base is not self:
            raise RuntimeError("Can't detach views in-place. Use detach() instead. If you are using DistributedDataParallel "
                               "(DDP) for training, and gradient_as_bucket_view is set as True, gradients are views of DDP "
                               "buckets, and hence detach_() cannot be called on these gradients. To fix this error, please "
                               "refer to the Optimizer.zero_grad() function in torch/optim/optimizer.py as the solution.")
        self._node, self._nr, self._requires = None, 0, False
        return self

    @property
    def data(self):
        """The same memory, off the tape, with a version counter of its own."""
        return new_tensor(self._storage, self._meta, Version())

    @data.setter
    def data(self, other):
        if not isinstance(other, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(other).__name__}")
        if self._requires and not (other.dtype.is_floating_point or other.dtype.is_complex):
            raise RuntimeError("data set to a tensor that requires gradients must be floating point or complex dtype")
        self._storage = other._storage
        self._meta = other._meta

    @property
    def _version(self):
        """How often the memory was written, by this tensor or others that share its counter."""
        return self._counter.n

    def register_hook(self, hook):
        """hook(grad) -> grad or None, each time a gradient of this tensor has been computed."""
        from ..autograd.hooks import RemovableHandle

        if not self._requires_now():
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        node = self._current_node()
        if node is None:
            extra = self._make_extra()
            if extra.hooks is None:
                extra.hooks = {}
            return RemovableHandle.into(extra.hooks, hook)
        return RemovableHandle.into(node.capture(self._nr)[0], hook)

    @property
    def _backward_hooks(self):
        return self._extra.hooks if self._extra is not None and self._extra.hooks else None

    def register_post_accumulate_grad_hook(self, hook):
        """hook(tensor) after its `.grad` was accumulated."""
        from ..autograd.hooks import RemovableHandle

        if not self._requires_now():
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        if self._current_node() is not None:
            raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
        extra = self._make_extra()
        if extra.post_hooks is None:
            extra.post_hooks = {}
        return RemovableHandle.into(extra.post_hooks, hook)

    def retain_grad(self):
        """Keep the gradient of this non-leaf tensor in `.grad`."""
        if not self._requires_now():
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        if self._node is None:
            return
        node = self._current_node()
        self._make_extra().retains = True
        hooks, _ = node.capture(self._nr)
        node.captured[self._nr] = (hooks, weakref.ref(self))

    # ------------------------------------------------------------ helpers of the engine, which knows no creation functions
    def _ones_like(self):
        from .creation import ones_like

        return ones_like(self)

    def _zeros_like(self):
        from .creation import zeros_like

        return zeros_like(self)

    @staticmethod
    def _stack(tensors):
        from ..ops.joining import stack

        return stack(tensors)


_object_new = object.__new__


def new_tensor(storage, meta, version=None, cls=Tensor):
    """A tensor over a storage, off the tape."""
    t = _object_new(cls)
    t._storage = storage
    t._meta = meta
    if version is None:
        version = Version()
    t._counter = version
    t._requires = False
    t._node = None
    t._nr = 0
    t._view = None
    t._grad = None
    t._extra = None
    return t


def from_array(array, dtype=None, requires_grad=False):
    """A tensor that owns a fresh ndarray. dtype: needed where NumPy has none of its own (bfloat16)."""
    import numpy as np

    array = np.asarray(array, order="C")
    meta = views.root_meta(array.shape, dtype or dt.from_numpy_dtype(array.dtype))
    t = new_tensor(Storage(meta, array), meta)
    t._requires = requires_grad
    return t


def wrap_dim(dim, ndim):
    """dim in range(ndim); IndexError, worded as PyTorch's, if it is out of range."""
    if dim.__class__ is not int:
        dim = index(dim)
    if -ndim <= dim < ndim:
        return dim if dim >= 0 else dim + ndim
    if ndim == 0 and dim in (0, -1):
        return 0
    low, high = (-ndim, ndim - 1) if ndim else (-1, 0)
    raise IndexError(f"Dimension out of range (expected to be in range of [{low}, {high}], but got {dim})")


def _warn_non_leaf_grad():
    import warnings

    warnings.warn("The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute won't be "
                  "populated during autograd.backward(). If you indeed want the .grad field to be populated for a non-leaf "
                  "Tensor, use .retain_grad() on the non-leaf Tensor. If you access the non-leaf Tensor by mistake, make "
                  "sure you access the leaf Tensor instead. See github.com/pytorch/pytorch/pull/30531 for more "
                  "informations.", UserWarning, stacklevel=3)


class layout:
    """How elements lie. Only torch.strided exists here."""

    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return f"torch.{self.name}"


_strided = layout("strided")

engine.Tensor = Tensor
engine.new_tensor = new_tensor
_boundary = boundary
