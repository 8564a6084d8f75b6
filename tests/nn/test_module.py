"""Module as users meet it: registration, walking, conversion, copying, calling."""
import copy
import pickle
import traceback

import numpy as np
import pytest

import rushlight as torch
from rushlight import nn

from .compare import outcome


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 3, 3)
        self.norm = nn.BatchNorm2d(3)

    def forward(self, x):
        return self.norm(self.conv(x))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(Block(), nn.ReLU())
        self.head = nn.Linear(3, 2)
        self.scale = nn.Parameter(torch.ones(1))
        self.register_buffer("steps", torch.zeros(()))
        self.register_buffer("scratch", torch.zeros(2), persistent=False)

    def forward(self, x):
        return self.head(self.features(x).mean((2, 3))) * self.scale


NAMES = ["scale", "features.0.conv.weight", "features.0.conv.bias", "features.0.norm.weight", "features.0.norm.bias",
         "head.weight", "head.bias"]  # fmt: skip


def test_walking_the_tree():
    net = Net()
    assert [name for name, _ in net.named_parameters()] == NAMES
    assert [name for name, _ in net.named_parameters(prefix="net", recurse=False)] == ["net.scale"]
    assert [name for name, _ in net.named_modules()] == [
        "", "features", "features.0", "features.0.conv", "features.0.norm", "features.1", "head"
    ]  # fmt: skip
    assert [name for name, _ in net.named_children()] == ["features", "head"]
    assert [name for name, _ in net.named_buffers()][:2] == ["steps", "scratch"]
    assert len(list(net.parameters())) == len(NAMES)
    assert sum(p.numel() for p in net.parameters()) == 1 + 54 + 3 + 3 + 3 + 6 + 2
    assert net.get_submodule("features.0.norm") is net.features[0].norm
    assert net.get_parameter("head.bias") is net.head.bias
    assert net.get_buffer("features.0.norm.running_mean") is net.features[0].norm.running_mean
    net.set_submodule("features.1", nn.Tanh())
    assert isinstance(net.features[1], nn.Tanh)


def test_shared_parts_come_once_unless_asked():
    layer = nn.Linear(2, 2)
    net = nn.Sequential(layer, layer)
    assert len(list(net.parameters())) == 2
    assert [name for name, _ in net.named_parameters(remove_duplicate=False)] == [
        "0.weight", "0.bias", "1.weight", "1.bias"
    ]  # fmt: skip
    assert len(list(net.modules())) == 2
    assert len(list(net.modules(remove_duplicate=False))) == 3
    assert len(list(net.children())) == 1


def test_attributes_register_and_move_between_registries():
    module = nn.Module()
    module.x = torch.ones(2)
    assert "x" in module.__dict__ and not list(module.buffers())
    module.x = nn.Parameter(torch.ones(2))
    assert "x" not in module.__dict__ and len(list(module.parameters())) == 1
    module.x = None
    assert module.x is None and not list(module.parameters())
    del module.x
    module.x = nn.Buffer(torch.ones(2), persistent=False)
    assert list(dict(module.named_buffers())) == ["x"] and not module.state_dict()
    module.x = torch.zeros(2)  # stays a buffer, and stays out of the state
    assert list(dict(module.named_buffers())) == ["x"] and not module.state_dict()
    module.y = nn.ReLU()
    module.y = None
    assert module.y is None and not list(module.children())
    with pytest.raises(AttributeError, match="'Module' object has no attribute 'z'"):
        module.z


def test_modes_and_gradient_switches():
    net = Net()
    assert net.training
    assert net.eval() is net
    assert not any(module.training for module in net.modules())
    net.features.train()
    assert net.features[0].norm.training and not net.head.training
    net.requires_grad_(False)
    assert not any(p.requires_grad for p in net.parameters())
    net.head.requires_grad_()
    net.train()(torch.randn(2, 2, 5, 5)).sum().backward()
    assert net.head.weight.grad is not None and net.scale.grad is None
    grad = net.head.weight.grad
    net.zero_grad(set_to_none=False)
    assert net.head.weight.grad is grad and not grad.any()
    net.zero_grad()
    assert net.head.weight.grad is None


