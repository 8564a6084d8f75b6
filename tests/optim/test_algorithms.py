"""Each algorithm against PyTorch over its options, against constants, and across checkpoints."""

import numpy as np
import pytest
import rushlight as torch

SHAPES = [(7,), (4, 5), (2, 3, 4), ()]
MATRICES = [(4, 5), (6, 2)]

GRID = [
    ("SGD", {}),
    ("SGD", dict(lr=0.1, momentum=0.9)),
    ("SGD", dict(lr=0.1, momentum=0.9, dampening=0.1)),
    ("SGD", dict(lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01)),
    ("SGD", dict(lr=0.1, weight_decay=0.1, maximize=True)),
    ("Adam", {}),
    ("Adam", dict(lr=0.01, weight_decay=0.1)),
    ("Adam", dict(amsgrad=True, maximize=True)),
    ("Adam", dict(betas=(0.5, 0.6), eps=1e-3)),
    ("Adam", dict(weight_decay=0.1, decoupled_weight_decay=True)),
    ("AdamW", {}),
    ("AdamW", dict(lr=0.01, amsgrad=True, weight_decay=0.3)),
    ("Adagrad", {}),
    ("Adagrad", dict(lr=0.1, lr_decay=0.1, weight_decay=0.1)),
    ("Adagrad", dict(initial_accumulator_value=0.3, maximize=True)),
    ("RMSprop", {}),
    ("RMSprop", dict(momentum=0.9)),
    ("RMSprop", dict(centered=True)),
    ("RMSprop", dict(centered=True, momentum=0.9, weight_decay=0.1, maximize=True)),
    ("Adadelta", {}),
    ("Adadelta", dict(lr=0.3, weight_decay=0.1, maximize=True)),
    ("Adamax", {}),
    ("Adamax", dict(weight_decay=0.1, maximize=True)),
    ("NAdam", {}),
    ("NAdam", dict(weight_decay=0.1, maximize=True)),
    ("NAdam", dict(weight_decay=0.1, decoupled_weight_decay=True)),
    ("RAdam", {}),
    ("RAdam", dict(weight_decay=0.1, maximize=True)),
    ("RAdam", dict(weight_decay=0.1, decoupled_weight_decay=True)),
    ("RAdam", dict(betas=(0.9, 0.9))),
    ("ASGD", {}),
    ("ASGD", dict(weight_decay=0.1, maximize=True)),
    ("ASGD", dict(t0=3, lambd=0.1)),
    ("Rprop", {}),
    ("Rprop", dict(maximize=True, etas=(0.3, 1.5), step_sizes=(0.001, 0.02))),
    ("Adafactor", {}),
    ("Adafactor", dict(weight_decay=0.1, maximize=True, d=1.5)),
    ("Muon", {}),
    ("Muon", dict(nesterov=False, adjust_lr_fn="match_rms_adamw")),
]
ONE_OF_EACH = [entry for entry in GRID if entry[1] == {} and entry[0] != "SGD"] + [("SGD", dict(momentum=0.9))]


def name_of(entry):
    return entry[0] + "".join(f"-{key}" for key in entry[1])


def build(library, kind, options, values, dtype="float32"):
    shapes = MATRICES if kind == "Muon" else SHAPES
    params = [
        library.tensor(values(shape, seed=i), dtype=getattr(library, dtype)).requires_grad_()
        for i, shape in enumerate(shapes)
    ]
    return params, getattr(library.optim, kind)(params, **options)


def train(library, params, optimizer, values, steps, first=0):
    for step in range(first, first + steps):
        for i, param in enumerate(params):
            grad = values(tuple(param.shape), seed=1000 + 10 * step + i)
            param.grad = library.tensor(grad, dtype=param.dtype)
        optimizer.step()


def close(ours, theirs, tolerance):
    ours, theirs = np.asarray(ours.detach().numpy()), np.asarray(theirs.detach().numpy())
    assert ours.dtype == theirs.dtype
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance * max(1e-3, np.abs(theirs).max()))


def same_state(ours, theirs, tolerance):
    assert ours["param_groups"] == theirs["param_groups"]
    assert [list(group) for group in ours["param_groups"]] == [list(group) for group in theirs["param_groups"]]
    assert list(ours["state"]) == list(theirs["state"])
    for index, state in theirs["state"].items():
        assert list(ours["state"][index]) == list(state)
        for name, value in state.items():
            if value is None:
                assert ours["state"][index][name] is None
            else:
                close(ours["state"][index][name], value, tolerance)


