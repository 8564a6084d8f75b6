"""`Optimizer` itself: groups, errors, hooks, state as programs see it, checkpoints, printed form."""

import copy
import pickle
import warnings
from collections import defaultdict

import pytest
import rushlight as torch
from rushlight.optim.optimizer import (
    Optimizer,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
    required,
)

ALGORITHMS = [
    "SGD",
    "Adam",
    "AdamW",
    "Adagrad",
    "RMSprop",
    "Adadelta",
    "Adamax",
    "NAdam",
    "RAdam",
    "ASGD",
    "Rprop",
    "LBFGS",
    "SparseAdam",
    "Adafactor",
    "Muon",
]


def parameter(library=torch, shape=(2, 3), fill=0.0):
    return library.full(shape, fill).requires_grad_()


def outcome(function):
    """What a call gives: its text, or the type and text of its error, and its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = repr(function())
        except Exception as error:
            result = (type(error).__name__, str(error))
    return result, [(warning.category.__name__, str(warning.message)) for warning in caught]


# -- construction ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ALGORITHMS)
def test_defaults_and_printed_form(kind, oracle):
    ours = getattr(torch.optim, kind)([parameter()])
    theirs = getattr(oracle.optim, kind)([parameter(oracle)])
    assert ours.defaults == theirs.defaults
    assert list(ours.defaults) == list(theirs.defaults)
    assert repr(ours) == repr(theirs)
    assert ours.state_dict()["param_groups"] == theirs.state_dict()["param_groups"]


@pytest.mark.parametrize("kind", ALGORITHMS)
def test_signatures(kind, oracle):
    from inspect import signature

    def shape(library):
        parameters = signature(getattr(library.optim, kind).__init__).parameters.values()
        return [(p.name, p.default, p.kind) for p in parameters]

    assert shape(torch) == shape(oracle)


def test_printed_form_of_groups():
    groups = [{"params": [parameter()], "lr": 0.5}, {"params": [parameter()], "note": "two"}]
    expected = """SGD (
Parameter Group 0
    dampening: 0
    differentiable: False
    foreach: None
    fused: None
    lr: 0.5
    maximize: False
    momentum: 0
    nesterov: False
    weight_decay: 0

Parameter Group 1
    dampening: 0
    differentiable: False
    foreach: None
    fused: None
    lr: 0.1
    maximize: False
    momentum: 0
    nesterov: False
    note: two
    weight_decay: 0
)"""
    assert repr(torch.optim.SGD(groups, lr=0.1)) == expected


BAD_OPTIONS = [
    dict(lr=-1),
    dict(momentum=-1),
    dict(weight_decay=-1),
    dict(nesterov=True),
    dict(nesterov=True, momentum=0.1, dampening=0.1),
    dict(betas=(1.0, 0.9)),
    dict(betas=(0.9, 1.0)),
    dict(betas=(0.9, -1.0)),
    dict(eps=-1),
    dict(eps=(None, -1)),
    dict(eps=(-1, 1)),
    dict(rho=2),
    dict(alpha=-1),
    dict(lr_decay=-1),
    dict(initial_accumulator_value=-1),
    dict(momentum_decay=-1),
    dict(etas=(2, 3)),
    dict(etas=(0.5, 0.6)),
    dict(foreach=True, fused=True),
    dict(fused=True, differentiable=True),
    dict(d=0.5),
    dict(beta2_decay=0.1),
    dict(adjust_lr_fn="x"),
]


@pytest.mark.parametrize("kind", ALGORITHMS)
def test_bad_options_are_refused_in_pytorchs_words(kind, oracle):
    from inspect import signature

    known = signature(getattr(torch.optim, kind).__init__).parameters
    refused = 0
    for options in BAD_OPTIONS:
        if not set(options) <= set(known) or (kind == "Muon" and "eps" in options):
            continue
        ours = outcome(lambda options=options: getattr(torch.optim, kind)([parameter()], **options))
        theirs = outcome(lambda options=options: getattr(oracle.optim, kind)([parameter(oracle)], **options))
        assert ours == theirs, options
        refused += isinstance(ours[0], tuple)
    assert refused > 0


def test_texts_of_bad_options():
    param = [parameter()]
    with pytest.raises(ValueError, match="^Invalid learning rate: -0.1$"):
        torch.optim.SGD(param, lr=-0.1)
    with pytest.raises(ValueError, match="^Invalid beta parameter at index 1: 1.5$"):
        torch.optim.Adam(param, betas=(0.9, 1.5))
    with pytest.raises(ValueError, match="^Nesterov momentum requires a momentum and zero dampening$"):
        torch.optim.SGD(param, nesterov=True)
    with pytest.raises(ValueError, match="^Tensor lr must be 1-element$"):
        torch.optim.Adam(param, lr=torch.tensor([0.1, 0.2]))
    with pytest.raises(ValueError, match="^lr as a Tensor is not supported for capturable=False and foreach=True$"):
        torch.optim.Adam(param, lr=torch.tensor(0.1), foreach=True)


BAD_PARAMS = {
    "nothing": lambda t: [],
    "a tensor": lambda t: parameter(t),
    "a number": lambda t: 3,
    "numbers": lambda t: [3],
    "strings": lambda t: {"a": parameter(t)},
    "None": lambda t: [parameter(t), None],
    "a set in a group": lambda t: [{"params": {parameter(t)}}],
    "a group and a number": lambda t: [{"params": [parameter(t)]}, 3],
    "a group without params": lambda t: [{"param": [parameter(t)]}],
    "an empty group": lambda t: [{"params": []}],
    "a result": lambda t: [parameter(t) * 2],
    "twice": lambda t: [parameter(t)] * 2,
    "twice in groups": lambda t: [{"params": [p]} for p in [parameter(t)] * 2],
    "some names": lambda t: [("a", parameter(t)), parameter(t)],
    "names in one group": lambda t: [{"params": [("a", parameter(t))]}, {"params": [parameter(t)]}],
    "names in the other group": lambda t: [{"params": [parameter(t)]}, {"params": [("a", parameter(t))]}],
    "one name outside a list": lambda t: [{"params": ("a", parameter(t))}],
    "good ones": lambda t: iter([parameter(t), t.zeros(2)]),
    "good names": lambda t: {"a": parameter(t), "b": parameter(t)}.items(),
}


@pytest.mark.parametrize("case", BAD_PARAMS)
def test_parameters_are_checked_in_pytorchs_words(case, oracle):
    make = BAD_PARAMS[case]
    assert outcome(lambda: torch.optim.SGD(make(torch), lr=0.1)) == outcome(
        lambda: oracle.optim.SGD(make(oracle), lr=0.1)
    )


def test_texts_for_bad_parameters():
    with pytest.raises(ValueError, match="^optimizer got an empty parameter list$"):
        torch.optim.SGD([])
    with pytest.raises(ValueError, match="^can't optimize a non-leaf Tensor$"):
        torch.optim.SGD([parameter() * 2])
    with pytest.raises(ValueError, match="^some parameters appear in more than one parameter group$"):
        param = parameter()
        torch.optim.SGD([{"params": [param]}, {"params": [param]}])
    with pytest.raises(TypeError, match="should be an iterable of Tensors or dicts, but got torch.FloatTensor$"):
        torch.optim.SGD(parameter())
    with pytest.warns(UserWarning, match="duplicate parameters"):
        torch.optim.SGD([param, param])


def test_required_options():
    class Mine(Optimizer):
        def __init__(self, params):
            super().__init__(params, {"lr": required})

    with pytest.raises(ValueError, match="^parameter group didn't specify a value of required optimization param"):
        Mine([parameter()])
    assert Mine([{"params": [parameter()], "lr": 3}]).param_groups[0]["lr"] == 3
    assert repr(required) == "<required parameter>"


def test_add_param_group():
    optimizer = torch.optim.SGD([parameter()], lr=0.1)
    late = parameter(fill=1.0)
    optimizer.add_param_group({"params": late, "lr": 0.5})
    late.grad = torch.ones(2, 3)
    optimizer.step()
    assert late.tolist() == [[0.5] * 3] * 2
    assert optimizer.param_groups[1]["momentum"] == 0
    with pytest.raises(ValueError, match="more than one parameter group"):
        optimizer.add_param_group({"params": late})
    with pytest.raises(TypeError, match="^param_group must be a dict, but got <class 'list'>$"):
        optimizer.add_param_group([late])


def test_groups_have_options_of_their_own(oracle, values):
    results = []
    for library in (torch, oracle):
        params = [library.tensor(values((3,), seed=i)).requires_grad_() for i in range(3)]
        optimizer = library.optim.SGD(
            [
                {"params": params[:1]},
                {"params": params[1:2], "lr": 0.01, "momentum": 0.9},
                {"params": params[2:], "weight_decay": 0.5},
            ],
            lr=0.1,
        )
        for step in range(5):
            for i, param in enumerate(params):
                param.grad = library.tensor(values((3,), seed=10 * step + i))
            optimizer.step()
        results.append([param.tolist() for param in params])
    for ours, theirs in zip(*results, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-6)


def test_named_parameters():
    weight, bias = parameter(), parameter()
    optimizer = torch.optim.SGD([("weight", weight), ("bias", bias)], lr=0.1)
    assert optimizer.param_groups[0]["params"][0] is weight and optimizer.param_groups[0]["params"][1] is bias
    assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]
    packed = optimizer.state_dict()
    assert packed["param_groups"][0]["param_names"] == ["weight", "bias"]
    assert packed["param_groups"][0]["params"] == [0, 1]
    unnamed = torch.optim.SGD([parameter(), parameter()], lr=0.2)
    optimizer.load_state_dict(unnamed.state_dict())
    assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]
    assert optimizer.param_groups[0]["lr"] == 0.2


# -- stepping ----------------------------------------------------------------------------------------------------


def test_closure_runs_with_gradients_and_its_loss_is_returned():
    param = parameter(fill=1.0)
    optimizer = torch.optim.SGD([param], lr=0.1)

    def closure():
        optimizer.zero_grad()
        assert torch.is_grad_enabled()
        loss = (param * param).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 6.0
    assert param[0, 0].item() == pytest.approx(0.8)
    assert optimizer.step(closure=closure).item() == pytest.approx(6 * 0.64)
    assert optimizer.step(lambda: "anything") == "anything"
    assert optimizer.step() is None


def test_zero_grad():
    param = parameter()
    optimizer = torch.optim.SGD([param], lr=0.1)
    optimizer.zero_grad()
    (param * 2).sum().backward()
    grad = param.grad
    optimizer.zero_grad(set_to_none=False)
    assert param.grad is grad and not grad.any()
    optimizer.zero_grad()
    assert param.grad is None


def test_zero_grad_detaches_gradients_that_have_a_graph():
    param = parameter(shape=(2,), fill=3.0)
    (grad,) = torch.autograd.grad((param**3).sum(), param, create_graph=True)
    param.grad = grad
    torch.optim.SGD([param], lr=0.1).zero_grad(set_to_none=False)
    assert param.grad.grad_fn is None and param.grad.tolist() == [0.0, 0.0]


def test_capturable_is_refused_on_cpu(oracle):
    for kind in ("Adam", "AdamW", "RMSprop", "Adadelta", "Adamax", "NAdam", "RAdam", "ASGD", "Rprop"):

        def attempt(library, kind=kind):
            param = parameter(library)
            optimizer = getattr(library.optim, kind)([param], capturable=True)
            param.grad = library.ones(2, 3)
            optimizer.step()

        assert outcome(lambda: attempt(torch)) == outcome(lambda: attempt(oracle))  # noqa: B023


def test_sparse_adam_wants_sparse_gradients():
    param = parameter()
    optimizer = torch.optim.SparseAdam([param])
    param.grad = torch.ones(2, 3)
    with pytest.raises(RuntimeError, match="SparseAdam does not support dense gradients, please consider Adam instead"):
        optimizer.step()


def test_muon_wants_matrices():
    with pytest.raises(ValueError, match=r"Muon only supports 2D parameters whereas we found a parameter with size"):
        torch.optim.Muon([parameter(shape=(3,))])


def test_a_programs_own_optimizer():
    class Signs(Optimizer):
        def __init__(self, params, lr=0.1):
            super().__init__(params, dict(lr=lr))

        @torch.no_grad()
        def step(self, closure=None):
            for group in self.param_groups:
                for param in group["params"]:
                    if param.grad is not None:
                        self.state[param]["steps"] = self.state[param].get("steps", 0) + 1
                        param.add_(param.grad.sign(), alpha=-group["lr"])

    param = parameter(shape=(2,))
    optimizer = Signs([param], lr=0.5)
    seen = []
    optimizer.register_step_post_hook(lambda *_: seen.append("stepped"))
    param.grad = torch.tensor([3.0, -2.0])
    optimizer.step()
    optimizer.step()
    assert param.tolist() == [-1.0, 1.0]
    assert optimizer.state[param] == {"steps": 2}
    assert seen == ["stepped", "stepped"]
    assert optimizer.state_dict()["state"] == {0: {"steps": 2}}
    torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5)
    with pytest.raises(NotImplementedError):
        Optimizer([param], {}).step()


def test_a_subclass_of_an_algorithm():
    class Loud(torch.optim.Adam):
        calls = 0

        def step(self, closure=None):
            self.calls += 1
            return super().step(closure)

    param = parameter(shape=(1,))
    optimizer = Loud([param], lr=0.1)
    for _ in range(3):
        param.grad = torch.ones(1)
        optimizer.step()
    assert optimizer.calls == 3
    assert param.item() == pytest.approx(-0.3, rel=1e-5)
    assert optimizer.state[param]["step"].item() == 3.0


# -- state as programs see it ------------------------------------------------------------------------------------


@pytest.fixture
def adam():
    """An Adam that has made two steps, its parameter, and a function that makes more."""
    param = parameter(shape=(2,))
    optimizer = torch.optim.Adam([param], lr=0.1)

    def step(times=1):
        for _ in range(times):
            param.grad = torch.ones(2)
            optimizer.step()

    step(2)
    return optimizer, param, step


def test_state_is_a_defaultdict_of_dicts(adam):
    optimizer, param, _ = adam
    assert type(optimizer.state) is defaultdict and optimizer.state.default_factory is dict
    state = optimizer.state[param]
    assert type(state) is dict
    assert list(state) == ["step", "exp_avg", "exp_avg_sq"]
    assert state["step"].dtype == torch.float32 and state["step"].shape == () and state["step"].item() == 2.0
    assert list(torch.optim.SGD([param]).state) == []


def test_step_count_is_true_whenever_it_is_looked_at(adam):
    optimizer, param, step = adam
    held = optimizer.state[param]["step"]
    assert held.item() == 2.0
    step(3)
    assert held.item() == 5.0
    assert optimizer.state[param]["step"] is held
    packed = optimizer.state_dict()
    step()
    assert packed["state"][0]["step"].item() == 6.0
    assert packed["state"][0] is optimizer.state[param]


def test_step_count_can_be_changed(adam):
    optimizer, param, step = adam
    optimizer.state[param]["step"].fill_(100.0)
    step()
    assert optimizer.state[param]["step"].item() == 101.0
    optimizer.state[param]["step"] = torch.tensor(7.0)
    step()
    assert optimizer.state[param]["step"].item() == 8.0
    optimizer.state.clear()
    step()
    assert optimizer.state[param]["step"].item() == 1.0
    optimizer.state[param]["step"] = 3
    with pytest.raises(RuntimeError, match="API has changed, `state_steps` argument must contain a list of singleton"):
        step()


def test_state_can_be_replaced(adam):
    optimizer, param, step = adam
    optimizer.state[param]["exp_avg"] = torch.zeros(2)
    optimizer.state[param]["exp_avg_sq"].zero_()
    step()
    assert optimizer.state[param]["exp_avg"].tolist() == pytest.approx([0.1, 0.1])
    optimizer.state = defaultdict(dict)
    step()
    assert optimizer.state[param]["step"].item() == 1.0


def test_looking_changes_no_number(adam):
    optimizer, param, step = adam
    other = parameter(shape=(2,))
    unseen = torch.optim.Adam([other], lr=0.1)
    for i in range(8):
        other.grad = torch.ones(2)
        unseen.step()
        if i >= 2:
            step()
            assert optimizer.state[param]["step"].item() == i + 1
    assert torch.equal(param, other)


# -- checkpoints -------------------------------------------------------------------------------------------------


def test_state_dict_layout(adam):
    optimizer, _, _ = adam
    packed = optimizer.state_dict()
    assert list(packed) == ["state", "param_groups"]
    assert list(packed["state"]) == [0]
    assert packed["param_groups"] == [
        {
            "lr": 0.1,
            "betas": (0.9, 0.999),
            "eps": 1e-08,
            "weight_decay": 0,
            "amsgrad": False,
            "maximize": False,
            "foreach": None,
            "capturable": False,
            "differentiable": False,
            "fused": None,
            "decoupled_weight_decay": False,
            "params": [0],
        }
    ]


@pytest.mark.parametrize("kind", ALGORITHMS)
def test_old_checkpoints_get_the_options_they_lack(kind, oracle):
    def load(library):
        param = parameter(library)
        optimizer = getattr(library.optim, kind)([param])
        optimizer.load_state_dict(
            {
                "state": {0: {"step": 3, "mu_product": 0.5, "eta": 0.25, "mu": 1}},
                "param_groups": [{"params": [0]}],
            }
        )
        group = {key: value for key, value in optimizer.param_groups[0].items() if key != "params"}
        state = {
            key: (value, "number") if isinstance(value, (int, float)) else (value.item(), str(value.dtype))
            for key, value in optimizer.state[param].items()
        }
        return group, state

    assert load(torch) == load(oracle)


def test_load_state_dict_casts_to_the_parameter():
    param = torch.zeros(2, dtype=torch.float64).requires_grad_()
    optimizer = torch.optim.Adam([param])
    group = optimizer.state_dict()["param_groups"][0]
    step, mean = torch.tensor(3.0), torch.ones(2, dtype=torch.float64)
    saved = {
        "step": step,
        "exp_avg": mean,
        "exp_avg_sq": torch.ones(2),
        "more": [torch.ones(1), 3],
        "nested": {"step": torch.ones(1), "text": "kept", "none": None},
    }
    optimizer.load_state_dict({"state": {0: saved, "extra": 5}, "param_groups": [group]})
    state = optimizer.state[param]
    assert state["step"] is step and step.dtype == torch.float32
    assert state["exp_avg"] is mean
    assert state["exp_avg_sq"].dtype == torch.float64
    assert state["more"][0].dtype == torch.float64 and state["more"][1] == 3
    assert state["nested"]["step"].dtype == torch.float32 and state["nested"]["text"] == "kept"
    assert optimizer.state["extra"] == 5


def test_load_state_dict_refuses_other_groups():
    optimizer = torch.optim.Adam([parameter()])
    with pytest.raises(ValueError, match="^loaded state dict has a different number of parameter groups$"):
        optimizer.load_state_dict({"state": {}, "param_groups": []})
    with pytest.raises(ValueError, match="that doesn't match the size of optimizer's group$"):
        optimizer.load_state_dict({"state": {}, "param_groups": [{"params": [0, 1]}]})
    with pytest.raises(KeyError, match="param_groups"):
        optimizer.load_state_dict({})


def test_loading_does_not_touch_the_saved_groups(adam):
    optimizer, _, step = adam
    packed = optimizer.state_dict()
    optimizer.load_state_dict(packed)
    optimizer.param_groups[0]["lr"] = 9.0
    assert packed["param_groups"][0]["lr"] == 0.1
    assert packed["param_groups"][0]["params"] == [0]
    step()


def test_deepcopy_and_pickle(adam):
    optimizer, param, step = adam
    twin = copy.deepcopy(optimizer)
    (twin_param,) = twin.param_groups[0]["params"]
    assert twin_param is not param and list(twin.state) and next(iter(twin.state)) is twin_param
    step(2)
    assert twin.state[twin_param]["step"].item() == 2.0
    for _ in range(2):
        twin_param.grad = torch.ones(2)
        twin.step()
    assert torch.equal(twin_param, param)

    again = pickle.loads(pickle.dumps(optimizer))
    assert repr(again) == repr(optimizer)
    (again_param,) = again.param_groups[0]["params"]
    assert again.state[again_param]["step"].item() == 4.0
    again_param.grad = torch.ones(2)
    again.step()
    step()
    assert torch.equal(again_param, param)


def test_a_pickled_optimizer_under_a_schedule(adam):
    optimizer, _, step = adam
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5)
    step()
    schedule.step()
    again = pickle.loads(pickle.dumps(optimizer))
    assert again.param_groups[0]["lr"] == 0.05 and again.param_groups[0]["initial_lr"] == 0.1


# -- hooks -------------------------------------------------------------------------------------------------------


def test_step_hooks_in_their_order(adam):
    optimizer, _, step = adam
    log = []
    handles = [
        register_optimizer_step_pre_hook(lambda o, a, k: log.append("all before")),
        register_optimizer_step_post_hook(lambda o, a, k: log.append("all after")),
        optimizer.register_step_pre_hook(lambda o, a, k: log.append(("before", o is optimizer, a[1:], k))),
        optimizer.register_step_post_hook(lambda o, a, k: log.append("after")),
    ]
    try:
        optimizer.step(None)
    finally:
        for handle in handles:
            handle.remove()
    assert log == ["all before", ("before", True, (None,), {}), "after", "all after"]
    step()
    assert len(log) == 4


def test_a_pre_hook_may_replace_the_arguments(adam):
    optimizer, _, _ = adam
    handle = optimizer.register_step_pre_hook(lambda o, args, kwargs: ((o, lambda: 5), {}))
    assert optimizer.step() == 5
    handle.remove()
    optimizer.register_step_pre_hook(lambda o, args, kwargs: 3)
    with pytest.raises(RuntimeError, match=r"must return None or a tuple of \(new_args, new_kwargs\), but got 3.$"):
        optimizer.step()


def test_state_dict_hooks(adam):
    optimizer, _, _ = adam
    log = []
    optimizer.register_state_dict_pre_hook(lambda o: log.append("second"))
    optimizer.register_state_dict_pre_hook(lambda o: log.append("first"), prepend=True)
    optimizer.register_state_dict_post_hook(lambda o, packed: log.append(list(packed)))
    optimizer.register_state_dict_post_hook(lambda o, packed: {"all": packed})
    assert list(optimizer.state_dict()) == ["all"]
    assert log == ["first", "second", ["state", "param_groups"]]


def test_load_state_dict_hooks(adam):
    optimizer, _, _ = adam
    log = []
    packed = optimizer.state_dict()
    optimizer.register_load_state_dict_pre_hook(lambda o, given: log.append(given is packed))
    optimizer.register_load_state_dict_pre_hook(
        lambda o, given: {"state": {}, "param_groups": [{**given["param_groups"][0], "lr": 7.0}]}
    )
    optimizer.register_load_state_dict_post_hook(lambda o: log.append(o.param_groups[0]["lr"]))
    optimizer.load_state_dict(packed)
    assert log == [False, 7.0]
    assert packed["param_groups"][0]["lr"] == 0.1


# -- names -------------------------------------------------------------------------------------------------------


def test_public_paths(oracle):
    import importlib

    assert set(torch.optim.__all__) >= set(oracle.optim.__all__) - {"swap_in_optimizer_params_and_state"}
    for kind in ALGORITHMS:
        theirs = getattr(oracle.optim, kind)
        ours = getattr(torch.optim, kind)
        home = theirs.__module__.removeprefix("torch")
        if home != ".optim":
            assert getattr(importlib.import_module("rushlight" + home), kind) is ours
        assert ours.__name__ == kind
    with pytest.raises(AttributeError, match="no attribute 'Adamm'"):
        torch.optim.Adamm  # noqa: B018
    assert issubclass(torch.optim.AdamW, torch.optim.Adam)
