"""The named tuples that functions return: torch.return_types.max and its kin."""


def __getattr__(name):
    from rushlight.ops.reductions import RETURN_TYPES

    if name not in RETURN_TYPES:
        raise AttributeError(f"module 'torch.return_types' has no attribute {name!r}")
    return RETURN_TYPES[name]


def __dir__():
    from rushlight.ops.reductions import RETURN_TYPES

    return sorted(RETURN_TYPES)
