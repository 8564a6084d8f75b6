"""Optimizers, learning-rate schedules and weight averaging (PyTorch's `torch.optim`).

One file per algorithm, loaded when its name is first used, so that `import rushlight` stays quick.
"""

from importlib import import_module

from rushlight.optim.optimizer import Optimizer as Optimizer

_HOME = {
    "SGD": "sgd",
    "Adam": "adam",
    "AdamW": "adamw",
    "Adagrad": "adagrad",
    "RMSprop": "rmsprop",
    "Adadelta": "adadelta",
    "Adamax": "adamax",
    "NAdam": "nadam",
    "RAdam": "radam",
    "ASGD": "asgd",
    "Rprop": "rprop",
    "LBFGS": "lbfgs",
    "SparseAdam": "sparse_adam",
    "Adafactor": "_adafactor",
    "Muon": "_muon",
}
_MODULES = ("lr_scheduler", "swa_utils")

__all__ = ["Optimizer", *_HOME, *_MODULES]


def __getattr__(name):
    if name in _HOME:
        value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    elif name in _MODULES:
        value = import_module(f"{__name__}.{name}")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__():
    return sorted(set(globals()) | set(__all__))
