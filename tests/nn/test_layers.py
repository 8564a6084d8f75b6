"""Every layer against PyTorch: printed form, initial values, forward, gradients, evaluation mode, signature."""
import inspect
import warnings

import numpy as np
import pytest

import rushlight as torch

from .compare import assert_close, assert_equal
from .layer_cases import CASES, arrays_of, name_of

IDS = [name_of(case) for case in CASES]


def build(library, case):
    name, args, kwargs, _ = case
    library.manual_seed(7)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(library.nn, name)(*args, **kwargs)


def run(library, module, case, seed=3):
    """(output, gradients of parameters and float inputs) in the module's mode."""
    tensors = []
    for array in arrays_of(case, np.random.default_rng(0)):
        tensor = library.from_numpy(array.copy())
        if tensor.is_floating_point():
            tensor.requires_grad_(True)
        tensors.append(tensor)
    # In-place layers may not overwrite leaves.
    inputs = [tensor * 1 if tensor.is_floating_point() else tensor for tensor in tensors]
    if case[0].endswith("Loss") and len(inputs) > 1:
        inputs[1] = inputs[1].detach()
    library.manual_seed(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        output = module(*inputs)
    flat = [t for t in flatten(output) if t.requires_grad]
    if not flat:
        return output, []
    loss = sum((t * t).sum() for t in flat)
    loss.backward()
    return output, [t.grad for t in [*tensors, *module.parameters()] if t.grad is not None]


def flatten(value):
    if isinstance(value, (tuple, list)):
        return [tensor for item in value for tensor in flatten(item)]
    return [] if value is None else [value]


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_printed_form_state_and_initial_values(case, oracle):
    ours, theirs = build(torch, case), build(oracle, case)
    assert repr(ours) == repr(theirs)
    if case[0].startswith("Lazy"):
        run(torch, ours, case), run(oracle, theirs, case)
        assert type(ours).__name__ == type(theirs).__name__
        assert repr(ours) == repr(theirs)
    assert [name for name, _ in ours.named_parameters()] == [name for name, _ in theirs.named_parameters()]
    state, expected = ours.state_dict(), theirs.state_dict()
    assert list(state) == list(expected)
    assert dict(state._metadata) == dict(expected._metadata)
    if case[0].startswith("Lazy"):
        assert_close(state, expected, rtol=1e-6, atol=1e-8)  # running statistics are sums, and agree to rounding
    else:
        assert_equal(state, expected)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_forward_and_gradients(case, oracle):
    ours, theirs = build(torch, case), build(oracle, case)
    output, grads = run(torch, ours, case)
    expected_output, expected_grads = run(oracle, theirs, case)
    assert_close(output, expected_output)
    # PyTorch's CrossMapLRN2d has a gradient by hand, which is not that of its forward.
    rtol = 1e-3 if case[0] == "CrossMapLRN2d" else 2e-4
    assert_close(grads, expected_grads, rtol=rtol, atol=2e-5)
    assert_close(ours.state_dict(), theirs.state_dict())


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_evaluation_mode(case, oracle):
    ours, theirs = build(torch, case), build(oracle, case)
    run(torch, ours, case), run(oracle, theirs, case)
    with torch.no_grad():
        output, _ = run(torch, ours.eval(), case)
    with oracle.no_grad():
        expected, _ = run(oracle, theirs.eval(), case)
    assert_close(output, expected)


def public_classes(module):
    return {name for name in dir(module) if isinstance(getattr(module, name), type) and name[0] != "_"}


def test_no_layer_of_pytorch_is_missing(oracle):
    absent = {"LinearCrossEntropyLoss", "LinearCrossEntropyOptions"}
    assert public_classes(oracle.nn) - public_classes(torch.nn) - absent == {"DataParallel"}
    assert torch.nn.DataParallel.__name__ == "DataParallel"


def parameters_of(function):
    return [(p.name, p.kind, None if callable(p.default) else p.default)
            for p in inspect.signature(function).parameters.values()]  # fmt: skip


def test_signatures_are_pytorchs(oracle):
    for name in sorted(public_classes(torch.nn)):
        ours, theirs = getattr(torch.nn, name), getattr(oracle.nn, name)
        if not issubclass(ours, torch.nn.Module):
            continue
        assert parameters_of(ours.__init__) == parameters_of(theirs.__init__), name
        if ours.forward is not torch.nn.Module.forward:
            assert parameters_of(ours.forward) == parameters_of(theirs.forward), name


def test_methods_of_module_are_pytorchs(oracle):
    for name in dir(oracle.nn.Module):
        theirs = getattr(oracle.nn.Module, name)
        assert hasattr(torch.nn.Module, name) or name == "__annotations__", name
        if inspect.isfunction(theirs) and not name.startswith("__"):
            assert parameters_of(getattr(torch.nn.Module, name)) == parameters_of(theirs), name


@pytest.mark.parametrize("family", (
    "activation adaptive batchnorm channelshuffle container conv distance dropout flatten fold instancenorm lazy linear "
    "loss module normalization padding pixelshuffle pooling rnn sparse transformer upsampling utils"
).split())  # fmt: skip
def test_module_paths_are_pytorchs(family, oracle):
    import importlib

    ours = importlib.import_module(f"rushlight.nn.modules.{family}")
    theirs = importlib.import_module(f"torch.nn.modules.{family}")
    names = [name for name, value in vars(theirs).items() if getattr(value, "__module__", "") == theirs.__name__]
    absent = {"LinearCrossEntropyLoss", "_LazyProtocol", "_ConvTransposeMixin", "_arg_requires_grad",
              "_check_arg_device", "_is_make_fx_tracing", "T", "_V"}  # fmt: skip
    assert [name for name in names if not hasattr(ours, name) and name not in absent] == []
