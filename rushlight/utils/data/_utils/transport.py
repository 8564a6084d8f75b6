"""Batches between processes: tensors and arrays leave the pickle as raw buffers (PEP 574), and go as memory.

A tensor is sent as a NumPy array over its values, and made again by `torch.from_numpy` over the buffer that
arrives; what a pickle says of it is its dtype, shape and order of dimensions.
"""

import pickle
from io import BytesIO
from multiprocessing.reduction import ForkingPickler

import numpy as np

import rushlight as torch
from rushlight.utils.data._utils.arrays import to_array, to_tensor
from rushlight.utils.data._utils.segments import INLINE_BYTES, offsets_of, typed

_PROTOCOL = 5


class _Packer(ForkingPickler):
    """Pickles as multiprocessing does, except for tensors."""

    def reducer_override(self, obj):
        if isinstance(obj, torch.Tensor):
            return _reduce(obj)
        return NotImplemented


def _reduce(tensor):
    kind = type(tensor)
    if tensor.requires_grad and not tensor.is_leaf:
        raise RuntimeError(
            "Cowardly refusing to serialize non-leaf tensor which requires_grad, since autograd does not support "
            "crossing process boundaries.  If you just want to transfer the data, call detach() on the tensor "
            "before serializing (e.g., putting it on the queue)."
        )
    if kind is torch.nn.Parameter:
        return _rebuild_parameter, (tensor.detach(), tensor.requires_grad)
    if kind is not torch.Tensor:
        if kind.__reduce_ex__ is not torch.Tensor.__reduce_ex__:
            return NotImplemented
        return _rebuild_subclass, (kind, tensor.as_subclass(torch.Tensor), dict(tensor.__dict__))

    array, stands_for = to_array(tensor)
    order = None
    if not array.flags.c_contiguous:
        order = _dense_order(array)
        array = np.ascontiguousarray(array) if order is None else array.transpose(order)
    dtype_name = None if stands_for is None else str(stands_for).rpartition(".")[2]
    return _rebuild, (
        pickle.PickleBuffer(array),
        array.dtype.str,
        array.shape,
        order,
        dtype_name,
        tensor.requires_grad,
    )


def _dense_order(array):
    """The order of dimensions in which a densely stored array is contiguous; None if there is none.

    Tensors keep their strides on the way (a channels_last batch stays one), as far as they are dense.
    """
    order = tuple(sorted(range(array.ndim), key=lambda dim: -array.strides[dim]))
    return order if array.transpose(order).flags.c_contiguous else None


def _rebuild(buffer, dtype_str, shape, order, dtype_name, requires_grad):
    if not isinstance(buffer, np.ndarray):
        # Pickled without buffers apart: a bytearray, or bytes where the source was read-only.
        buffer = np.frombuffer(buffer, dtype=np.uint8)
    tensor = to_tensor(typed(buffer, dtype_str, shape), None if dtype_name is None else getattr(torch, dtype_name))
    if order is not None:
        tensor = tensor.permute(tuple(int(dim) for dim in np.argsort(order)))
    return tensor.requires_grad_() if requires_grad else tensor


def _rebuild_parameter(tensor, requires_grad):
    return torch.nn.Parameter(tensor, requires_grad)


def _rebuild_subclass(kind, tensor, attributes):
    result = tensor.as_subclass(kind)
    result.__dict__.update(attributes)
    return result


def dumps(obj, buffer_callback=None):
    stream = BytesIO()
    _Packer(stream, _PROTOCOL, True, buffer_callback).dump(obj)
    return stream.getbuffer()


def send_result(channel, index, kind, data, writer):
    """The worker's side: send `data` as the result of task `index`, its buffers in a segment of `writer`."""
    buffers = []
    payload = bytes(dumps(data, buffers.append))
    raw = [buffer.raw() for buffer in buffers]
    sizes = [buffer.nbytes for buffer in raw]
    if sum(sizes) >= INLINE_BYTES:
        try:
            segment = writer.write(raw)
        except OSError as error:
            trouble = f"{sum(sizes)} bytes of shared memory could not be had ({error})"
            channel.send(_header(index, kind, payload, sizes, None, trouble), raw)
            return
        number, capacity, fd, given_up = segment
        place = (number, capacity, given_up)
        try:
            channel.send(_header(index, kind, payload, sizes, place, None), fd=fd)
        finally:
            if fd is not None:
                import os

                os.close(fd)
        return
    channel.send(_header(index, kind, payload, sizes, None, None), raw)


def _header(*fields):
    return pickle.dumps(fields, _PROTOCOL)


class Result:
    """The program's side: a result as it arrived. `open` makes the batch."""

    def __init__(self, frame, reader):
        body, tail, fd = frame
        self.index, self.kind, self._payload, self._sizes, place, self.trouble = pickle.loads(body)
        self._tail = tail
        self._lease = None
        if place is not None:
            number, capacity, given_up = place
            reader.forget(given_up)
            if fd is not None:
                reader.map(number, fd, capacity)
            self._lease = reader.lend(number)

    def open(self):
        """What the worker sent. Its tensors lie in the segment, or in memory of their own."""
        return pickle.loads(self._payload, buffers=self._buffers())

    def _buffers(self):
        if self._lease is not None:
            offsets, _ = offsets_of(self._sizes)
            return [self._lease.array(offset, size) for offset, size in zip(offsets, self._sizes)]
        buffers, start = [], 0
        for size in self._sizes:
            buffers.append(np.frombuffer(self._tail, np.uint8, size, start) if size else np.empty(0, np.uint8))
            start += size
        return buffers
