"""The default process group, of one process."""
import os

_NOT_INITIALIZED = "Default process group has not been initialized, please make sure to call init_process_group."


class Backend(str):
    """A backend's name in small letters."""

    UNDEFINED, GLOO, NCCL, UCC, MPI, XCCL = "undefined", "gloo", "nccl", "ucc", "mpi", "xccl"

    def __new__(cls, name):
        if not isinstance(name, str):
            raise ValueError(f"Backend constructor parameter must be string-ish: {name}")
        return super().__new__(cls, name.lower())


class ProcessGroup:
    """A group of one process: rank 0 of 1."""

    def __init__(self, backend):
        self._backend = Backend(backend)

    def rank(self):
        return 0

    def size(self):
        return 1

    def name(self):
        return self._backend


class GroupMember:
    """The default group, where a function asks for `group`."""

    WORLD = None
    NON_GROUP_MEMBER = -100


class _GroupNames:
    @property
    def WORLD(self):
        return GroupMember.WORLD


group = _GroupNames()


def is_initialized():
    """Whether init_process_group has been called."""
    return GroupMember.WORLD is not None


def default_group(given=None):
    """The group to use; ValueError before init_process_group."""
    if GroupMember.WORLD is None:
        raise ValueError(_NOT_INITIALIZED)
    return GroupMember.WORLD if given is None else given


def _from_environment(name):
    value = os.environ.get(name)
    if value is None:
        raise ValueError(f"Error initializing torch.distributed using env:// rendezvous: environment variable {name} expected, but "
                         "not set")
    return value


def init_process_group(backend=None, init_method=None, timeout=None, world_size=-1, rank=-1, store=None, group_name="",
                       pg_options=None, device_id=None):
    """Make the default group. Rank and size come from the arguments or from RANK and WORLD_SIZE; the size must be 1."""
    if GroupMember.WORLD is not None:
        raise ValueError("trying to initialize the default process group twice!")
    if store is not None and init_method is not None:
        raise AssertionError("Cannot specify both init_method and store.")
    if store is None and (init_method is None or init_method.startswith("env://")):
        rank = int(_from_environment("RANK")) if rank == -1 else rank
        world_size = int(_from_environment("WORLD_SIZE")) if world_size == -1 else world_size
        _from_environment("MASTER_ADDR")
        _from_environment("MASTER_PORT")
    if world_size != 1 or rank != 0:
        raise NotImplementedError(f"torch.distributed: rushlight runs in one process, but the world has {world_size} "
                                  f"(rank {rank}); start the program once, with WORLD_SIZE=1 and RANK=0")
    GroupMember.WORLD = ProcessGroup(backend or "undefined")


def destroy_process_group(group=None):
    if GroupMember.WORLD is None:
        raise AssertionError("Process group cannot be None")
    if group is None or group is GroupMember.WORLD:
        GroupMember.WORLD = None


def new_group(ranks=None, timeout=None, backend=None, pg_options=None, use_local_synchronization=False, group_desc=None, device_id=None):
    """Another group of some of the ranks: here of rank 0."""
    default_group()
    if ranks is not None and list(ranks) != [0]:
        raise ValueError("the new group's rank should be within the world_size set by init_process_group")
    return ProcessGroup(backend or GroupMember.WORLD._backend)


def get_rank(group=None):
    return default_group(group).rank()


def get_world_size(group=None):
    return default_group(group).size()


def get_backend(group=None):
    return default_group(group)._backend


def get_group_rank(group, global_rank):
    return global_rank


def get_global_rank(group, group_rank):
    return group_rank


def get_process_group_ranks(group):
    return [0]


def get_node_local_rank(fallback_rank=None):
    """The rank on this machine, from LOCAL_RANK."""
    if "LOCAL_RANK" in os.environ:
        return int(os.environ["LOCAL_RANK"])
    if fallback_rank is None:
        raise RuntimeError("LOCAL_RANK is not in the environment. Consider passing fallback_rank to allow `get_node_local_rank` to work, "
                           "assuming you are not running in a multi-device context and want the code to run locally instead.")
    return int(fallback_rank)


def get_default_backend_for_device(device):
    """The backend for tensors of a device."""
    kind = device if isinstance(device, str) else device.type
    names = {"cpu": "gloo", "cuda": "nccl", "xpu": "xccl", "mps": "gloo"}
    kind = kind.partition(":")[0]
    if kind not in names:
        raise ValueError(f"Default backend not registered for device : {device}")
    return names[kind]