def test_conversion_keeps_the_parameter_objects():
    net = Net()
    parameters = list(net.parameters())
    net(torch.randn(2, 2, 5, 5)).sum().backward()
    assert net.double() is net
    assert all(a is b for a, b in zip(parameters, net.parameters()))
    assert net.head.weight.dtype == torch.float64 and net.head.weight.grad.dtype == torch.float64
    assert net.features[0].norm.num_batches_tracked.dtype == torch.int64
    net.to(torch.float32)
    assert net(torch.randn(2, 2, 5, 5)).dtype == torch.float32
    net.to("cpu", torch.float64).to(torch.zeros(1))
    assert net.head.weight.dtype == torch.float32
    assert nn.Linear(2, 2).half().weight.dtype == torch.float16
    assert nn.Linear(2, 2).bfloat16().weight.dtype == torch.bfloat16
    assert nn.Linear(2, 2, dtype=torch.float64).float().weight.dtype == torch.float32


def test_apply_reaches_children_first():
    order = []
    Net().apply(lambda module: order.append(type(module).__name__))
    assert order == ["Conv2d", "BatchNorm2d", "Block", "ReLU", "Sequential", "Linear", "Net"]


def test_copies_are_independent():
    net = Net()
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert repr(twin) == repr(net)
        assert list(twin.state_dict()) == list(net.state_dict())
        x = torch.randn(2, 2, 5, 5)
        np.testing.assert_allclose(twin(x).detach().numpy(), net(x).detach().numpy(), rtol=1e-6)
        with torch.no_grad():
            twin.head.weight.zero_()
        assert net.head.weight.any()
        assert all(isinstance(p, nn.Parameter) and p.requires_grad for p in twin.parameters())
    shallow = copy.copy(net)
    assert shallow.head is net.head


def test_parameters():
    p = nn.Parameter(torch.ones(2))
    assert isinstance(p, torch.Tensor) and isinstance(p, nn.Parameter) and p.is_leaf and p.requires_grad
    assert repr(p) == "Parameter containing:\ntensor([1., 1.], requires_grad=True)"
    assert type(p * 2) is torch.Tensor and type(p.detach()) is torch.Tensor and type(p.data) is torch.Tensor
    data = torch.zeros(2)
    shared = nn.Parameter(data, requires_grad=False)
    data += 1
    assert shared.tolist() == [1, 1] and not shared.requires_grad
    twin = copy.deepcopy(p)
    assert type(twin) is nn.Parameter and twin is not p and twin.tolist() == [1, 1]
    again = pickle.loads(pickle.dumps(shared))
    assert type(again) is nn.Parameter and not again.requires_grad
    with pytest.raises(RuntimeError, match="Only Tensors of floating point"):
        nn.Parameter(torch.tensor([1]))
    memo = {}
    assert copy.deepcopy([p, p], memo)[0] is copy.deepcopy(p, memo)


def test_uninitialized_parameters():
    p = nn.UninitializedParameter()
    assert repr(p) == "<UninitializedParameter>"
    assert isinstance(p, nn.Parameter)
    with pytest.raises(RuntimeError, match="Can't access the shape of an uninitialized"):
        p.shape
    for use in (lambda: p + 1, lambda: p.numel(), lambda: p.sum(), lambda: p[0]):
        with pytest.raises(ValueError, match="Attempted to use an uninitialized parameter"):
            use()
    p.materialize((2, 3))
    assert type(p) is nn.Parameter and p.shape == (2, 3) and p.requires_grad
    lazy = nn.LazyLinear(3)
    twin = copy.deepcopy(lazy)
    assert twin(torch.ones(1, 2)).shape == (1, 3) and isinstance(lazy, nn.LazyLinear)


def test_lazy_modules_in_a_network():
    net = nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.ReLU(), nn.Flatten(), nn.LazyLinear(2))
    net(torch.randn(2, 3, 6, 6))
    assert [type(module).__name__ for module in net] == ["Conv2d", "BatchNorm2d", "ReLU", "Flatten", "Linear"]
    assert (net[0].in_channels, net[1].num_features, net[4].in_features) == (3, 4, 64)
    fresh = nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.ReLU(), nn.Flatten(), nn.LazyLinear(2))
    fresh.load_state_dict(net.state_dict())
    x = torch.randn(2, 3, 6, 6)
    np.testing.assert_allclose(fresh.eval()(x).detach().numpy(), net.eval()(x).detach().numpy(), rtol=1e-6)


