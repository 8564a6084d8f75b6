"""Fusing a batch norm in evaluation into the layer before it."""
import copy

import rushlight as torch


def _scale_and_shift(layer_bias, bn_rm, bn_rv, bn_eps, bn_w, bn_b):
    """(factor of each output channel, new bias), for y = (x - mean) / sqrt(var + eps) * w + b."""
    if layer_bias is None:
        layer_bias = torch.zeros_like(bn_rm)
    if bn_w is None:
        bn_w = torch.ones_like(bn_rm)
    if bn_b is None:
        bn_b = torch.zeros_like(bn_rm)
    inverse_std = torch.rsqrt(bn_rv + bn_eps)
    return bn_w * inverse_std, (layer_bias - bn_rm) * inverse_std * bn_w + bn_b


def _parameters(weight, weight_like, bias, bias_like):
    bias_grad = bias_like.requires_grad if bias_like is not None else weight_like.requires_grad
    return (
        torch.nn.Parameter(weight.to(weight_like.dtype), weight_like.requires_grad),
        torch.nn.Parameter(bias.to((bias_like if bias_like is not None else weight_like).dtype), bias_grad),
    )


def fuse_conv_bn_weights(conv_w, conv_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, transpose=False):
    """Weight and bias of the convolution that does what convolution and batch norm did."""
    scale, bias = _scale_and_shift(conv_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b)
    shape = [1] * conv_w.dim()
    shape[1 if transpose else 0] = -1
    return _parameters(conv_w * scale.reshape(shape), conv_w, bias, conv_b)


def fuse_conv_bn_eval(conv, bn, transpose=False):
    """A copy of `conv` that also does what `bn` does.  Both must be in evaluation mode."""
    if conv.training or bn.training:
        raise AssertionError("Fusion only for eval!")
    fused = copy.deepcopy(conv)
    if bn.running_mean is None or bn.running_var is None:
        raise AssertionError("bn.running_mean and bn.running_var must not be None")
    fused.weight, fused.bias = fuse_conv_bn_weights(
        fused.weight, fused.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias, transpose
    )
    return fused


def fuse_linear_bn_weights(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b):
    """Weight and bias of the Linear that does what Linear and batch norm did."""
    scale, bias = _scale_and_shift(linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b)
    return _parameters(linear_w * scale.unsqueeze(-1), linear_w, bias, linear_b)


def fuse_linear_bn_eval(linear, bn):
    """A copy of `linear` that also does what `bn` does.  Both must be in evaluation mode."""
    if linear.training or bn.training:
        raise AssertionError("Fusion only for eval!")
    if linear.out_features != bn.num_features and bn.num_features != 1:
        raise AssertionError("To fuse, linear.out_features == bn.num_features or bn.num_features == 1")
    fused = copy.deepcopy(linear)
    if bn.running_mean is None or bn.running_var is None:
        raise AssertionError("bn.running_mean and bn.running_var must not be None")
    fused.weight, fused.bias = fuse_linear_bn_weights(
        fused.weight, fused.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
    )
    return fused
