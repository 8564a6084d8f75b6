"""Building a module whose initial values are of no interest."""
import rushlight as torch


def skip_init(module_cls, *args, **kwargs):
    """`module_cls(*args, **kwargs)` with arbitrary parameters and the random generator untouched.  The class must
    take `device`."""
    if not issubclass(module_cls, torch.nn.Module):
        raise RuntimeError(f"Expected a Module; got {module_cls}")
    import inspect

    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError("Module must support a 'device' arg to skip initialization")
    # The values drawn here count for nothing, so the generator is put back to where it was.
    state = torch.get_rng_state()
    try:
        return module_cls(*args, **kwargs)
    finally:
        torch.set_rng_state(state)
