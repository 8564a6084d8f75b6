"""The restricted unpickler: reads tensors, numbers, text and containers, and refuses every other name.

A pickle is a program for a small stack machine. This one carries out only the instructions that checkpoints need, and
calls only what is on the list (`allowlist.py`), so a file cannot run code. It is what torch.load(weights_only=True)
accepts in PyTorch 2.13, with the same refusals.
"""
import pickle
import struct
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections import Counter, OrderedDict

import rushlight as torch
from rushlight.serialization import allowlist, names
from rushlight.storage import _LegacyClass

UnpicklingError = pickle.UnpicklingError

_BLOCKED_MODULES = ("sys", "os", "posix", "nt")
_DICTS = (dict, OrderedDict, Counter)
_PYTHON2_ONLY = ("exceptions", "cPickle")  # modules that PyTorch's messages leave under their old names


class RestrictedUnpickler:
    """Reads one pickle from `file`. `persistent_load` gives the storage for a tuple ("storage", ...)."""

    def __init__(self, file, persistent_load, *, encoding: str = "bytes") -> None:
        self.file = file
        self.persistent_load = persistent_load
        self.encoding = encoding
        self.stack: list = []
        self.marks: list[list] = []
        self.memo: dict = {}
        self.globals: list = []  # everything that came by name, and so from the list
        self.user_globals = allowlist.user_globals()

    def load(self):
        """The object. EOFError if the pickle ends early; UnpicklingError for whatever is not allowed."""
        while True:
            code = self.read(1)[0]
            if code == pickle.STOP[0]:
                return self.pop()
            instruction = _INSTRUCTIONS.get(code)
            if instruction is None:
                raise UnpicklingError(f"Unsupported operand {code}")
            instruction(self)

    # ------------------------------------------------------------ reading
    def read(self, count: int) -> bytes:
        data = self.file.read(count)
        if len(data) < count:
            raise EOFError("the pickle ends early")
        if not isinstance(data, (bytes, bytearray)):
            raise TypeError(f"a bytes-like object is required, not '{type(data).__name__}'")
        return data

    def read_line(self) -> str:
        line = self.file.readline()
        if not line.endswith(b"\n"):
            raise EOFError("the pickle ends early")
        return self.decoded(line[:-1])

    @staticmethod
    def decoded(data: bytes) -> str:
        try:
            return data.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError as error:
            raise UnpicklingError(f"{error}; corrupt file?") from None

    def number(self, layout: str):
        return struct.unpack(layout, self.read(struct.calcsize(layout)))[0]

    # ------------------------------------------------------------ the stack
    def push(self, value) -> None:
        self.stack.append(value)

    def pop(self):
        if not self.stack:
            raise UnpicklingError("the pickle takes more from its stack than it has put there; corrupt file?")
        return self.stack.pop()

    def top(self):
        value = self.pop()
        self.stack.append(value)
        return value

    def pop_mark(self) -> list:
        """Everything since the last mark."""
        if not self.marks:
            raise UnpicklingError("the pickle takes more from its stack than it has put there; corrupt file?")
        items, self.stack = self.stack, self.marks.pop()
        return items

    # ------------------------------------------------------------ instructions
    def proto(self) -> None:
        version = self.number("<B")
        if version != 2:
            import warnings

            warnings.warn(
                f"Detected pickle protocol {version} in the checkpoint, which was not the default pickle protocol used "
                "by `torch.load` (2). The weights_only Unpickler might not support all instructions implemented by "
                "this protocol, please file an issue for adding support if you encounter this.",
                stacklevel=6,
            )

    def global_(self) -> None:
        found = self.find(*self.current_name(self.read_line(), self.read_line()))
        self.globals.append(found)
        self.push(found)

    @staticmethod
    def current_name(module: str, name: str) -> tuple[str, str]:
        """The name that Python 3 and PyTorch have for it: protocol 2 writes Python 2's, and plain pickle ours."""
        if module not in _PYTHON2_ONLY:
            if (module, name) in NAME_MAPPING:
                return NAME_MAPPING[module, name]
            module = IMPORT_MAPPING.get(module, module)
        return names.disk_module(module), name

    def find(self, module: str, name: str):
        full_name = f"{module}.{name}"
        if module in _BLOCKED_MODULES:
            raise UnpicklingError(f"Trying to load unsupported GLOBAL {full_name} whose module {module} is blocked.")
        if full_name in self.user_globals:
            return self.user_globals[full_name]
        if allowlist.is_allowed_by_default(full_name):
            return names.find(module, name)
        shown = name if module == "builtins" else full_name
        raise UnpicklingError(
            f"Unsupported global: GLOBAL {shown} was not an allowed global by default. Please use "
            f"`torch.serialization.add_safe_globals([{shown}])` or the `torch.serialization.safe_globals([{shown}])` "
            "context manager to allowlist this global if you trust this class/function."
        )

    def came_by_name(self, value) -> bool:
        return any(value is known for known in self.globals)

    def new_object(self) -> None:
        arguments, kind = self.pop(), self.pop()
        if not (isinstance(kind, type) and self.came_by_name(kind)):
            raise UnpicklingError("Can only create new object for nn.Parameter or classes allowlisted via "
                                  f"`add_safe_globals` but got {kind}")
        self.push(kind.__new__(kind, *arguments))

    def reduce(self) -> None:
        arguments, function = self.pop(), self.pop()
        if not self.came_by_name(function):
            raise UnpicklingError(f"Trying to call reduce for unrecognized function {function}")
        if isinstance(function, _LegacyClass):  # a storage's memory comes from the file, never from a size
            raise TypeError("'StorageType' object is not callable")
        self.push(function(*arguments))

    def build(self) -> None:
        state, instance = self.pop(), self.top()
        kind = type(instance)
        if kind is torch.Tensor:
            instance.set_(*state)
        elif kind is torch.nn.Parameter:
            instance.__setstate__(state)
        elif kind is OrderedDict:
            vars(instance).update(state)
        elif any(kind is allowed for allowed in self.user_globals.values()):
            _set_state(instance, state)
        else:
            raise UnpicklingError("Can only build Tensor, Parameter, OrderedDict or types allowlisted via "
                                  f"`add_safe_globals`, but got {kind}")

    def append(self) -> None:
        item, items = self.pop(), self.top()
        if type(items) is not list:
            raise UnpicklingError(f"Can only append to lists, but got {type(items)}")
        items.append(item)

    def appends(self) -> None:
        new, items = self.pop_mark(), self.top()
        if type(items) is not list:
            raise UnpicklingError(f"Can only extend lists, but got {type(items)}")
        items.extend(new)

    def set_item(self) -> None:
        value, key = self.pop(), self.pop()
        self.dictionary("SETITEM")[key] = value

    def set_items(self) -> None:
        items = self.pop_mark()
        self.dictionary("SETITEMS").update(zip(items[::2], items[1::2]))

    def dictionary(self, instruction: str):
        target = self.top()
        if type(target) not in _DICTS:
            raise UnpicklingError(f"Can only {instruction} for dict, collections.OrderedDict, collections.Counter, "
                                  f"but got {type(target)}")
        return target if type(target) is not Counter else _PlainCounter(target)

    def mark(self) -> None:
        self.marks.append(self.stack)
        self.stack = []

    def tuple_of(self, count: int) -> None:
        self.push(tuple([self.pop() for _ in range(count)][::-1]))

    def text(self) -> None:
        self.push(self.decoded(self.read(self.number("<I"))))

    def short_text(self) -> None:
        """A string of Python 2."""
        data = self.read(self.number("<B"))
        self.push(data if self.encoding == "bytes" else data.decode(self.encoding))

    def long_integer(self) -> None:
        self.push(int.from_bytes(self.read(self.number("<B")), "little", signed=True))

    def put(self, index: int) -> None:
        self.memo[index] = self.top()

    def get(self, index: int) -> None:
        if index not in self.memo:
            raise UnpicklingError(f"Memo value not found at index {index}; corrupt file?")
        self.push(self.memo[index])

    def persistent(self) -> None:
        identity = self.pop()
        if type(identity) not in (tuple, int):
            raise UnpicklingError(f"persistent_load id must be tuple or int, but got {type(identity)}")
        if type(identity) is tuple and identity and identity[0] not in ("storage", b"storage"):
            raise UnpicklingError(f"Only persistent_load of storage is allowed, but got {type(identity[0])}")
        self.push(self.persistent_load(identity))


