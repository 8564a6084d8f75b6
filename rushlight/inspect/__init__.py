"""Looking inside: a model's layers (summary.py), the graph behind a tensor (graph_drawing.py), what the engine did (explain).

`rushlight.inspect.explaining` is explain's `explaining`.
"""


def __getattr__(name):
    if name in ("explain", "explaining"):
        from importlib import import_module

        module = import_module(".explain", __name__)
        return module if name == "explain" else module.explaining
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
