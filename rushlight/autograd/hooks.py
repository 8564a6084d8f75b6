"""Handles by which hooks are taken away again. Source: torch.utils.hooks.RemovableHandle."""
import itertools
import weakref

_ids = itertools.count()


class RemovableHandle:
    """remove() takes the hook out of the dictionary it was put in."""

    next_id = 0

    def __init__(self, hooks_dict, *, extra_dict=None):
        self.hooks_dict_ref = _reference(hooks_dict)
        self.id = next(_ids)
        extras = extra_dict if isinstance(extra_dict, list) else [extra_dict] if extra_dict is not None else []
        self.extra_dict_ref = tuple(_reference(d) for d in extras)

    @classmethod
    def into(cls, hooks, fn):
        handle = cls(hooks)
        hooks[handle.id] = fn
        return handle

    def remove(self):
        for ref in (self.hooks_dict_ref, *self.extra_dict_ref):
            hooks = ref()
            if hooks is not None:
                hooks.pop(self.id, None)

    def __getstate__(self):
        """Copies of a module that holds its handles refer to the copied dictionaries."""
        return (self.hooks_dict_ref(), self.id, *([tuple(ref() for ref in self.extra_dict_ref)] if self.extra_dict_ref else []))

    def __setstate__(self, state):
        hooks, self.id, *extra = state
        self.hooks_dict_ref = _reference({} if hooks is None else hooks)
        self.extra_dict_ref = tuple(_reference({} if d is None else d) for d in (extra[0] if extra else ()))

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.remove()


def _reference(hooks):
    try:
        return weakref.ref(hooks)
    except TypeError:  # a plain dict cannot be referred to weakly
        return lambda: hooks
