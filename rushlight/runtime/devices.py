"""Devices by name. Only the CPU holds tensors today; other names exist to be asked about and refused."""

_TYPES = ("cpu", "cuda", "mps", "xpu", "meta", "xla", "hpu", "mtia", "ipu", "hip", "opengl", "opencl", "ideep",
          "ve", "fpga", "maia", "lazy", "vulkan", "privateuseone", "mkldnn")
_EXPECTED = ("cpu, cuda, ipu, xpu, mkldnn, opengl, opencl, ideep, hip, ve, fpga, maia, xla, lazy, vulkan, mps, meta, "
             "hpu, mtia, privateuseone")
NO_ACCELERATOR = "Cannot access accelerator device when none is available."


class device:
    """Where a tensor lies: `device("cuda:0")`, `device("cpu")`, `device("cuda", 1)`. Source: torch.device."""

    __slots__ = ("type", "index")

    def __init__(self, type=None, index=None):
        if isinstance(type, device):
            type, index = type.type, type.index if index is None else index
        if isinstance(type, int) and not isinstance(type, bool):
            raise RuntimeError(NO_ACCELERATOR)      # a bare number means one of these
        if not isinstance(type, str):
            raise TypeError(f"device(): argument 'type' (position 1) must be str, not {type.__class__.__name__}")
        if ":" in type:
            if index is not None:
                raise RuntimeError(f"type (string) must not include an index because index was passed explicitly: {type}")
            type, _, number = type.partition(":")
            if not number.isdigit() or (len(number) > 1 and number[0] == "0"):
                raise RuntimeError(f"Invalid device string: '{type}:{number}'")
            index = int(number)
        if type not in _TYPES:
            raise RuntimeError(f"Expected one of {_EXPECTED} device type at start of device string: {type}")
        if index is not None and index < 0:
            raise RuntimeError("Device index must not be negative")
        self.type = type
        self.index = index

    def __repr__(self):
        return f"device(type='{self.type}'" + (")" if self.index is None else f", index={self.index})")

    def __str__(self):
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other):
        return isinstance(other, device) and self.type == other.type and self.index == other.index

    def __hash__(self):
        return hash((self.type, self.index))

    def __reduce__(self):
        return _device, ((self.type,) if self.index is None else (self.type, self.index))

    def __enter__(self):
        resolve(self)
        return self

    def __exit__(self, *exc):
        return False


def _device(*args):
    return device(*args)


device.__module__ = "torch"
CPU = device("cpu")


def resolve(where):
    """The device that tensors can be made on, for what the user gave; the oracle's error where there is none."""
    if where is None or where is CPU or where == "cpu":
        return CPU
    d = where if isinstance(where, device) else device(where)
    if d.type == "cpu":
        return CPU
    if d.type == "cuda":
        raise AssertionError("Torch not compiled with CUDA enabled")
    if d.type == "mps":
        raise RuntimeError("PyTorch is not linked with support for mps devices")
    if d.type == "meta":
        raise NotImplementedError("rushlight has no meta device yet")
    if d.type == "xpu":
        raise AssertionError("Torch not compiled with XPU enabled")
    raise RuntimeError(f"rushlight has no {d.type} device on this machine; tensors live on 'cpu'")
