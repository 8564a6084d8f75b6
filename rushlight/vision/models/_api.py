"""Published weights, and models found by their names."""

from enum import Enum

import rushlight as torch

__all__ = ["WeightsEnum", "Weights", "get_model", "get_model_builder", "get_model_weights", "get_weight", "list_models"]


class Weights:
    """Where trained weights lie (`url`), what prepares images for them (`transforms()`), facts about them (`meta`)."""

    def __init__(self, url: str, transforms, meta: dict) -> None:
        self.url = url
        self.transforms = transforms
        self.meta = meta

    def __repr__(self) -> str:
        return f"Weights(url={self.url!r}, transforms={self.transforms!r}, meta={self.meta!r})"

    def __eq__(self, other) -> bool:
        if not isinstance(other, Weights):
            return NotImplemented
        return (
            self.url == other.url
            and self.meta == other.meta
            and _same_transforms(self.transforms, other.transforms)
        )

    __hash__ = None


def _same_transforms(one, other) -> bool:
    """Whether two makers of transforms are equal; partials do not compare themselves."""
    if hasattr(one, "func") and hasattr(other, "func"):
        return (one.func, one.args, one.keywords) == (other.func, other.args, other.keywords)
    return one == other


class WeightsEnum(Enum):
    """The published weights of one model. `DEFAULT` is another name for the best of them."""

    @classmethod
    def verify(cls, obj):
        """The member that `obj` is or names; None for None. TypeError for other kinds, KeyError for unknown names."""
        if obj is None:
            return None
        if isinstance(obj, str):
            return cls[obj.replace(cls.__name__ + ".", "")]
        if not isinstance(obj, cls):
            raise TypeError(
                f"Invalid Weight class provided; expected {cls.__name__} but received {obj.__class__.__name__}."
            )
        return obj

    def get_state_dict(self, *args, **kwargs) -> dict:
        """The weights, from the hub's folder or downloaded to it; arguments: `torch.hub.load_state_dict_from_url`'s."""
        return torch.hub.load_state_dict_from_url(self.url, *args, **kwargs)

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}.{self._name_}"

    @property
    def url(self) -> str:
        return self.value.url

    @property
    def transforms(self):
        return self.value.transforms

    @property
    def meta(self) -> dict:
        return self.value.meta


BUILTIN_MODELS = {}


def register_model(name: str | None = None):
    """A decorator that makes `get_model` and `list_models` know a function, by `name` or its own name."""

    def register(builder):
        key = builder.__name__ if name is None else name
        if key in BUILTIN_MODELS:
            raise ValueError(f"An entry is already registered under the name '{key}'.")
        BUILTIN_MODELS[key] = builder
        return builder

    return register


def _parent_package(builder) -> str:
    """The package in which the module of a builder lies."""
    return builder.__module__.rpartition(".")[0]


def list_models(module=None, include=None, exclude=None) -> list[str]:
    """Names of the models, sorted: those in a package, like any of `include` (shell patterns), none of `exclude`."""
    from fnmatch import fnmatch

    names = {
        name
        for name, builder in BUILTIN_MODELS.items()
        if module is None or _parent_package(builder) == module.__name__
    }
    if include:
        names = {name for name in names if any(fnmatch(name, pattern) for pattern in _patterns(include))}
    if exclude:
        names = {name for name in names if not any(fnmatch(name, pattern) for pattern in _patterns(exclude))}
    return sorted(names)


def _patterns(given) -> list[str]:
    return [given] if isinstance(given, str) else list(given)


def get_model_builder(name: str):
    """The function that makes the model of this name, in any case. ValueError if there is none."""
    try:
        return BUILTIN_MODELS[name.lower()]
    except KeyError:
        raise ValueError(f"Unknown model {name}") from None


def get_model(name: str, **config):
    """The model of this name; `config` goes to its builder."""
    return get_model_builder(name)(**config)


def get_model_weights(name):
    """The enum of a model's weights. `name`: the model's, or its builder."""
    return _get_enum_from_fn(name if callable(name) else get_model_builder(name))


def _get_enum_from_fn(fn):
    """The weights' enum in the annotation of a builder's parameter `weights`: `X` or `X | None`."""
    while hasattr(fn, "__wrapped__"):
        fn = fn.__wrapped__
    parameters = fn.__code__.co_varnames[: fn.__code__.co_argcount + fn.__code__.co_kwonlyargcount]
    if "weights" not in parameters:
        raise ValueError("The method is missing the 'weights' argument.")
    annotation = fn.__annotations__.get("weights")
    for kind in getattr(annotation, "__args__", (annotation,)):
        if isinstance(kind, type) and issubclass(kind, WeightsEnum):
            return kind
    raise ValueError(
        "The WeightsEnum class for the specific method couldn't be retrieved. Make sure the typing info is correct."
    )


def get_weight(name: str) -> WeightsEnum:
    """The weights of a full name, like "ResNet50_Weights.IMAGENET1K_V1". ValueError if no model has such an enum."""
    enum_name, dot, member = name.partition(".")
    if not dot or not enum_name or not member or "." in member:
        raise ValueError(f"Invalid weight name provided: '{name}'.")
    from sys import modules

    for builder in BUILTIN_MODELS.values():
        kind = getattr(modules[builder.__module__], enum_name, None)
        if isinstance(kind, type) and issubclass(kind, WeightsEnum):
            return kind[member]
    raise ValueError(f"The weight enum '{enum_name}' for the specific method couldn't be retrieved.")
