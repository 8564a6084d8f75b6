"""Captured CUDA work, which needs CUDA."""


class CUDAGraph:
    def __new__(cls, keep_graph=False):
        raise RuntimeError("Tried to instantiate dummy base class CUDAGraph")


class graph:
    """Captures what runs within."""

    def __init__(self, cuda_graph, pool=None, stream=None, capture_error_mode="global"):
        self.cuda_graph = cuda_graph

    def __enter__(self):
        raise RuntimeError("torch.cuda.Stream requires CUDA support")

    def __exit__(self, *exc):
        return False


def is_current_stream_capturing():
    raise RuntimeError("Tried to instantiate dummy base class _cuda_isCurrentStreamCapturing")


def graph_pool_handle():
    raise RuntimeError("Tried to instantiate dummy base class _graph_pool_handle")


def make_graphed_callables(callables, sample_args, num_warmup_iters=3, allow_unused_input=False, pool=None):
    raise RuntimeError("torch.cuda.Stream requires CUDA support")
