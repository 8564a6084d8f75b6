"""Dropout. Masks are bit for bit those that PyTorch draws from the same seed."""
from ...ops import dropout as _ops


def _check_probability(p):
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def dropout(input, p=0.5, training=True, inplace=False):
    """In training, zeroes elements with probability p and scales the rest by 1 / (1 - p)."""
    _check_probability(p)
    return _ops.dropout_(input, p, training) if inplace else _ops.dropout(input, p, training)


def alpha_dropout(input, p=0.5, training=False, inplace=False):
    """Dropout that keeps the mean and variance that SELU gives."""
    _check_probability(p)
    return _ops.alpha_dropout_(input, p, training) if inplace else _ops.alpha_dropout(input, p, training)


def feature_alpha_dropout(input, p=0.5, training=False, inplace=False):
    """alpha_dropout of whole channels."""
    _check_probability(p)
    return _ops.feature_alpha_dropout_(input, p, training) if inplace else _ops.feature_alpha_dropout(input, p, training)


def _channels(input, p, training, inplace):
    return _ops.feature_dropout_(input, p, training) if inplace else _ops.feature_dropout(input, p, training)


def _single(input, p, training, inplace):
    """Dropout of the channels of one sample."""
    input = input.unsqueeze_(0) if inplace else input.unsqueeze(0)
    out = _channels(input, p, training, inplace)
    return out.squeeze_(0) if inplace else out.squeeze(0)


def dropout1d(input, p=0.5, training=True, inplace=False):
    """Zeroes whole channels of (N, C, L) or (C, L)."""
    _check_probability(p)
    ndim = input.dim()
    if ndim not in (2, 3):
        raise RuntimeError(f"dropout1d: Expected 2D or 3D input, but received a {ndim}D input. Note that dropout1d exists to provide "
                           "channel-wise dropout on inputs with 1 spatial dimension, a channel dimension, and an optional batch "
                           "dimension (i.e. 2D or 3D inputs).")
    return (_channels if ndim == 3 else _single)(input, p, training, inplace)


def _warn_ndim(name, ndim, spatial):
    import warnings

    warnings.warn(f"{name}: Received a {ndim}-D input to {name}, which is deprecated and will result in an error in a future release. To "
                  f"retain the behavior and silence this warning, please use dropout instead. Note that {name} exists to provide "
                  f"channel-wise dropout on inputs with {spatial} spatial dimensions, a channel dimension, and an optional batch dimension "
                  f"(i.e. {spatial + 1}D or {spatial + 2}D inputs).", stacklevel=3)


def dropout2d(input, p=0.5, training=True, inplace=False):
    """Zeroes whole channels of (N, C, H, W)."""
    _check_probability(p)
    ndim = input.dim()
    if ndim not in (3, 4):
        _warn_ndim("dropout2d", ndim, 2)
    elif ndim == 3:
        import warnings

        warnings.warn("dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout behavior is desired - input "
                      "is interpreted as shape (N, C, L), where C is the channel dim. This behavior will change in a future release to "
                      "interpret the input as one without a batch dimension, i.e. shape (C, H, W). To maintain the 1D channel-wise "
                      "dropout behavior, please switch to using dropout1d instead.", stacklevel=2)
    return _channels(input, p, training, inplace)


def dropout3d(input, p=0.5, training=True, inplace=False):
    """Zeroes whole channels of (N, C, D, H, W) or (C, D, H, W)."""
    _check_probability(p)
    ndim = input.dim()
    if ndim not in (4, 5):
        _warn_ndim("dropout3d", ndim, 3)
    return (_channels if ndim == 5 else _single)(input, p, training, inplace)
