"""The functions behind the layers. Names and signatures as in torch.nn.functional."""
from ..ops.convolution import conv1d, conv2d, conv3d                        # noqa: F401
from ..ops.pooling import max_pool1d, max_pool2d, max_pool3d                # noqa: F401
from ..ops.products import linear                                           # noqa: F401
from ..ops import activations as _activations
from ..ops import softmax as _softmax


def _dim_of_softmax(name, ndim, stacklevel):
    """The dimension that softmax takes when none is given; warns, as this is deprecated."""
    import warnings

    warnings.warn(f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
                  stacklevel=stacklevel)
    return 0 if ndim in (0, 1, 3) else 1


def relu(input, inplace=False):
    """max(input, 0)."""
    return input.relu_() if inplace else _activations.relu(input)


def softmax(input, dim=None, _stacklevel=3, dtype=None):
    """exp(input) over its sum along dim."""
    if dim is None:
        dim = _dim_of_softmax("softmax", input.dim(), _stacklevel)
    return _softmax.softmax(input, dim, dtype)


def log_softmax(input, dim=None, _stacklevel=3, dtype=None):
    """The logarithm of softmax."""
    if dim is None:
        dim = _dim_of_softmax("log_softmax", input.dim(), _stacklevel)
    return _softmax.log_softmax(input, dim, dtype)
