"""Hooks: forward, backward, state, global; their order and what they may change."""
import numpy as np
import pytest

import rushlight as torch
from rushlight import nn

from .compare import assert_close, outcome


def test_forward_hooks_see_and_replace():
    layer = nn.Linear(2, 2)
    log = []
    first = layer.register_forward_pre_hook(lambda module, args: (args[0] * 2,))
    layer.register_forward_pre_hook(lambda module, args: args[0] + 1, prepend=True)
    layer.register_forward_hook(lambda module, args, output: log.append((module, args[0].tolist())))
    layer.register_forward_hook(lambda module, args, output: output * 0)
    x = torch.ones(1, 2)
    assert layer(x).tolist() == [[0, 0]]
    assert log == [(layer, [[4.0, 4.0]])]
    first.remove()
    layer(x)
    assert log[1][1] == [[2.0, 2.0]]


def test_forward_hooks_with_keywords():
    class Scale(nn.Module):
        def forward(self, x, factor=1):
            return x * factor

    layer = Scale()
    layer.register_forward_pre_hook(lambda module, args, kwargs: (args, {"factor": kwargs["factor"] + 1}), with_kwargs=True)
    seen = []
    layer.register_forward_hook(lambda module, args, kwargs, output: seen.append((kwargs, output)), with_kwargs=True)
    assert layer(3, factor=2) == 9
    assert seen == [({"factor": 3}, 9)]
    layer.register_forward_pre_hook(lambda module, args, kwargs: 3, with_kwargs=True)
    with pytest.raises(RuntimeError, match=r"forward pre-hook must return None or a tuple of \(new_args, new_kwargs\)"):
        layer(3, factor=2)


def test_hooks_called_always():
    class Fails(nn.Module):
        def forward(self, x):
            raise ValueError("forward failed")

    layer = Fails()
    called = []
    layer.register_forward_hook(lambda *args: called.append("usual"))
    layer.register_forward_hook(lambda module, args, output: called.append(output), always_call=True)
    with pytest.raises(ValueError, match="forward failed"):
        layer(1)
    assert called == [None]

    def broken(module, args, output):
        raise KeyError("hook failed")

    layer.register_forward_hook(broken, always_call=True)
    with pytest.warns(UserWarning, match="module forward hook with ``always_call=True`` raised an exception"):
        with pytest.raises(ValueError, match="forward failed"):
            layer(1)


def test_global_hooks():
    log = []
    handles = [
        nn.modules.module.register_module_forward_pre_hook(lambda module, args: log.append(("before", type(module).__name__))),
        nn.modules.module.register_module_forward_hook(lambda module, args, out: log.append(("after", type(module).__name__))),
    ]
    net = nn.Sequential(nn.ReLU())
    net(torch.ones(1))
    for handle in handles:
        handle.remove()
    net(torch.ones(1))
    assert log == [("before", "Sequential"), ("before", "ReLU"), ("after", "ReLU"), ("after", "Sequential")]


def test_handles_are_context_managers():
    layer = nn.ReLU()
    with layer.register_forward_hook(lambda *args: 5):
        assert layer(torch.ones(1)) == 5
    assert layer(torch.ones(1)).tolist() == [1]


def backward_log(T, make_hook=None, requires_grad=True, pre=None):
    T.manual_seed(0)
    layer = T.nn.Linear(2, 3)
    log = []

    def hook(module, grad_input, grad_output):
        log.append([None if g is None else g.clone() for g in (*grad_input, *grad_output)])
        return make_hook(grad_input) if make_hook else None

    layer.register_full_backward_hook(hook)
    if pre:
        layer.register_full_backward_pre_hook(pre)
    x = T.ones(4, 2, requires_grad=requires_grad)
    (layer(x * 2 if requires_grad else x) ** 2).sum().backward()
    return log, x.grad, layer.weight.grad


@pytest.mark.parametrize("options", [
    {},
    {"make_hook": lambda grad_input: (grad_input[0] * 3,)},
    {"pre": lambda module, grad_output: (grad_output[0] * 2,)},
    {"pre": lambda module, grad_output: (grad_output[0] - 1,), "make_hook": lambda grad_input: (grad_input[0] + 1,)},
])  # fmt: skip
def test_full_backward_hooks_as_pytorch(options, oracle):
    assert_close(backward_log(torch, **options), backward_log(oracle, **options))


@pytest.mark.filterwarnings("ignore:Full backward hook is firing")
def test_full_backward_hook_without_gradient_to_inputs(oracle):
    ours, theirs = backward_log(torch, requires_grad=False), backward_log(oracle, requires_grad=False)
    assert ours[0][0][0] is None and theirs[0][0][0] is None
    assert_close(ours, theirs)


def test_full_backward_hook_of_several_inputs_and_outputs(oracle):
    def run(T):
        class Two(T.nn.Module):
            def forward(self, a, b, flag):
                return a * b, a + b

        layer = Two()
        log = []
        layer.register_full_backward_hook(lambda module, gi, go: log.append([*gi, *go]))
        a, b = T.tensor([1.0, 2.0], requires_grad=True), T.tensor([3.0, 4.0], requires_grad=True)
        product, _ = layer(a, b, True)
        product.sum().backward()
        return log, a.grad, b.grad

    ours, theirs = run(torch), run(oracle)
    assert [g is None for g in ours[0][0]] == [g is None for g in theirs[0][0]]
    assert_close(ours, theirs)


@pytest.mark.filterwarnings("ignore:Full backward hook is firing")
def test_gradients_by_layer_as_people_collect_them():
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    norms = {}
    for name, module in net.named_children():

        def collect(module, grad_input, grad_output, name=name):
            norms[name] = grad_output[0].norm().item()

        module.register_full_backward_hook(collect)
    net(torch.randn(4, 2)).sum().backward()
    assert list(norms) == ["2", "1", "0"]
    assert norms["2"] == pytest.approx(2.0)


def _both_kinds(T):
    layer = T.nn.Linear(1, 1)
    layer.register_full_backward_hook(lambda *args: None)
    layer.register_backward_hook(lambda *args: None)


def _too_many(T):
    layer = T.nn.Linear(1, 1)
    layer.register_full_backward_hook(lambda module, grad_input, grad_output: (None, None))
    layer(T.ones(1, requires_grad=True)).backward()


def _dict_output(T):
    class Named(T.nn.Module):
        def forward(self, x):
            return {"y": x * 2}

    layer = Named()
    layer.register_full_backward_hook(lambda *args: None)
    return list(layer(T.ones(1, requires_grad=True)))


def _old_hook(T):
    layer = T.nn.Tanh()
    log = []
    layer.register_backward_hook(lambda module, grad_input, grad_output: log.append(grad_output[0].tolist()))
    layer(T.ones(1, requires_grad=True)).backward()
    return log


SCENARIOS = {"both kinds": _both_kinds, "too many": _too_many, "dict output": _dict_output, "old hook": _old_hook}


@pytest.mark.parametrize("name", SCENARIOS)
def test_behaves_as_pytorch(name, oracle):
    assert outcome(SCENARIOS[name], torch) == outcome(SCENARIOS[name], oracle)


def test_hooked_modules_can_be_copied():
    import copy

    layer = nn.Linear(1, 1)
    layer.register_forward_hook(lambda module, args, output: output * 0 + 7)
    assert copy.deepcopy(layer)(torch.ones(1)).item() == 7
    assert np.asarray(nn.Linear(1, 1)(torch.ones(1)).detach()).shape == (1,)
