"""state_dict and load_state_dict: what is saved, what is checked, and the words of errors."""
from collections import OrderedDict

import numpy as np
import pytest

import rushlight as torch
from rushlight import nn

from .compare import assert_equal, outcome


def network(T=torch):
    return T.nn.Sequential(OrderedDict(conv=T.nn.Conv2d(1, 2, 3), norm=T.nn.BatchNorm2d(2), act=T.nn.ReLU()))


def test_a_state_dict_is_live_and_detached():
    net = network()
    state = net.state_dict()
    assert list(state) == ["conv.weight", "conv.bias", "norm.weight", "norm.bias", "norm.running_mean",
                           "norm.running_var", "norm.num_batches_tracked"]  # fmt: skip
    assert not state["conv.bias"].requires_grad and type(state["conv.bias"]) is torch.Tensor
    with torch.no_grad():
        net.conv.bias.fill_(3)
    assert state["conv.bias"].tolist() == [3, 3]
    assert net.state_dict(keep_vars=True)["conv.bias"] is net.conv.bias
    assert list(net.norm.state_dict(prefix="bn.")) == [
        "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var", "bn.num_batches_tracked"
    ]  # fmt: skip
    assert state._metadata["norm"] == {"version": 2} and state._metadata[""] == {"version": 1}
    target = {}
    assert net.state_dict(destination=target) is target


def test_loading_copies_values_into_the_same_parameters():
    source, target = network(), network()
    with torch.no_grad():
        source.conv.weight.fill_(5)
    weight = target.conv.weight
    result = target.load_state_dict(source.state_dict())
    assert str(result) == "<All keys matched successfully>"
    assert target.conv.weight is weight and (weight == 5).all() and weight.requires_grad
    with torch.no_grad():
        source.conv.weight.fill_(6)
    assert (weight == 5).all()


def test_assigning_takes_the_tensors_themselves():
    target = nn.Linear(2, 1).requires_grad_(False)
    weight, bias = torch.ones(1, 2, dtype=torch.float64), torch.zeros(1)
    target.load_state_dict({"weight": weight, "bias": bias}, assign=True)
    assert target.weight.dtype == torch.float64 and isinstance(target.weight, nn.Parameter)
    assert not target.weight.requires_grad
    weight += 1
    assert target.weight.tolist() == [[2, 2]]


def test_loading_part_of_a_network():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    result = net.load_state_dict({"0.weight": torch.ones(2, 2), "0.bias": torch.ones(2), "extra": torch.ones(1)}, strict=False)
    assert result.missing_keys == ["1.weight", "1.bias"] and result.unexpected_keys == ["extra"]
    assert net[0].bias.tolist() == [1, 1]
    pretrained = {k: v for k, v in network().state_dict().items() if k.startswith("conv.")}
    own = network().state_dict()
    own.update(pretrained)
    network().load_state_dict(own)


def test_extra_state():
    class Counter(nn.Module):
        def __init__(self):
            super().__init__()
            self.count = 0

        def get_extra_state(self):
            return {"count": self.count}

        def set_extra_state(self, state):
            self.count = state["count"]

    net, other = nn.Sequential(Counter()), nn.Sequential(Counter())
    net[0].count = 4
    assert net.state_dict() == OrderedDict([("0._extra_state", {"count": 4})])
    other.load_state_dict(net.state_dict())
    assert other[0].count == 4
    with pytest.raises(RuntimeError, match=r'Missing key\(s\) in state_dict: "0._extra_state"'):
        other.load_state_dict({})


def test_hooks_of_saving_and_loading():
    net = nn.Sequential(nn.Linear(1, 1))
    log = []
    net.register_state_dict_pre_hook(lambda module, prefix, keep_vars: log.append(("save", prefix)))
    net.register_state_dict_post_hook(lambda module, state, prefix, metadata: state.update(note=1))
    net[0].register_load_state_dict_pre_hook(
        lambda module, state, prefix, *rest: state.update({prefix + "weight": state.pop(prefix + "w")})
    )
    net.register_load_state_dict_post_hook(lambda module, keys: keys.unexpected_keys.remove("note"))
    state = net.state_dict()
    assert log == [("save", "")] and state["note"] == 1
    state["0.w"] = state.pop("0.weight") * 0 + 9
    net.load_state_dict(state)
    assert net[0].weight.item() == 9


