"""Generators of GPUs, of which there are none. Seeding them is allowed, as in PyTorch, and does nothing."""
from rushlight.cuda._refusals import lazy_init


def manual_seed(seed):
    int(seed)


def manual_seed_all(seed):
    int(seed)


def seed():
    """Nothing to seed."""


def seed_all():
    """Nothing to seed."""


def initial_seed():
    lazy_init()


def get_rng_state(device="cuda"):
    lazy_init()


def get_rng_state_all():
    return []


def set_rng_state(new_state, device="cuda"):
    """Nothing to set."""


def set_rng_state_all(new_states):
    """Nothing to set."""
