"""Process groups of one process. Source: torch.distributed.

A program written for many processes runs here as one of a world of size 1: the group can be made, and its collectives do
what they do among one. A larger world is refused when the group is made.
"""
from rushlight.distributed.collectives import (P2POp, ReduceOp, all_gather, all_gather_into_tensor, all_gather_object,  # noqa: F401
                                               all_reduce, all_to_all, all_to_all_single, barrier, broadcast, broadcast_object_list,
                                               gather, gather_object, irecv, isend, monitored_barrier, recv, reduce, reduce_op,
                                               reduce_scatter, reduce_scatter_tensor, scatter, scatter_object_list, send)
from rushlight.distributed.group import (Backend, GroupMember, ProcessGroup, destroy_process_group, get_backend,  # noqa: F401
                                         get_default_backend_for_device, get_group_rank, get_global_rank, get_node_local_rank,
                                         get_process_group_ranks, get_rank, get_world_size, group, init_process_group,
                                         is_initialized, new_group)


def is_available():
    """Whether the package can be used at all."""
    return True


def is_gloo_available():
    """The backend "gloo", by name: what it does among one process is done here."""
    return True


def is_nccl_available():
    return False


def is_mpi_available():
    return False


def is_ucc_available():
    return False


def is_xccl_available():
    return False


def is_backend_available(backend):
    return backend.lower() == "gloo"


def is_torchelastic_launched():
    import os

    return os.environ.get("TORCHELASTIC_RUN_ID") is not None


def __getattr__(name):
    parts = "rpc fsdp tensor pipelining algorithms checkpoint optim elastic device_mesh nn autograd _tensor".split()
    if name in parts:
        raise AttributeError(f"rushlight has no torch.distributed.{name}: only groups of one process")
    raise AttributeError(f"module 'torch.distributed' has no attribute {name!r}")