def test_custom_loading_may_rename_keys():
    class Renamed(nn.Linear):
        _version = 3

        def _load_from_state_dict(self, state_dict, prefix, local_metadata, *args):
            if local_metadata.get("version", 1) < 3:
                state_dict[prefix + "weight"] = state_dict.pop(prefix + "kernel")
            super()._load_from_state_dict(state_dict, prefix, local_metadata, *args)

    net = nn.Sequential(Renamed(1, 1))
    net.load_state_dict({"0.kernel": torch.full((1, 1), 4.0), "0.bias": torch.zeros(1)})
    assert net[0].weight.item() == 4
    net.load_state_dict(net.state_dict())


def test_prefixes_of_data_parallel_are_stripped():
    state = nn.DataParallel(network()).state_dict()
    assert list(state)[0] == "module.conv.weight"
    nn.modules.utils.consume_prefix_in_state_dict_if_present(state, "module.")
    network().load_state_dict(state)
    assert list(state._metadata) == ["", "conv", "norm", "act"] or "conv" in state._metadata


def test_states_cross_to_pytorch_and_back(oracle):
    ours, theirs = network(), network(oracle)
    theirs.load_state_dict({k: oracle.from_numpy(v.numpy().copy()) for k, v in ours.state_dict().items()})
    assert_equal(ours.state_dict(), theirs.state_dict())
    back = network()
    back.load_state_dict({k: torch.from_numpy(v.numpy().copy()) for k, v in theirs.state_dict().items()})
    np.testing.assert_array_equal(back.conv.weight.detach().numpy(), ours.conv.weight.detach().numpy())


def load(state, **kwargs):
    def scenario(T):
        net = T.nn.Sequential(T.nn.Linear(2, 3))
        return net.load_state_dict(state(T), **kwargs)

    return scenario


SCENARIOS = {
    "not a dict": load(lambda T: 3),
    "all at once": load(lambda T: {"0.weight": T.ones(2, 2), "a": 3, "b.c": 2}),
    "size, not strict": load(lambda T: {"0.weight": T.ones(2, 2), "a": 3}, strict=False),
    "not strict": load(lambda T: {"0.weight": T.ones(3, 2), "a": 3}, strict=False),
    "fits": load(lambda T: {"0.weight": T.ones(3, 2), "0.bias": T.ones(3)}),
    "not a tensor": load(lambda T: {"0.weight": [1], "0.bias": T.ones(3)}),
    "below a tensor": load(lambda T: {"0.weight": T.ones(3, 2), "0.bias": T.ones(3), "0.weight.x": 2}),
    "double": load(lambda T: {"0.weight": T.ones(3, 2, dtype=T.float64), "0.bias": T.ones(3, dtype=T.int64)}),
    "one for none": lambda T: T.nn.BatchNorm1d(1).load_state_dict(
        {**T.nn.BatchNorm1d(1).state_dict(), "num_batches_tracked": T.tensor([3])}),
    "positional": lambda T: list(T.nn.Linear(1, 1).state_dict({}, "p.")),
    "post hook returns": lambda T: _post_hook_returns(T),
    "load hook returns": lambda T: _load_hook_returns(T),
    "unexpected extra state": load(lambda T: {"0.weight": T.ones(3, 2), "0.bias": T.ones(3), "0._extra_state": 2}),
}  # fmt: skip


def _post_hook_returns(T):
    net = T.nn.ReLU()
    net.register_state_dict_post_hook(lambda *args: {})
    net.state_dict()


def _load_hook_returns(T):
    net = T.nn.ReLU()
    net.register_load_state_dict_post_hook(lambda *args: 3)
    net.load_state_dict({})


@pytest.mark.parametrize("name", SCENARIOS)
def test_behaves_as_pytorch(name, oracle):
    assert outcome(SCENARIOS[name], torch) == outcome(SCENARIOS[name], oracle)
