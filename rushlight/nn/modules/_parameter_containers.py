"""Containers of parameters (and, unregistered, of anything else): ParameterList, ParameterDict."""
import operator

import rushlight as torch

from ..parameter import Parameter
from .module import Module


def _as_parameter(value):
    """Plain tensors become Parameters; everything else is kept as it is."""
    if isinstance(value, torch.Tensor) and not isinstance(value, Parameter):
        return Parameter(value)
    return value


def _describe(value, type_text):
    """One entry of the printed form."""
    if not isinstance(value, torch.Tensor):
        return f"Object of type: {type(value).__name__}"
    size = "x".join(str(length) for length in value.size())
    device = "" if value.device.type == "cpu" else f" ({value.device})"
    kind = "Parameter" if isinstance(value, Parameter) else "Tensor"
    return f"{kind} containing: [{type_text(value)} of size {size}{device}]"


class ParameterList(Module):
    """A list whose tensors are registered as parameters."""

    def __init__(self, values=None):
        super().__init__()
        self._size = 0
        if values is not None:
            self += values

    def _get_abs_string_index(self, idx):
        idx = operator.index(idx)
        if not -len(self) <= idx < len(self):
            raise IndexError(f"index {idx} is out of range")
        return str(idx + len(self) if idx < 0 else idx)

    def __getitem__(self, idx):
        if isinstance(idx, slice):
            return self.__class__([self[i] for i in range(len(self))[idx]])
        return getattr(self, self._get_abs_string_index(idx))

    def __setitem__(self, idx, param):
        setattr(self, self._get_abs_string_index(idx), _as_parameter(param))

    def __len__(self):
        return self._size

    def __iter__(self):
        return iter([self[i] for i in range(len(self))])

    def __iadd__(self, parameters):
        return self.extend(parameters)

    def __dir__(self):
        return [name for name in super().__dir__() if not name.isdigit()]

    def append(self, value):
        """Add a value at the end; returns self."""
        position = len(self)
        self._size += 1
        self[position] = value
        return self

    def extend(self, values):
        """Add the values of an iterable at the end; returns self."""
        if not hasattr(values, "__iter__") or isinstance(values, torch.Tensor):
            raise TypeError(f"ParameterList.extend should be called with an iterable, but got {type(values).__name__}")
        for value in values:
            self.append(value)
        return self

    def extra_repr(self):
        def dtype(tensor):
            return str(tensor.dtype)

        return "\n".join(f"  ({i}): {_describe(value, dtype)}" for i, value in enumerate(self))

    def __call__(self, *args, **kwargs):
        raise RuntimeError("ParameterList should not be called.")


class ParameterDict(Module):
    """A dictionary whose tensors are registered as parameters; keys are strings."""

    def __init__(self, parameters=None):
        super().__init__()
        self._keys = {}
        if parameters is not None:
            self.update(parameters)

    def _key_to_attr(self, key):
        if not isinstance(key, str):
            raise TypeError(
                "Index given to ParameterDict cannot be used as a key as it is not a string (type is "
                f"'{type(key).__name__}'). Open an issue on github if you need non-string keys."
            )
        return key

    def __getitem__(self, key):
        return getattr(self, self._key_to_attr(key))

    def __setitem__(self, key, value):
        attribute = self._key_to_attr(key)
        self._keys[key] = None
        setattr(self, attribute, _as_parameter(value))

    def __delitem__(self, key):
        del self._keys[key]
        delattr(self, self._key_to_attr(key))

    def __len__(self):
        return len(self._keys)

    def __iter__(self):
        return iter(self._keys)

    def __reversed__(self):
        return reversed(list(self._keys))

    def __contains__(self, key):
        return key in self._keys

    def copy(self):
        """A new ParameterDict of the same values."""
        from collections import OrderedDict

        return ParameterDict(OrderedDict((key, self[key]) for key in self._keys))

    def setdefault(self, key, default=None):
        """The value at `key`, which is set to `default` first if it is missing."""
        if key not in self._keys:
            self[key] = default
        return self[key]

    def clear(self):
        """Take out everything."""
        for key in self._keys.copy():
            del self[key]

    def pop(self, key):
        """Take out and return a value."""
        value = self[key]
        del self[key]
        return value

    def popitem(self):
        """Take out and return the last (key, value)."""
        key, _ = self._keys.popitem()
        # pop() deletes the key once more.
        self._keys[key] = None
        return key, self.pop(key)

    def get(self, key, default=None):
        """The value at `key`, or `default`."""
        return self[key] if key in self else default

    def fromkeys(self, keys, default=None):
        """A new ParameterDict with `default` at every key."""
        return ParameterDict((key, default) for key in keys)

    def keys(self):
        return self._keys.keys()

    def items(self):
        return ((key, self[key]) for key in self._keys)

    def values(self):
        return (self[key] for key in self._keys)

    def update(self, parameters):
        """Add the values of a mapping, or of an iterable of (key, value) pairs.

        A plain mapping comes in sorted order; an OrderedDict and a ParameterDict keep theirs.
        """
        from collections import OrderedDict

        if not hasattr(parameters, "__iter__"):
            raise TypeError(
                "ParametersDict.update should be called with an iterable of key/value pairs, but got "
                f"{type(parameters).__name__}"
            )
        if isinstance(parameters, (OrderedDict, ParameterDict)):
            pairs = parameters.items()
        elif hasattr(parameters, "keys"):
            pairs = sorted(parameters.items())
        else:
            pairs = [_checked_pair(position, pair) for position, pair in enumerate(parameters)]
        for key, value in pairs:
            self[key] = value

    def extra_repr(self):
        def tensor_type(tensor):
            return torch.typename(tensor)

        return "\n".join(f"  ({key}): {_describe(value, tensor_type)}" for key, value in self.items())

    def __call__(self, input):
        raise RuntimeError("ParameterDict should not be called.")

    def __or__(self, other):
        result = self.copy()
        result.update(other)
        return result

    def __ror__(self, other):
        result = other.copy()
        result.update(self)
        return result

    def __ior__(self, other):
        self.update(other)
        return self


def _checked_pair(position, pair):
    if not hasattr(pair, "__iter__"):
        raise TypeError(
            f"ParameterDict update sequence element #{position} should be Iterable; is{type(pair).__name__}"
        )
    if len(pair) != 2:
        raise ValueError(f"ParameterDict update sequence element #{position} has length {len(pair)}; 2 is required")
    return pair