class _PlainCounter:
    """Sets the entries of a Counter; its own `update` would add to them."""

    def __init__(self, counter: Counter) -> None:
        self.counter = counter

    def __setitem__(self, key, value) -> None:
        self.counter[key] = value

    def update(self, pairs) -> None:
        for key, value in pairs:
            self.counter[key] = value


def _set_state(instance, state) -> None:
    if hasattr(instance, "__setstate__"):
        instance.__setstate__(state)
        return
    slots = None
    if isinstance(state, tuple) and len(state) == 2:
        state, slots = state
    if state:
        vars(instance).update(state)
    for name, value in (slots or {}).items():
        setattr(instance, name, value)


_INSTRUCTIONS = {code[0]: method for code, method in {
    pickle.PROTO: RestrictedUnpickler.proto,
    pickle.GLOBAL: RestrictedUnpickler.global_,
    pickle.NEWOBJ: RestrictedUnpickler.new_object,
    pickle.REDUCE: RestrictedUnpickler.reduce,
    pickle.BUILD: RestrictedUnpickler.build,
    pickle.APPEND: RestrictedUnpickler.append,
    pickle.APPENDS: RestrictedUnpickler.appends,
    pickle.SETITEM: RestrictedUnpickler.set_item,
    pickle.SETITEMS: RestrictedUnpickler.set_items,
    pickle.MARK: RestrictedUnpickler.mark,
    pickle.TUPLE: lambda self: self.push(tuple(self.pop_mark())),
    pickle.TUPLE1: lambda self: self.tuple_of(1),
    pickle.TUPLE2: lambda self: self.tuple_of(2),
    pickle.TUPLE3: lambda self: self.tuple_of(3),
    pickle.NONE: lambda self: self.push(None),
    pickle.NEWFALSE: lambda self: self.push(False),
    pickle.NEWTRUE: lambda self: self.push(True),
    pickle.EMPTY_TUPLE: lambda self: self.push(()),
    pickle.EMPTY_LIST: lambda self: self.push([]),
    pickle.EMPTY_DICT: lambda self: self.push({}),
    pickle.EMPTY_SET: lambda self: self.push(set()),
    pickle.BININT: lambda self: self.push(self.number("<i")),
    pickle.BININT1: lambda self: self.push(self.number("<B")),
    pickle.BININT2: lambda self: self.push(self.number("<H")),
    pickle.LONG1: RestrictedUnpickler.long_integer,
    pickle.BINFLOAT: lambda self: self.push(self.number(">d")),
    pickle.BINUNICODE: RestrictedUnpickler.text,
    pickle.SHORT_BINSTRING: RestrictedUnpickler.short_text,
    pickle.BINPERSID: RestrictedUnpickler.persistent,
    pickle.BINPUT: lambda self: self.put(self.number("<B")),
    pickle.LONG_BINPUT: lambda self: self.put(self.number("<I")),
    pickle.BINGET: lambda self: self.get(self.number("<B")),
    pickle.LONG_BINGET: lambda self: self.get(self.number("<I")),
}.items()}


