"""Data parallelism over several GPUs in one process.  Names as in `torch.nn.parallel`."""
from .data_parallel import DataParallel, data_parallel
from .scatter_gather import gather, scatter, scatter_kwargs

__all__ = ["DataParallel", "data_parallel", "gather", "scatter", "scatter_kwargs"]


def __getattr__(name):
    if name == "DistributedDataParallel":
        raise AttributeError(
            "DistributedDataParallel is not supported yet: Rushlight trains in one process. Call the module itself."
        )
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