def test_printed_forms():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Sequential(nn.Linear(1, 2), nn.ReLU())

        def extra_repr(self):
            return "first line\nsecond line"

    assert repr(Two()) == (
        "Two(\n  first line\n  second line\n  (a): Sequential(\n    (0): Linear(in_features=1, out_features=2, "
        "bias=True)\n    (1): ReLU()\n  )\n)"
    )
    assert repr(nn.Module()) == "Module()"


def test_an_error_names_the_module_once():
    net = Net()
    with pytest.raises(Exception) as caught:
        net(torch.randn(2, 5, 5, 5))
    assert caught.value.__notes__ == ["in module: Net.features.0.conv (Conv2d)"]
    assert "in module: Net.features.0.conv (Conv2d)" in "".join(traceback.format_exception(caught.value))
    assert net(torch.randn(2, 2, 5, 5)).shape == (2, 2)  # the stack was emptied


def test_an_error_caught_inside_forward_leaves_no_trace():
    class Careful(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Linear(3, 1)

        def forward(self, x):
            try:
                return self.inner(x)
            except RuntimeError:
                return self.inner(x[..., :3])

    assert Careful()(torch.ones(2, 4)).shape == (2, 1)
    from rushlight.nn.modules import module

    assert module._call_stack == []


def test_the_outermost_call_without_gradient_is_a_boundary(monkeypatch):
    from rushlight.nn.modules import module

    calls = []
    module._connect_engine()
    monkeypatch.setattr(module, "_boundary", lambda: calls.append(len(module._call_stack)))
    net = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.ReLU()))
    net(torch.ones(1, 2))
    assert calls == []
    with torch.no_grad():
        net(torch.ones(1, 2))
    assert calls == [0]


def test_call_takes_what_forward_takes():
    class Adder(nn.Module):
        def forward(self, a, *others, scale=1, **rest):
            return (a + sum(others)) * scale, rest

    assert Adder()(1, 2, 3, scale=2, extra=5) == (12, {"extra": 5})
    net = nn.Linear(2, 2)
    net.forward = lambda x: "mine"
    assert net(None) == "mine"
    assert nn.Linear(2, 2).compile() is None


def test_call_super_init():
    class Base:
        def __init__(self, value=0):
            self.value = value

    class Cooperative(nn.Module, Base):
        call_super_init = True

        def __init__(self):
            super().__init__(value=3)

    assert Cooperative().value == 3


def test_registration_hooks():
    seen = []
    register = nn.modules.module
    handles = [
        register.register_module_parameter_registration_hook(lambda m, n, p: seen.append(("parameter", n))),
        register.register_module_buffer_registration_hook(lambda m, n, b: seen.append(("buffer", n))),
        register.register_module_module_registration_hook(lambda m, n, c: seen.append(("module", n))),
    ]
    try:
        nn.Sequential(nn.BatchNorm1d(2, affine=True))
    finally:
        for handle in handles:
            handle.remove()
    assert ("parameter", "weight") in seen and ("buffer", "running_var") in seen and ("module", "0") in seen


def test_data_parallel_without_a_gpu_calls_its_module():
    net = nn.DataParallel(nn.Linear(2, 3))
    assert list(net.state_dict()) == ["module.weight", "module.bias"]
    assert net(torch.ones(4, 2)).shape == (4, 3)
    assert nn.parallel.data_parallel(net.module, torch.ones(4, 2)).shape == (4, 3)


def _uninitialised(T):
    class Forgot(T.nn.Module):
        def __init__(self):
            pass

    return Forgot()


def _set(target, name, value):
    setattr(target, name, value)
    return target


