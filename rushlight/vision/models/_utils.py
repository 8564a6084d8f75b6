"""What the models' builders share: weights put in, old ways of asking for them, features taken from the middle."""

from collections import OrderedDict
from functools import wraps

import rushlight as torch
from rushlight.vision.models._api import WeightsEnum, register_model


def build(make, weights: WeightsEnum | None, progress: bool, *args, **kwargs):
    """The model `make(*args, **kwargs)`, with `weights` loaded unless they are None.

    Weights fix `num_classes`: ValueError where another number was asked for.
    """
    if weights is not None:
        _ovewrite_named_param(kwargs, "num_classes", len(weights.meta["categories"]))
    model = make(*args, **kwargs)
    if weights is not None:
        model.load_state_dict(weights.get_state_dict(progress=progress, check_hash=True))
    return model


def _make_divisible(v: float, divisor: int, min_value: int | None = None) -> int:
    """The multiple of `divisor` next to `v`, no less than `min_value` and never 10 % below `v` (MobileNet)."""
    if min_value is None:
        min_value = divisor
    near = max(min_value, int(v + divisor / 2) // divisor * divisor)
    return near + divisor if near < 0.9 * v else near


class IntermediateLayerGetter(torch.nn.ModuleDict):
    """The children of a model up to the last that is wanted, run in order; gives the wanted ones' outputs by new names.

    `return_layers` maps a child's name to the name of its output. The model's forward must be its children in order.
    """

    _version = 2

    def __init__(self, model, return_layers: dict[str, str]) -> None:
        children = dict(model.named_children())
        if not set(return_layers).issubset(children):
            raise ValueError("return_layers are not present in model")
        wanted = {str(name): new_name for name, new_name in return_layers.items()}
        waiting = set(wanted)
        layers = {}
        for name, child in children.items():
            layers[name] = child
            waiting.discard(name)
            if not waiting:
                break
        super().__init__(layers)
        self.return_layers = wanted

    def forward(self, x) -> OrderedDict:
        out = OrderedDict()
        for name, module in self.items():
            x = module(x)
            if name in self.return_layers:
                out[self.return_layers[name]] = x
        return out


_LATER = "deprecated since 0.13 and may be removed in the future"


def kwonly_to_pos_or_kw(fn):
    """`fn`, whose keyword-only parameters may be given by position too, with a warning."""
    first, names = _keyword_only(fn)

    @wraps(fn)
    def wrapper(*args, **kwargs):
        args, by_position = args[:first], args[first:]
        if by_position:
            _warn_of_positions(names[: len(by_position)])
            kwargs.update(zip(names, by_position))
        return fn(*args, **kwargs)

    return wrapper


def _keyword_only(fn) -> tuple[int, tuple[str, ...]]:
    """The number of positional parameters of a function, and the names of the others, that of its **kwargs last."""
    while hasattr(fn, "__wrapped__"):
        fn = fn.__wrapped__
    code = fn.__code__
    count = code.co_argcount + code.co_kwonlyargcount
    takes_kwargs = bool(code.co_flags & 0x08)  # inspect.CO_VARKEYWORDS
    return code.co_argcount, code.co_varnames[code.co_argcount : count + takes_kwargs]


def _warn_of_positions(names) -> None:
    import warnings

    quoted = [f"'{name}'" for name in names]
    if len(quoted) > 2:
        quoted = [", ".join(quoted[:-1]) + ",", quoted[-1]]
    warnings.warn(
        f"Using {' and '.join(quoted)} as positional parameter(s) is {_LATER}. "
        "Please use keyword parameter(s) instead.",
        stacklevel=3,
    )


def handle_legacy_interface(**weights):
    """A decorator for builders that were once called with `pretrained=True`.

    `weights` maps a builder's parameter to its old name and what True meant: a member of a weights' enum, or a
    function of the keyword arguments that gives it. Old calls work, and warn.
    """

    def decorate(builder):
        @wraps(builder)
        def modern(*args, **kwargs):
            for parameter, (old_name, meant) in weights.items():
                _modernise(kwargs, parameter, old_name, meant)
            return builder(*args, **kwargs)

        return kwonly_to_pos_or_kw(modern)

    return decorate


def published(pretrained: WeightsEnum):
    """A decorator for the builder of a model that has one parameter of weights, of the enum that `pretrained` is of.

    The model is known by the builder's name; `weights` arrives as a member or None; and `pretrained` is what
    `pretrained=True` meant.
    """

    def decorate(builder):
        @wraps(builder)
        def verified(*, weights=None, **kwargs):
            return builder(weights=type(pretrained).verify(weights), **kwargs)

        return register_model()(handle_legacy_interface(weights=("pretrained", pretrained))(verified))

    return decorate


def _modernise(kwargs: dict, parameter: str, old_name: str, meant) -> None:
    """Put the member of the weights' enum in place of a truth value, given as `parameter` or by its old name."""
    import warnings

    given = kwargs.get(parameter)
    if parameter in kwargs and (given is None or isinstance(given, (str, WeightsEnum))):
        return
    if parameter not in kwargs:
        if old_name not in kwargs:
            return
        warnings.warn(f"The parameter '{old_name}' is {_LATER}, please use '{parameter}' instead.", stacklevel=4)
        given = kwargs.pop(old_name)
    default = meant(kwargs) if callable(meant) else meant
    chosen = default if given else None
    if given and default is None:
        raise ValueError(f"No weights are available for '{parameter}' of this model")
    advice = f"`{parameter}={chosen!r}`."
    if chosen is not None:
        advice += f" You can also use `{parameter}={type(chosen).__name__}.DEFAULT` to get the most up-to-date weights."
    warnings.warn(
        f"Arguments other than a weight enum or `None` for '{parameter}' are {_LATER}. "
        f"The current behavior is equivalent to passing {advice}",
        stacklevel=4,
    )
    kwargs.pop(old_name, None)
    kwargs[parameter] = chosen


def _ovewrite_named_param(kwargs: dict, param: str, new_value) -> None:
    """Set a keyword argument that the weights fix; ValueError if it was given otherwise. (torchvision's name.)"""
    kwargs[param] = _ovewrite_value_param(param, kwargs.get(param), new_value)


def _ovewrite_value_param(param: str, actual, expected):
    """`expected`, when `actual` is that or None; else ValueError."""
    if actual is not None and actual != expected:
        raise ValueError(f"The parameter '{param}' expected value {expected} but got {actual} instead.")
    return expected
