"""Activation functions, with their in-place forms."""
import rushlight as torch

from ...ops import activations as _ops
from ...ops import curved_activations as _curved
from ...ops import softmax as _softmax


def relu(input, inplace=False):
    """max(input, 0)."""
    return input.relu_() if inplace else _ops.relu(input)


def relu6(input, inplace=False):
    """input held between 0 and 6."""
    return hardtanh(input, 0.0, 6.0, inplace) if input.is_floating_point() else hardtanh(input, 0, 6, inplace)


def threshold(input, threshold, value, inplace=False):
    """input where it is above threshold, else value."""
    return _ops.threshold_(input, threshold, value) if inplace else _ops.threshold(input, threshold, value)


def hardtanh(input, min_val=-1.0, max_val=1.0, inplace=False):
    """input held between min_val and max_val."""
    return _ops.hardtanh_(input, min_val, max_val) if inplace else _ops.hardtanh(input, min_val, max_val)


def leaky_relu(input, negative_slope=0.01, inplace=False):
    """input where positive, else negative_slope times it."""
    return _ops.leaky_relu_(input, negative_slope) if inplace else _ops.leaky_relu(input, negative_slope)


def rrelu(input, lower=1.0 / 8, upper=1.0 / 3, training=False, inplace=False):
    """leaky_relu whose slope is drawn for each element in training, and is the middle otherwise."""
    return (_ops.rrelu_ if inplace else _ops.rrelu)(input, lower, upper, training)


def elu(input, alpha=1.0, inplace=False):
    """input where positive, else alpha (exp(input) - 1)."""
    return _curved.elu_(input, alpha) if inplace else _curved.elu(input, alpha)


def celu(input, alpha=1.0, inplace=False):
    """input where positive, else alpha (exp(input / alpha) - 1)."""
    return _curved.celu_(input, alpha) if inplace else _curved.celu(input, alpha)


def selu(input, inplace=False):
    """elu with the scale that keeps mean 0 and variance 1."""
    return _curved.selu_(input) if inplace else _curved.selu(input)


def silu(input, inplace=False):
    """input * sigmoid(input)."""
    return _curved.silu_(input) if inplace else _curved.silu(input)


def mish(input, inplace=False):
    """input * tanh(softplus(input))."""
    return _curved.mish_(input) if inplace else _curved.mish(input)


def hardsigmoid(input, inplace=False):
    """min(max(input + 3, 0), 6) / 6."""
    return _ops.hardsigmoid_(input) if inplace else _ops.hardsigmoid(input)


def hardswish(input, inplace=False):
    """input * hardsigmoid(input)."""
    return _ops.hardswish_(input) if inplace else _ops.hardswish(input)


def tanh(input):
    return input.tanh()


def sigmoid(input):
    return input.sigmoid()


def softsign(input):
    """input / (1 + |input|)."""
    return input / (input.abs() + 1)


def tanhshrink(input):
    """input - tanh(input)."""
    return input - input.tanh()


# ------------------------------------------------------------------ softmax
def _implicit_dim(name, ndim, stacklevel):
    """The dimension that softmax takes when none is given; warns, as this is deprecated."""
    import warnings

    warnings.warn(f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
                  stacklevel=stacklevel)
    return 0 if ndim in (0, 1, 3) else 1


def softmax(input, dim=None, _stacklevel=3, dtype=None):
    """exp(input) over its sum along dim."""
    if dim is None:
        dim = _implicit_dim("softmax", input.dim(), _stacklevel)
    return _softmax.softmax(input, dim, dtype)


def softmin(input, dim=None, _stacklevel=3, dtype=None):
    """softmax(-input)."""
    if dim is None:
        dim = _implicit_dim("softmin", input.dim(), _stacklevel)
    return _softmax.softmax(-input, dim, dtype)


def log_softmax(input, dim=None, _stacklevel=3, dtype=None):
    """The logarithm of softmax."""
    if dim is None:
        dim = _implicit_dim("log_softmax", input.dim(), _stacklevel)
    return _softmax.log_softmax(input, dim, dtype)


def gumbel_softmax(logits, tau=1, hard=False, eps=1e-10, dim=-1):
    """A draw from the Gumbel-softmax distribution; hard: one-hot, with the gradient of the soft draw. Source: Jang et al., 2016."""
    if eps != 1e-10:
        import warnings

        warnings.warn("`eps` parameter is deprecated and has no effect.", stacklevel=2)
    gumbels = -torch.empty_like(logits, memory_format=torch.contiguous_format).exponential_().log()
    soft = ((logits + gumbels) / tau).softmax(dim)
    if not hard:
        return soft
    index = soft.max(dim, keepdim=True)[1]
    one_hot = torch.zeros_like(logits, memory_format=torch.contiguous_format).scatter_(dim, index, 1.0)
    return one_hot - soft.detach() + soft
