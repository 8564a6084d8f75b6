"""Tensors on queues and pipes: their memory is shared, and what is sent is a way to map it.

A tensor that is put on a Queue moves to shared memory (`share_memory_`) first, so that both sides see each
other's writes, as in PyTorch. As there, the sender must live until the receiver has taken the tensor.
"""

import multiprocessing.context
import multiprocessing.reduction
import os
import weakref

import numpy as np

import rushlight as torch
from rushlight.multiprocessing.memory import anonymous_file, map_file

_blocks = weakref.WeakSet()


class SharedBlock:
    """A piece of shared memory, which lives as long as arrays over it do, and the descriptor to share it by."""

    def __init__(self, fd, size):
        self.fd = fd
        self.size = size
        self._memory = map_file(fd, size)
        self.address = self._memory.__array_interface__["data"][0]
        _blocks.add(self)

    def __del__(self):
        os.close(self.fd)

    def array(self, dtype, shape, offset=0, strides=None):
        return np.asarray(_Over(self, dtype, shape, offset, strides))


class _Over:
    """The base of an array over a block: keeps the block."""

    def __init__(self, block, dtype, shape, offset, strides):
        self.block = block
        self.__array_interface__ = {
            "version": 3,
            "data": (block.address + offset, False),
            "typestr": np.dtype(dtype).str,
            "shape": tuple(shape),
            "strides": strides,
        }


def share_array(array):
    """A copy of the array in shared memory, which forked children and receivers of its tensor see as their own."""
    size = max(1, array.nbytes)
    block = SharedBlock(anonymous_file(size), size)
    # Dense, in the order of dimensions that the array has.
    strides = np.empty_like(array, order="K").strides
    shared = block.array(array.dtype, array.shape, strides=strides)
    shared[...] = array
    return shared


def block_of(address):
    """The block that holds this address, or None."""
    for block in list(_blocks):
        if block.address <= address < block.address + block.size:
            return block
    return None


def reduce_tensor(tensor):
    """What multiprocessing pickles in the place of a tensor. RuntimeError for one with a history."""
    if tensor.requires_grad and not tensor.is_leaf:
        raise RuntimeError(
            "Cowardly refusing to serialize non-leaf tensor which requires_grad, since autograd does not support "
            "crossing process boundaries.  If you just want to transfer the data, call detach() on the tensor "
            "before serializing (e.g., putting it on the queue)."
        )
    from rushlight.utils.data._utils.arrays import to_array

    if not tensor.is_shared():
        tensor.detach().share_memory_()
    array, stands_for = to_array(tensor)
    block = block_of(array.__array_interface__["data"][0])
    if block is None:
        # Shared by inheritance only (or empty): the receiver gets a copy.
        array = share_array(array)
        block = block_of(array.__array_interface__["data"][0])
    _keep_until_started(block)
    return rebuild_tensor, (
        multiprocessing.reduction.DupFd(block.fd),
        block.size,
        array.__array_interface__["data"][0] - block.address,
        array.dtype.str,
        array.shape,
        array.strides,
        None if stands_for is None else str(stands_for).rpartition(".")[2],
        tensor.requires_grad,
    )


def _keep_until_started(block):
    """A process being spawned is given the descriptor's number now and the descriptor later."""
    process = multiprocessing.context.get_spawning_popen()
    if process is not None:
        vars(process).setdefault("_shared_blocks", []).append(block)


def rebuild_tensor(handle, size, offset, dtype, shape, strides, dtype_name, requires_grad):
    from rushlight.utils.data._utils.arrays import to_tensor

    block = SharedBlock(handle.detach(), size)
    array = block.array(dtype, shape, offset, strides)
    tensor = to_tensor(array, None if dtype_name is None else getattr(torch, dtype_name))
    return tensor.requires_grad_() if requires_grad else tensor


def reduce_parameter(parameter):
    return rebuild_parameter, (parameter.detach(), parameter.requires_grad)


def rebuild_parameter(tensor, requires_grad):
    return torch.nn.Parameter(tensor, requires_grad)


def init_reductions():
    """Tell multiprocessing how to send tensors and parameters."""
    multiprocessing.reduction.register(torch.Tensor, reduce_tensor)
    multiprocessing.reduction.register(torch.nn.Parameter, reduce_parameter)
