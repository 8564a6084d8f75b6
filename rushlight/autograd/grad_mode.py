"""Whether ops are put on the tape. Source: torch.no_grad, enable_grad, set_grad_enabled, inference_mode."""
import functools

from ..graph.recorder import current


def is_grad_enabled():
    return current().grad


def is_inference_mode_enabled():
    return current().inference


class _Mode:
    """A context manager that is a decorator too, of functions and generators."""

    def __call__(self, function):
        import inspect

        if isinstance(function, type):
            raise TypeError(f"{type(self).__name__} decorates functions, not classes; decorate its methods")
        if inspect.isgeneratorfunction(function):
            @functools.wraps(function)
            def generate(*args, **kwargs):
                generator = function(*args, **kwargs)
                sent, send = None, generator.send
                while True:
                    with self.clone():
                        try:
                            item = send(sent)
                        except StopIteration as stop:
                            return stop.value
                    try:
                        sent, send = (yield item), generator.send
                    except GeneratorExit:
                        generator.close()
                        raise
                    except BaseException as error:
                        sent, send = error, generator.throw
            return generate

        @functools.wraps(function)
        def run(*args, **kwargs):
            with self.clone():
                return function(*args, **kwargs)
        return run

    def clone(self):
        return type(self)()


class no_grad(_Mode):
    """Within, nothing is put on the tape. Also a decorator: @torch.no_grad() or @torch.no_grad."""

    def __new__(cls, function=None):
        self = super().__new__(cls)
        return self if function is None else self(function)

    def __enter__(self):
        rec = current()
        self.previous = rec.grad
        rec.grad = False

    def __exit__(self, *exc):
        current().grad = self.previous


class enable_grad(_Mode):
    """Within, ops are put on the tape again."""

    def __new__(cls, function=None):
        self = super().__new__(cls)
        return self if function is None else self(function)

    def __enter__(self):
        rec = current()
        self.previous = rec.grad
        rec.grad = True

    def __exit__(self, *exc):
        current().grad = self.previous


class set_grad_enabled(_Mode):
    """Turn the tape on or off: at once, as a function, and until the end of a with block as a context."""

    def __init__(self, mode):
        rec = current()
        self.previous = rec.grad
        self.mode = bool(mode)
        rec.grad = self.mode

    def __call__(self, function):
        current().grad = self.previous
        return super().__call__(function)

    def __enter__(self):
        current().grad = self.mode

    def __exit__(self, *exc):
        current().grad = self.previous

    def clone(self):
        rec = current()
        before = rec.grad
        new = type(self)(self.mode)
        rec.grad = before
        new.previous = before
        return new

    def __str__(self):
        return f"torch.autograd.grad_mode.set_grad_enabled(mode={self.mode})"


class inference_mode(_Mode):
    """As no_grad, and the tensors made within can never be part of a tape. Source: torch.inference_mode."""

    def __new__(cls, mode=True):
        self = super().__new__(cls)
        if callable(mode):
            self.mode = True
            return self(mode)
        return self

    def __init__(self, mode=True):
        self.mode = bool(mode)

    def __enter__(self):
        rec = current()
        self.previous = rec.grad, rec.inference
        if self.mode:
            rec.grad, rec.inference = False, True
        elif rec.inference:
            rec.grad, rec.inference = True, False

    def __exit__(self, *exc):
        rec = current()
        rec.grad, rec.inference = self.previous

    def clone(self):
        return type(self)(self.mode)
