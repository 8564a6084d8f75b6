"""Collectives among one process: what they leave in the tensors is what was there, at the places they write to."""
from rushlight.distributed.group import default_group


class _Operation:
    """One way of reducing."""

    def __init__(self, name, number):
        self.name, self.value = name, number

    def __repr__(self):
        return f"<RedOpType.{self.name}: {self.value}>"


class ReduceOp:
    """How reductions combine: SUM, AVG, PRODUCT, MIN, MAX, BAND, BOR, BXOR."""


for _number, _name in enumerate(("SUM", "AVG", "PRODUCT", "MIN", "MAX", "BAND", "BOR", "BXOR", "PREMUL_SUM")):
    setattr(ReduceOp, _name, _Operation(_name, _number))
reduce_op = ReduceOp


class _Done:
    """The handle of a collective that has ended."""

    def wait(self, timeout=None):
        return True

    def is_completed(self):
        return True


class P2POp:
    """A send or a receive for batch_isend_irecv: among one process there is nobody to exchange with."""

    def __init__(self, op, tensor, peer=None, group=None, tag=0, group_peer=None):
        self.op, self.tensor, self.peer, self.group, self.tag = op, tensor, peer, group, tag


def _finish(async_op):
    return _Done() if async_op else None


def _check_rank(rank, what):
    if rank not in (0, None):
        raise ValueError(f"{what} is {rank}, but the world has rank 0 alone")


def all_reduce(tensor, op=ReduceOp.SUM, group=None, async_op=False):
    default_group(group)
    return _finish(async_op)


def reduce(tensor, dst=None, op=ReduceOp.SUM, group=None, async_op=False, group_dst=None):
    default_group(group)
    _check_rank(dst, "dst")
    return _finish(async_op)


def broadcast(tensor, src=None, group=None, async_op=False, group_src=None):
    default_group(group)
    _check_rank(src, "src")
    return _finish(async_op)


def _copy(target, source):
    if target is not source:
        target.detach().copy_(source.detach())


def all_gather(tensor_list, tensor, group=None, async_op=False):
    default_group(group)
    _copy(tensor_list[0], tensor)
    return _finish(async_op)


def all_gather_into_tensor(output_tensor, input_tensor, group=None, async_op=False):
    default_group(group)
    _copy(output_tensor.view(input_tensor.shape), input_tensor)
    return _finish(async_op)


def gather(tensor, gather_list=None, dst=None, group=None, async_op=False, group_dst=None):
    default_group(group)
    _check_rank(dst, "dst")
    if gather_list:
        _copy(gather_list[0], tensor)
    return _finish(async_op)


def scatter(tensor, scatter_list=None, src=None, group=None, async_op=False, group_src=None):
    default_group(group)
    _check_rank(src, "src")
    if scatter_list:
        _copy(tensor, scatter_list[0])
    return _finish(async_op)


def reduce_scatter(output, input_list, op=ReduceOp.SUM, group=None, async_op=False):
    default_group(group)
    _copy(output, input_list[0])
    return _finish(async_op)


def reduce_scatter_tensor(output, input, op=ReduceOp.SUM, group=None, async_op=False):
    default_group(group)
    _copy(output, input.view(output.shape))
    return _finish(async_op)


def all_to_all(output_tensor_list, input_tensor_list, group=None, async_op=False):
    default_group(group)
    _copy(output_tensor_list[0], input_tensor_list[0])
    return _finish(async_op)


def all_to_all_single(output, input, output_split_sizes=None, input_split_sizes=None, group=None, async_op=False):
    default_group(group)
    _copy(output, input)
    return _finish(async_op)


def barrier(group=None, async_op=False, device_ids=None):
    default_group(group)
    return _finish(async_op)


def monitored_barrier(group=None, timeout=None, wait_all_ranks=False):
    default_group(group)


def _nobody(tensor, *args, **kwargs):
    default_group()
    raise ValueError("Invalid rank: a process cannot send to or receive from itself, and the world has one process")


send = recv = isend = irecv = _nobody


# ------------------------------------------------------------------ Python objects
def all_gather_object(object_list, obj, group=None):
    default_group(group)
    object_list[0] = obj


def gather_object(obj, object_gather_list=None, dst=None, group=None, group_dst=None):
    default_group(group)
    if object_gather_list:
        object_gather_list[0] = obj


def broadcast_object_list(object_list, src=None, group=None, device=None, group_src=None):
    default_group(group)


def scatter_object_list(scatter_object_output_list, scatter_object_input_list=None, src=None, group=None, group_src=None):
    default_group(group)
    scatter_object_output_list[0] = scatter_object_input_list[0]