@pytest.mark.parametrize("entry", GRID, ids=name_of)
def test_twenty_steps_are_pytorchs(entry, oracle, values):
    kind, options = entry
    params, optimizer = build(torch, kind, options, values)
    expected, reference = build(oracle, kind, options, values)
    train(torch, params, optimizer, values, 20)
    train(oracle, expected, reference, values, 20)
    tolerance = 2e-2 if kind == "Muon" else 1e-6  # Muon iterates in bfloat16
    for ours, theirs in zip(params, expected, strict=True):
        close(ours, theirs, tolerance)
    same_state(optimizer.state_dict(), reference.state_dict(), 1e-5)


@pytest.mark.parametrize("entry", ONE_OF_EACH, ids=name_of)
def test_float64(entry, oracle, values):
    kind, options = entry
    params, optimizer = build(torch, kind, options, values, "float64")
    expected, reference = build(oracle, kind, options, values, "float64")
    train(torch, params, optimizer, values, 5)
    train(oracle, expected, reference, values, 5)
    for ours, theirs in zip(params, expected, strict=True):
        close(ours, theirs, 2e-2 if kind == "Muon" else 1e-12)
    same_state(optimizer.state_dict(), reference.state_dict(), 1e-7)


@pytest.mark.parametrize("entry", ONE_OF_EACH, ids=name_of)
@pytest.mark.parametrize("flags", [dict(foreach=True), dict(foreach=False), dict(fused=True)], ids=str)
def test_kernel_choices_are_accepted_and_change_nothing(entry, flags, values):
    kind, options = entry
    if kind == "Muon" or ("fused" in flags and kind not in ("SGD", "Adam", "AdamW", "Adagrad")):
        with pytest.raises(TypeError, match="unexpected keyword"):
            build(torch, kind, {**options, **flags} if kind == "Muon" else {**options, "fused": True}, values)
        return
    plain, optimizer = build(torch, kind, options, values)
    chosen, other = build(torch, kind, {**options, **flags}, values)
    train(torch, plain, optimizer, values, 3)
    train(torch, chosen, other, values, 3)
    for one, two in zip(plain, chosen, strict=True):
        assert torch.equal(one, two)


@pytest.mark.parametrize("entry", GRID, ids=name_of)
def test_a_checkpoint_crosses_to_pytorch_and_back(entry, oracle, values, carry):
    """Ours trains, PyTorch goes on from the state dict, ours goes on from there: as one run of ours."""
    kind, options = entry
    params, optimizer = build(torch, kind, options, values)
    train(torch, params, optimizer, values, 3)

    theirs, reference = build(oracle, kind, options, values)
    for param, own in zip(theirs, params, strict=True):
        param.data.copy_(carry(own, oracle))
    packed = carry(optimizer.state_dict(), oracle)
    reference.load_state_dict(packed)
    back = carry(reference.state_dict(), torch)
    for index, state in packed["state"].items():
        for name, value in state.items():
            if value is not None:
                bits = np.asarray(back["state"][index][name].numpy()).tobytes()
                assert bits == np.asarray(value.numpy()).tobytes(), (index, name)

    train(oracle, theirs, reference, values, 3, first=3)
    ours, resumed = build(torch, kind, options, values)
    for own, param in zip(ours, theirs, strict=True):
        own.data.copy_(carry(param, torch))
    resumed.load_state_dict(carry(reference.state_dict(), torch))
    train(torch, ours, resumed, values, 3, first=6)
    train(torch, params, optimizer, values, 6, first=3)
    for one, other in zip(ours, params, strict=True):
        close(one, other, 3e-2 if kind == "Muon" else 2e-6)


@pytest.mark.parametrize("entry", GRID, ids=name_of)
def test_resuming_from_a_state_dict_is_the_same_run(entry, values, carry):
    kind, options = entry
    params, optimizer = build(torch, kind, options, values)
    train(torch, params, optimizer, values, 4)
    again, resumed = build(torch, kind, options, values)
    for copy, param in zip(again, params, strict=True):
        copy.data.copy_(param.data)
    resumed.load_state_dict(carry(optimizer.state_dict(), torch))
    train(torch, params, optimizer, values, 4, first=4)
    train(torch, again, resumed, values, 4, first=4)
    for one, other in zip(params, again, strict=True):
        assert torch.equal(one, other)


