"""Which kernel a function calls for which kind of input.

A *functional* is a public function such as `resize`. Its *kernels* (`resize_image`, `resize_mask`, ...) take plain tensors;
here each is wrapped so that it takes and gives the tv_tensor it belongs to.
"""

import functools

import rushlight as torch
from rushlight.vision import tv_tensors

# The functionals, by name, and of each the kernels by kind of input, in the order in which error messages list them.
_FUNCTIONALS: dict[str, object] = {}
_KERNELS: dict[object, dict[type, object]] = {}

IMAGE_KINDS = (tv_tensors.Image, torch.Tensor, "PIL")
BUILTIN = (tv_tensors.Image, tv_tensors.Video, tv_tensors.Mask, tv_tensors.BoundingBoxes, tv_tensors.KeyPoints)


def is_pure_tensor(inpt) -> bool:
    """Whether this is a tensor that says nothing about what it holds."""
    return isinstance(inpt, torch.Tensor) and not isinstance(inpt, tv_tensors.TVTensor)


def functional(function):
    """Make `function` one that has kernels; its own body calls `kernel_for`."""
    _FUNCTIONALS[function.__name__] = function
    _KERNELS[function] = {}
    return function


def also_named(name: str, function):
    """The functional, which `register_kernel` knows by this name too."""
    _FUNCTIONALS[name] = function
    return function


def add_kernel(function, kernel, *kinds) -> None:
    """Use `kernel`, a function of plain tensors (or PIL images, for the kind "PIL"), for inputs of these kinds."""
    for kind in kinds:
        wrapped = kernel
        if kind is tv_tensors.BoundingBoxes or kind is tv_tensors.KeyPoints:
            wrapped = _placed(kernel)
        elif isinstance(kind, type) and issubclass(kind, tv_tensors.TVTensor):
            wrapped = _plain(kernel)
        else:
            wrapped = _taking(kernel)
        _KERNELS[function][kind] = wrapped


def _names_of(kernel) -> tuple:
    code = kernel.__code__
    return code.co_varnames[: code.co_argcount]


def _taking(kernel):
    """The kernel, with arguments that it does not know left out (a mask knows no interpolation)."""
    kernel_itself = getattr(kernel, "__wrapped__", kernel)
    known = frozenset(_names_of(kernel_itself))

    @functools.wraps(kernel)
    def call(inpt, *args, **kwargs):
        return kernel(inpt, *args, **{name: value for name, value in kwargs.items() if name in known})

    return call


def _plain(kernel):
    """The kernel on the plain tensor inside, its result (or each of several) of the input's class."""
    kernel = _taking(kernel)

    def call(inpt, *args, **kwargs):
        out = kernel(inpt.as_subclass(torch.Tensor), *args, **kwargs)
        if isinstance(out, tuple):
            return tuple(tv_tensors.wrap(part, like=inpt) for part in out)
        return tv_tensors.wrap(out, like=inpt)

    return call


def _placed(kernel):
    """The kernel of boxes or points, told their format and canvas, which it may change."""
    known = _names_of(getattr(kernel, "__wrapped__", kernel))
    told = [name for name in ("format", "canvas_size", "clamping_mode") if name in known]
    rest = [name for name in known[1:] if name not in told]

    def call(inpt, *args, **kwargs):
        given = dict(zip(rest, args)) | {name: value for name, value in kwargs.items() if name in rest}
        given |= {name: getattr(inpt, name) for name in told}
        out = kernel(inpt.as_subclass(torch.Tensor), **given)
        if isinstance(out, tuple):
            return tv_tensors.wrap(out[0], like=inpt, canvas_size=tuple(out[1]))
        return tv_tensors.wrap(out, like=inpt)

    return call


def kernel_for(function, inpt, passes: bool = False):
    """The kernel of `function` for this input: TypeError if it has none, or, with `passes`, one that changes nothing."""
    kernels = _KERNELS[function]
    kind = type(inpt)
    if kind in kernels:
        return kernels[kind]
    for parent in kind.__mro__:
        if parent is tv_tensors.TVTensor:
            break  # a kind of its own is no plain tensor
        if parent in kernels:
            return kernels[parent]
    if "PIL" in kernels and _is_pil(inpt):
        return kernels["PIL"]
    if passes:
        return _unchanged
    shown = ", ".join(repr(_class_of(known)) for known in kernels)
    raise TypeError(
        f"Functional F.{function.__name__} supports inputs of type dict_keys([{shown}]), but got {kind} instead."
    )


def _is_pil(inpt) -> bool:
    from rushlight.vision._pillow import is_pil

    return is_pil(inpt)


def _class_of(kind):
    from rushlight.vision._pillow import pillow

    return pillow().Image if kind == "PIL" else kind


def _unchanged(inpt, *args, **kwargs):
    return inpt


def register_kernel(functional, tv_tensor_cls):
    """Decorate a function as the kernel of `functional` (or its name) for a TVTensor class of one's own."""
    if isinstance(functional, str):
        if functional not in _FUNCTIONALS:
            raise ValueError(
                f"Could not find functional with name '{functional}' in torchvision.transforms.v2.functional."
            )
        functional = _FUNCTIONALS[functional]
    elif not callable(functional) or functional not in _KERNELS:
        raise ValueError(
            "Kernels can only be registered on functionals from the torchvision.transforms.v2.functional namespace, "
            f"but got {functional}."
        )
    if not (isinstance(tv_tensor_cls, type) and issubclass(tv_tensor_cls, tv_tensors.TVTensor)):
        raise ValueError(
            "Kernels can only be registered for subclasses of torchvision.tv_tensors.TVTensor, "
            f"but got {tv_tensor_cls}."
        )
    if tv_tensor_cls in BUILTIN:
        raise ValueError(f"Kernels cannot be registered for the builtin tv_tensor classes, but got {tv_tensor_cls}")

    def register(kernel):
        if tv_tensor_cls in _KERNELS[functional]:
            raise ValueError(f"Functional {functional} already has a kernel registered for type {tv_tensor_cls}.")
        _KERNELS[functional][tv_tensor_cls] = kernel
        return kernel

    return register


def of_video(kernel):
    """The kernel of images under the name of the one of videos: frames are images side by side."""

    @functools.wraps(kernel)
    def call(video, *args, **kwargs):
        return kernel(video, *args, **kwargs)

    call.__name__ = call.__qualname__ = kernel.__name__.replace("_image", "_video")
    return call
