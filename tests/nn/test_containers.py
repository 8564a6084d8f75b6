"""Sequential, ModuleList, ModuleDict, ParameterList, ParameterDict: every way to build, index and change them."""
from collections import OrderedDict

import pytest

import rushlight as torch
from rushlight import nn

from .compare import outcome


def S(T):
    return T.nn.Sequential(T.nn.ReLU(), T.nn.GELU(), T.nn.Tanh())


def named(T):
    return T.nn.Sequential(OrderedDict(a=T.nn.ReLU(), b=T.nn.GELU()))


def L(T):
    return T.nn.ModuleList([T.nn.ReLU(), T.nn.GELU(), T.nn.Tanh()])


def D(T):
    return T.nn.ModuleDict({"a": T.nn.ReLU(), "b": T.nn.Tanh()})


def PL(T):
    return T.nn.ParameterList([T.nn.Parameter(T.ones(2, 3)), T.zeros(2), 3, "text"])


def PD(T):
    return T.nn.ParameterDict({"b": T.ones(2, 3), "a": 3, "c": T.nn.Parameter(T.zeros(()))})


def after(make, change):
    """The container after a change, and what the change returned."""

    def scenario(T):
        container = make(T)
        result = change(container, T)
        return result, container, list(container._modules), list(container._parameters)

    return scenario


def deleted(key):
    def change(container, T):
        del container[key]

    return change


def stored(key, make):
    def change(container, T):
        container[key] = make(T)

    return change


def relu(T):
    return T.nn.ReLU()


