"""The default generator. Source: torch.random."""
from contextlib import contextmanager

from rushlight import default_generator, get_rng_state, initial_seed, manual_seed, seed, set_rng_state

__all__ = ["set_rng_state", "get_rng_state", "manual_seed", "seed", "initial_seed", "fork_rng", "default_generator"]


@contextmanager
def fork_rng(devices=None, enabled=True, _caller="fork_rng", _devices_kw="devices", device_type=None):
    """Within, draws go on from the same place; afterwards the generator stands where it stood before.

    devices: accelerators whose generators are kept, too; there are none here.
    """
    if not enabled:
        yield
        return
    if devices:
        from rushlight import cuda

        cuda.init()
    state = get_rng_state()
    try:
        yield
    finally:
        set_rng_state(state)
