"""What to say when an argument that should be a Tensor is something else."""
from ..ops.declare import Op
from ..runtime import dtypes as dt
from ..runtime.generator import Ticket
from .tensor import Tensor

_TENSORS = frozenset("""input other mat1 mat2 vec vec2 tensor tensor1 tensor2 batch1 batch2 condition index src source mask end
    values x1 x2 A B exponent target""".split())


def plain_operands(op, operands, error, display=None):
    """The operands of an op that could not be recorded, with numbers of other types made plain.

    TypeError, worded for a method, if one is neither a Tensor nor a number; `error` if nothing is wrong with them.
    """
    fixed, changed = [], False
    for i, t in enumerate(operands):
        if t is not None and t.__class__ not in dt.PLAIN and not hasattr(t, "_storage") and t.__class__ is not Ticket:
            number = dt.plain_number(t)
            if number is None:
                raise not_a_tensor(op, i, dt.type_name(t), display) from None
            t, changed = number, True
        fixed.append(t)
    if changed:
        return tuple(fixed)
    if error.obj is None and None in operands:
        raise not_a_tensor(op, operands.index(None), "NoneType", display) from None
    raise error


def not_a_tensor(op, i, kind, display=None):
    """The TypeError for operand i, of a type of that name. Its attribute `operand` lets functions say it with their count of
    positions."""
    name = op.operands[min(i, len(op.operands) - 1)].rstrip("*")
    error = TypeError(_text(display or op.display, name, max(i, 1), kind))
    error.operand = name, i, kind
    return error


def _text(function, argument, position, kind):
    place = f" (position {position})" if position else ""
    return f"{function}(): argument '{argument}'{place} must be Tensor, not {kind}"


def explained(function, name, args, kwargs, error):
    """What to raise for an error that an argument of torch.name caused by being no Tensor; None for other errors."""
    operand = getattr(error, "operand", None)
    if operand is not None:
        argument, i, kind = operand
        return TypeError(_text(name, argument, i + 1, kind))
    culprit = getattr(error, "obj", error)
    if culprit is error or isinstance(culprit, Tensor):
        return None
    code = function.__code__
    for i, (argument, value) in enumerate(zip(code.co_varnames[:code.co_argcount], args)):
        if value is culprit and argument in _TENSORS:
            return TypeError(_text(name, argument, i + 1, dt.type_name(culprit)))
    for argument, value in kwargs.items():
        if value is culprit and argument in _TENSORS:
            return TypeError(_text(name, argument, None, dt.type_name(culprit)))
    return None


Op.not_a_tensor = staticmethod(not_a_tensor)