# ---------------------------------------------------------------- the refusal, as the user reads it
UNSAFE = (
    "In PyTorch 2.6, we changed the default value of the `weights_only` argument in `torch.load` from `False` to "
    "`True`. Re-running `torch.load` with `weights_only` set to `False` will likely succeed, but it can result in "
    "arbitrary code execution. Do it only if you got the file from a trusted source."
)
_DOCS = (
    "\n\nCheck the documentation of torch.load to learn more about types accepted by default with weights_only "
    "https://pytorch.org/docs/stable/generated/torch.load.html."
)


def explained(reason: str, file: str = "") -> str:
    """A refusal with what can be done about it, in the words of PyTorch 2.13.

    Where the reason is an instruction that no checkpoint has, the file may be none: what `file` says of it is added.
    """
    if reason.startswith("Unsupported global"):
        return (
            "Weights only load failed. This file can still be loaded, to do so you have two options, \033[1mdo those "
            f"steps only if you trust the source of the checkpoint\033[0m. \n\t(1) {UNSAFE}\n\t(2) Alternatively, to "
            "load with `weights_only=True` please check the recommended steps in the following error message.\n\t"
            f"WeightsUnpickler error: {reason}{_DOCS}"
        )
    if reason.startswith("Trying to load unsupported GLOBAL"):
        return f"Weights only load failed. {UNSAFE}\n\n\n{reason}{_DOCS}"
    doubtful = reason.startswith("Unsupported operand") or "corrupt file" in reason
    return (
        f"Weights only load failed. {UNSAFE}\nPlease file an issue with the following so that we can make "
        f"`weights_only=True` compatible with your use case: WeightsUnpickler error: \n\n{reason}{_DOCS}{file if doubtful else ''}"
    )