SCENARIOS = {
    "seq empty": lambda T: T.nn.Sequential()(3), "seq item": lambda T: S(T)[1], "seq last": lambda T: S(T)[-1],
    "seq beyond": lambda T: S(T)[5], "seq before": lambda T: S(T)[-4], "seq slice": lambda T: S(T)[1:],
    "seq named slice": lambda T: named(T)[:1], "seq key": lambda T: S(T)["a"], "seq name": lambda T: named(T).b,
    "seq add": lambda T: S(T) + named(T), "seq add int": lambda T: S(T) + 3, "seq times": lambda T: S(T) * 2,
    "seq rtimes": lambda T: 2 * named(T), "seq times float": lambda T: S(T) * 2.0, "seq times 0": lambda T: S(T) * 0,
    "seq of list": lambda T: T.nn.Sequential([T.nn.ReLU()]), "seq of dict": lambda T: T.nn.Sequential({"a": T.nn.ReLU()}),
    "seq call": lambda T: S(T)(T.ones(1), 2), "seq len": lambda T: (len(S(T)), [type(m).__name__ for m in S(T)]),
    "seq append": after(S, lambda c, T: c.append(T.nn.ELU())), "seq append int": after(S, lambda c, T: c.append(3)),
    "seq extend": after(S, lambda c, T: c.extend([T.nn.ELU()])), "seq extend int": after(S, lambda c, T: c.extend(3)),
    "seq insert": after(S, lambda c, T: c.insert(1, T.nn.ELU())), "seq insert last": after(S, lambda c, T: c.insert(-1, T.nn.ELU())),
    "seq insert beyond": after(S, lambda c, T: c.insert(9, T.nn.ELU())), "seq insert int": lambda T: S(T).insert(0, T.nn.ReLU) and 0,
    "seq pop": after(S, lambda c, T: c.pop(1)), "seq pop slice": after(S, lambda c, T: c.pop(slice(0, 2))),
    "seq pop beyond": after(S, lambda c, T: c.pop(7)), "seq del": after(S, deleted(0)), "seq del slice": after(S, deleted(slice(0, 2))),
    "seq del named": after(named, deleted(0)), "seq set": after(S, stored(-1, relu)), "seq append named": after(named, lambda c, T: c.append(T.nn.ELU())),
    "seq iadd": after(S, lambda c, T: c.__iadd__(S(T))), "seq imul": after(S, lambda c, T: c.__imul__(2)),
    "seq iadd int": lambda T: S(T).__iadd__(3), "seq imul str": lambda T: S(T).__imul__("a"),
    "list": L, "list runs": lambda T: T.nn.ModuleList([T.nn.Linear(1, 1) for _ in range(3)] + [T.nn.ReLU()]),
    "list item": lambda T: L(T)[-1], "list slice": lambda T: L(T)[::-1], "list beyond": lambda T: L(T)[3],
    "list of int": lambda T: T.nn.ModuleList([3]), "list int": lambda T: T.nn.ModuleList(3), "list call": lambda T: L(T)(3),
    "list add": lambda T: L(T) + [T.nn.ELU()], "list extend": after(L, lambda c, T: c.extend([T.nn.ELU()])),
    "list extend module": after(L, lambda c, T: c.extend(T.nn.ReLU())), "list append": after(L, lambda c, T: c.append(T.nn.ELU())),
    "list insert": after(L, lambda c, T: c.insert(0, T.nn.ELU())), "list pop": after(L, lambda c, T: c.pop(0)),
    "list pop slice": after(L, lambda c, T: c.pop(slice(0, 2))), "list del": after(L, deleted(1)),
    "list del slice": after(L, deleted(slice(0, 2))), "list set": after(L, stored(0, relu)), "list iadd": after(L, lambda c, T: c.__iadd__(S(T))),
    "dict": D, "dict item": lambda T: D(T)["b"], "dict missing": lambda T: D(T)["c"], "dict pairs": lambda T: T.nn.ModuleDict([["x", T.nn.ReLU()]]),
    "dict int": lambda T: T.nn.ModuleDict(3), "dict of int": lambda T: T.nn.ModuleDict([3]), "dict of one": lambda T: T.nn.ModuleDict([("a",)]),
    "dict bad value": lambda T: T.nn.ModuleDict({"a": 3}), "dict bad key": lambda T: T.nn.ModuleDict({"keys": T.nn.ReLU()}),
    "dict pop": after(D, lambda c, T: c.pop("a")), "dict clear": after(D, lambda c, T: c.clear()), "dict del": after(D, deleted("a")),
    "dict views": lambda T: (list(D(T).keys()), list(D(T).values()), list(D(T).items()), "a" in D(T), list(D(T))),
    "dict update": after(D, lambda c, T: c.update(D(T))), "dict set": after(D, stored("z", relu)),
    "parameters": PL, "parameters state": lambda T: list(PL(T).state_dict()), "parameters item": lambda T: PL(T)[2],
    "parameters beyond": lambda T: PL(T)[9], "parameters slice": lambda T: PL(T)[1:], "parameters int": lambda T: T.nn.ParameterList(3),
    "parameters append": after(PL, lambda c, T: c.append(T.ones(1))), "parameters set": after(PL, stored(0, lambda T: "x")),
    "parameters extend int": after(PL, lambda c, T: c.extend(3)), "parameters call": lambda T: PL(T)(3),
    "parameters extend": after(PL, lambda c, T: c.extend(PL(T))), "parameters iadd": after(PL, lambda c, T: c.__iadd__([1])),
    "named parameters": PD, "named state": lambda T: list(PD(T).state_dict()), "named keys": lambda T: list(PD(T)),
    "named ordered": lambda T: list(T.nn.ParameterDict(OrderedDict(b=1, a=2))), "named missing": lambda T: PD(T)["z"],
    "named int key": lambda T: PD(T)[3], "named pop": after(PD, lambda c, T: c.pop("a")), "named popitem": after(PD, lambda c, T: c.popitem()[0]),
    "named empty popitem": lambda T: T.nn.ParameterDict().popitem(), "named setdefault": after(PD, lambda c, T: c.setdefault("z", 5)),
    "named or": lambda T: PD(T) | T.nn.ParameterDict({"z": 1}), "named ior": after(PD, lambda c, T: c.__ior__({"z": 1})),
    "named fromkeys": lambda T: PD(T).fromkeys(["q", "r"], T.ones(1)), "named copy": lambda T: PD(T).copy(), "named get": lambda T: PD(T).get("q", 4),
    "named clear": after(PD, lambda c, T: c.clear()), "named reversed": lambda T: list(reversed(PD(T))), "named items": lambda T: [k for k, _ in PD(T).items()],
    "named int": lambda T: T.nn.ParameterDict(3), "named pairs": lambda T: T.nn.ParameterDict([("a", 1)]), "named bad pairs": lambda T: T.nn.ParameterDict([3]),
    "named call": lambda T: PD(T)(3), "named del": after(PD, deleted("b")), "container": lambda T: T.nn.Container(a=T.nn.ReLU()),
}  # fmt: skip
# PyTorch's message holds the class, whose name differs.
NAMES_ITS_CLASS = {"seq insert int"}


@pytest.mark.parametrize("name", sorted(SCENARIOS.keys() - NAMES_ITS_CLASS))
def test_behaves_as_pytorch(name, oracle):
    assert outcome(SCENARIOS[name], torch) == outcome(SCENARIOS[name], oracle)


def test_sequential_inserts_only_modules():
    with pytest.raises(AssertionError, match="module should be of type"):
        SCENARIOS["seq insert int"](torch)


def test_lists_and_dicts_register_what_they_hold():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(2, 2) for _ in range(3)])
            self.heads = nn.ModuleDict({"a": nn.Linear(2, 1), "b": nn.Linear(2, 3)})
            self.scales = nn.ParameterList([torch.ones(2)])

        def forward(self, x, head):
            for layer in self.layers:
                x = layer(x).relu()
            return self.heads[head](x * self.scales[0])

    net = Net()
    assert len(list(net.parameters())) == 11
    assert net(torch.ones(4, 2), "b").shape == (4, 3)