# Parameter [1, -2, 3], gradients [0.5, -1, 2], [-0.1, 0.3, 0.2], [1, 1, -1]: where three steps lead.
KNOWN = [
    ("SGD", dict(lr=0.1), [0.86, -2.03, 2.88]),
    ("SGD", dict(lr=0.1, momentum=0.9), [0.7835, -1.886, 2.52]),
    ("SGD", dict(lr=0.1, momentum=0.9, nesterov=True), [0.66515, -1.9274, 2.448]),
    ("Adam", dict(lr=0.1), [0.7740456, -1.877552, 2.803137]),
    ("AdamW", dict(lr=0.1, weight_decay=0.1), [0.7468456, -1.820567, 2.716765]),
    ("Adagrad", dict(lr=0.1), [0.8305245, -1.997906, 2.934593]),
    ("RMSprop", dict(lr=0.01, alpha=0.9), [0.9461703, -2.000908, 2.980355]),
    ("Adadelta", {}, [0.9937124, -2.001504, 2.998489]),
    ("Adamax", dict(lr=0.1), [0.814597, -1.885364, 2.832526]),
]


@pytest.mark.parametrize("entry", KNOWN, ids=name_of)
def test_known_answers(entry):
    kind, options, answer = entry
    param = torch.tensor([1.0, -2.0, 3.0], requires_grad=True)
    optimizer = getattr(torch.optim, kind)([param], **options)
    for grad in ([0.5, -1.0, 2.0], [-0.1, 0.3, 0.2], [1.0, 1.0, -1.0]):
        param.grad = torch.tensor(grad)
        optimizer.step()
    assert param.tolist() == pytest.approx(answer, rel=2e-6)


@pytest.mark.parametrize("entry", ONE_OF_EACH, ids=name_of)
def test_parameters_without_gradient_rest(entry, values):
    kind, options = entry
    params, optimizer = build(torch, kind, options, values)
    still = params[0].detach().clone()
    for step in range(2):
        for i, param in enumerate(params[1:]):
            param.grad = torch.tensor(values(tuple(param.shape), seed=step + i))
        optimizer.step()
    assert torch.equal(params[0], still)
    assert "exp_avg" not in optimizer.state[params[0]]


def test_parameters_that_join_late_count_their_own_steps(oracle, values):
    results = []
    for library in (torch, oracle):
        params, optimizer = build(library, "Adam", dict(lr=0.1), values)
        for step in range(4):
            for i, param in enumerate(params[: 1 + step]):
                param.grad = library.tensor(values(tuple(param.shape), seed=10 * step + i))
            optimizer.step()
        results.append((params, optimizer))
    (params, optimizer), (expected, reference) = results
    for ours, theirs in zip(params, expected, strict=True):
        close(ours, theirs, 1e-6)
    assert [optimizer.state[p]["step"].item() for p in params] == [4.0, 3.0, 2.0, 1.0]
    same_state(optimizer.state_dict(), reference.state_dict(), 1e-6)


def test_learning_rate_given_as_tensor(oracle, values):
    for kind in ("SGD", "Adam", "Adagrad", "RMSprop", "ASGD"):
        results = []
        for library in (torch, oracle):
            params, optimizer = build(library, kind, dict(lr=library.tensor(0.05)), values)
            train(library, params, optimizer, values, 3)
            results.append(params)
        for ours, theirs in zip(*results, strict=True):
            close(ours, theirs, 2e-6)


def test_changing_options_between_steps(values):
    param = torch.tensor([1.0], requires_grad=True)
    optimizer = torch.optim.SGD([param], lr=1.0)
    for lr in (0.5, 0.25):
        optimizer.param_groups[0]["lr"] = lr
        param.grad = torch.tensor([1.0])
        optimizer.step()
    assert param.item() == 0.25


def test_updates_are_written_in_place():
    param = torch.tensor([1.0, 2.0], requires_grad=True)
    view = param.detach()
    optimizer = torch.optim.Adam([param], lr=0.5)
    param.grad = torch.tensor([1.0, -1.0])
    optimizer.step()
    assert view.tolist() == pytest.approx([0.5, 2.5])
    assert param.grad.tolist() == [1.0, -1.0]
    assert param.is_leaf and param.requires_grad


def test_sgd_differentiates_through_the_step():
    start = torch.tensor([1.0, 2.0], requires_grad=True)
    moved = start.clone()
    optimizer = torch.optim.SGD([torch.zeros(2, requires_grad=True)], lr=0.1, differentiable=True)
    optimizer.param_groups[0]["params"][0] = moved
    moved.grad = start * start
    optimizer.step()
    moved.sum().backward()
    assert start.grad.tolist() == pytest.approx([1 - 0.2, 1 - 0.4])