SCENARIOS = {
    "module before init": lambda T: _set(_uninitialised(T), "a", T.nn.Linear(1, 1)),
    "parameter before init": lambda T: _set(_uninitialised(T), "a", T.nn.Parameter(T.ones(1))),
    "buffer before init": lambda T: _uninitialised(T).register_buffer("a", T.ones(1)),
    "call before init": lambda T: _uninitialised(T)(1),
    "repr before init": lambda T: repr(_uninitialised(T)),
    "init takes nothing": lambda T: T.nn.Module(3),
    "init takes no keyword": lambda T: T.nn.Sigmoid(a=3),
    "no forward": lambda T: T.nn.Module()(1),
    "no attribute": lambda T: T.nn.Linear(1, 1).foo,
    "delete nothing": lambda T: delattr(T.nn.Linear(1, 1), "foo"),
    "tensor as parameter": lambda T: _set(T.nn.Linear(1, 1), "weight", T.ones(1)),
    "str as parameter": lambda T: _set(T.nn.Linear(1, 1), "weight", "w"),
    "int as module": lambda T: _set(T.nn.Sequential(T.nn.ReLU()), "0", 3),
    "tensor as module": lambda T: _set(T.nn.Sequential(T.nn.ReLU()), "0", T.ones(1)),
    "int as buffer": lambda T: _set(T.nn.BatchNorm1d(1), "running_mean", 3),
    "buffer name": lambda T: T.nn.ReLU().register_buffer("a.b", None),
    "buffer no name": lambda T: T.nn.ReLU().register_buffer("", None),
    "buffer name type": lambda T: T.nn.ReLU().register_buffer(3, None),
    "buffer exists": lambda T: T.nn.Linear(1, 1).register_buffer("weight", None),
    "buffer type": lambda T: T.nn.ReLU().register_buffer("a", 3),
    "parameter name": lambda T: T.nn.ReLU().register_parameter("a.b", None),
    "parameter no name": lambda T: T.nn.ReLU().register_parameter("", None),
    "parameter name type": lambda T: T.nn.ReLU().register_parameter(3, None),
    "parameter exists": lambda T: T.nn.ReLU().register_parameter("forward", None),
    "parameter type": lambda T: T.nn.ReLU().register_parameter("a", T.ones(1)),
    "module name": lambda T: T.nn.ReLU().add_module("a.b", None),
    "module no name": lambda T: T.nn.ReLU().add_module("", None),
    "module name type": lambda T: T.nn.ReLU().add_module(3, None),
    "module exists": lambda T: T.nn.Linear(1, 1).add_module("weight", T.nn.ReLU()),
    "module type": lambda T: T.nn.ReLU().add_module("a", 3),
    "no submodule": lambda T: T.nn.Sequential(T.nn.ReLU()).get_submodule("0.a"),
    "not a submodule": lambda T: T.nn.Sequential(T.nn.Linear(1, 1)).get_submodule("0.weight"),
    "no parameter": lambda T: T.nn.Sequential(T.nn.Linear(1, 1)).get_parameter("0.foo"),
    "not a parameter": lambda T: T.nn.Sequential(T.nn.Linear(1, 1)).get_parameter("0"),
    "not a buffer": lambda T: T.nn.Linear(1, 1).get_buffer("weight"),
    "set no name": lambda T: T.nn.Sequential().set_submodule("", T.nn.ReLU()),
    "set strictly": lambda T: T.nn.Sequential().set_submodule("5", T.nn.ReLU(), strict=True),
    "set no module": lambda T: T.nn.Sequential().set_submodule("5", 3),
    "set over parameter": lambda T: T.nn.Linear(1, 1).set_submodule("weight", T.nn.ReLU()),
    "train what": lambda T: T.nn.ReLU().train(3),
    "to integer": lambda T: T.nn.Linear(1, 1).to(T.int32),
    "uninitialized shape": lambda T: T.nn.UninitializedParameter().shape,
    "uninitialized shared": lambda T: T.nn.LazyLinear(3).share_memory(),
    "uninitialized state": lambda T: T.nn.LazyLinear(3).state_dict(),
    "uninitialized into initialized": lambda T: T.nn.Linear(2, 3).load_state_dict(T.nn.LazyLinear(3).state_dict()),
    "parameter of int": lambda T: T.nn.Parameter(3),
    "no parameter data": lambda T: T.nn.Parameter(),
    "buffer": lambda T: T.nn.Buffer(T.ones(2)).persistent,
    "dir": lambda T: [name for name in dir(T.nn.Sequential(T.nn.Linear(1, 1))) if name[0] != "_"],
    "extra state": lambda T: T.nn.ReLU().get_extra_state(),
    "factory": lambda T: T.nn.factory_kwargs({"device": "cpu", "factory_kwargs": {"dtype": None}}),
    "factory twice": lambda T: T.nn.factory_kwargs({"device": "cpu", "factory_kwargs": {"device": None}}),
    "linear shapes": lambda T: T.nn.Linear(3, 2)(T.ones(2, 2)),
    "negative linear": lambda T: T.nn.Linear(-3, 2),
    "zero linear": lambda T: T.nn.Linear(0, 2),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_behaves_as_pytorch(name, oracle):
    assert outcome(SCENARIOS[name], torch) == outcome(SCENARIOS[name], oracle)
