"""`torch.compile`: Rushlight compiles every program while it runs, so there is nothing left to ask for. Source: torch.compiler."""
from contextlib import contextmanager

__all__ = ["compile", "is_compiling", "is_dynamo_compiling", "disable", "reset", "list_backends", "allow_in_graph",
           "cudagraph_mark_step_begin", "set_stance", "assume_constant_result"]


def compile(model=None, *, fullgraph=False, dynamic=None, backend="inductor", mode=None, options=None, disable=False):
    """The model or function itself; as a decorator, with or without arguments."""
    if mode is not None and options is not None:
        raise RuntimeError("Either mode or options can be specified, but both can't be specified at the same time.")
    if model is None:
        return lambda function: function
    return model


def is_compiling():
    return False


is_dynamo_compiling = is_exporting = is_compiling


def disable(fn=None, recursive=True, *, reason=None):
    return fn if fn is not None else lambda function: function


def reset():
    """Nothing to forget: plans are found by what they compute."""


def list_backends(exclude_tags=()):
    return ["inductor"]


def allow_in_graph(fn):
    return fn


def assume_constant_result(fn):
    return fn


def cudagraph_mark_step_begin():
    """There are no CUDA graphs."""


@contextmanager
def set_stance(stance="default", *, skip_guard_eval_unsafe=False, force_backend=None):
    """Without effect."""
    yield
