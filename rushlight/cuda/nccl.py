"""NCCL, which is not here."""
from rushlight.cuda._refusals import missing


def is_available(tensors):
    """Whether NCCL can work on these tensors."""
    for t in tensors:
        if not t.is_cuda:
            import warnings

            warnings.warn("PyTorch is not compiled with NCCL support", stacklevel=2)
            return False
    return False


def version():
    missing("_nccl_version")


def unique_id():
    missing("_nccl_unique_id")
