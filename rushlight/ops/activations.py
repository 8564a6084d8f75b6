"""Activation functions. Source: torch.nn.functional."""
from ..graph import primitives as P
from . import arithmetic as A
from .declare import Op, public


def _relu(x):
    return P.binary("max", x, P.const(0, x.dtype))


relu_op = Op("relu", "input", compute=_relu, grads={"input": lambda g, result: A.where_op(A.gt_op(result, 0), g, 0)})


@public(inplace=True)
def relu(input):
    """max(input, 0)."""
    return Op.apply(relu_op, (input,))


relu.op = relu_op
