"""Whole modules, state dicts and optimizers: what training programs save."""
import pytest

import rushlight as torch


def network(lib):
    nn = lib.nn
    lib.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.1),
                         nn.Linear(4 * 3 * 3, 5))


def test_a_module_crosses_to_pytorch(oracle, saved):
    ours = network(torch).eval()
    theirs = oracle.load(saved(ours), weights_only=False)
    assert type(theirs) is oracle.nn.Sequential and repr(theirs) == repr(network(oracle).eval())
    image = [[[[float(i * j % 7) for j in range(8)] for i in range(8)]]]
    with oracle.no_grad(), torch.no_grad():
        expected, got = theirs(oracle.tensor(image)), ours(torch.tensor(image))
    assert got.flatten().tolist() == pytest.approx(expected.flatten().tolist(), rel=1e-5, abs=1e-6)


def test_a_module_comes_from_pytorch(oracle, saved):
    theirs = network(oracle).eval()
    ours = torch.load(saved(theirs, oracle), weights_only=False)
    assert type(ours) is torch.nn.Sequential and not ours.training
    assert list(ours.state_dict()) == list(theirs.state_dict())
    image = [[[[float(i * j % 7) for j in range(8)] for i in range(8)]]]
    with oracle.no_grad(), torch.no_grad():
        expected, got = theirs(oracle.tensor(image)), ours(torch.tensor(image))
    assert got.flatten().tolist() == pytest.approx(expected.flatten().tolist(), rel=1e-5, abs=1e-6)


def test_a_module_in_the_older_format(oracle, saved):
    linear = torch.nn.Linear(3, 2)
    stream = saved(linear, _use_new_zipfile_serialization=False)
    assert oracle.load(stream, weights_only=False).weight.tolist() == linear.weight.tolist()
    theirs = oracle.nn.Linear(3, 2)
    stream = saved(theirs, oracle, _use_new_zipfile_serialization=False)
    assert torch.load(stream, weights_only=False).weight.tolist() == theirs.weight.tolist()


def test_a_module_of_the_users_own(saved):
    loaded = torch.load(saved(Own()), weights_only=False)
    assert type(loaded) is Own and loaded.scale == 2 and loaded.inner.weight.shape == (1, 2)


class Own(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = torch.nn.Linear(2, 1)
        self.scale = 2


@pytest.mark.parametrize("kind,options", [("SGD", {"lr": 0.1, "momentum": 0.9}), ("Adam", {"lr": 0.01})])
def test_training_goes_on_in_pytorch(oracle, saved, kind, options):
    """A checkpoint of model and optimizer taken in the middle: both libraries go on to the same weights."""
    def step(lib, model, optimizer, count):
        for i in range(count):
            optimizer.zero_grad()
            loss = (model(lib.tensor([[1.0, 2.0 + i]])) ** 2).sum()
            loss.backward()
            optimizer.step()

    lib, model = torch, torch.nn.Linear(2, 1)
    optimizer = getattr(torch.optim, kind)(model.parameters(), **options)
    step(lib, model, optimizer, 3)
    stream = saved({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3})

    checkpoint = oracle.load(stream)
    theirs = oracle.nn.Linear(2, 1)
    theirs.load_state_dict(checkpoint["model"])
    their_optimizer = getattr(oracle.optim, kind)(theirs.parameters(), **options)
    their_optimizer.load_state_dict(checkpoint["optimizer"])
    step(torch, model, optimizer, 2)
    step(oracle, theirs, their_optimizer, 2)
    assert model.weight.tolist()[0] == pytest.approx(theirs.weight.tolist()[0], rel=1e-5)

    stream = saved({"model": theirs.state_dict(), "optimizer": their_optimizer.state_dict()}, oracle)
    checkpoint = torch.load(stream)
    model.load_state_dict(checkpoint["model"])
    optimizer.load_state_dict(checkpoint["optimizer"])
    step(torch, model, optimizer, 2)
    step(oracle, theirs, their_optimizer, 2)
    assert model.weight.tolist()[0] == pytest.approx(theirs.weight.tolist()[0], rel=1e-5)


def test_a_model_in_the_middle_of_a_pending_graph(saved):
    """Values not computed yet are computed for the file."""
    tensor = torch.ones(3)
    pending = tensor * 2 + 1
    tensor.add_(1)
    assert [t.tolist() for t in torch.load(saved([pending, tensor]))] == [[3.0] * 3, [2.0] * 3]


def test_non_leaf_tensors_and_grads(saved):
    leaf = torch.ones(2, requires_grad=True)
    (leaf * 2).sum().backward()
    loaded = torch.load(saved([leaf, leaf * 2]))
    assert loaded[0].grad is None and loaded[1].requires_grad and loaded[1].grad_fn is None


def test_hooks_are_not_saved_and_it_is_said(saved):
    leaf = torch.ones(2, requires_grad=True)
    leaf.register_hook(lambda grad: grad)
    with pytest.warns(UserWarning, match="backward hook .* on tensor will not be serialized"):
        saved(leaf)


def test_a_generator_crosses(oracle, saved):
    ours, theirs = torch.Generator().manual_seed(3), oracle.Generator().manual_seed(3)
    with_ours = oracle.load(saved(ours), weights_only=False)
    with_theirs = torch.load(saved(theirs, oracle), weights_only=False)
    assert oracle.rand(3, generator=with_ours).tolist() == oracle.rand(3, generator=theirs).tolist()
    assert torch.rand(3, generator=with_theirs).tolist() == torch.rand(3, generator=ours).tolist()


def test_functions_and_classes_by_their_public_names(oracle, saved):
    loaded = oracle.load(saved([torch.relu, torch.nn.functional.gelu, torch.nn.GELU, torch.optim.SGD, torch.Tensor]),
                         weights_only=False)
    assert loaded[2:] == [oracle.nn.GELU, oracle.optim.SGD, oracle.Tensor]
    assert loaded[0](oracle.tensor(-1.0)).item() == 0.0
    ours = torch.load(saved([oracle.relu, oracle.nn.functional.gelu, oracle.nn.GELU], oracle), weights_only=False)
    assert ours[0](torch.tensor(-1.0)).item() == 0.0 and ours[2] is torch.nn.GELU


def test_what_rushlight_lacks_is_named(oracle, saved):
    stream = saved(oracle.eye(2).to_sparse(), oracle)
    with pytest.raises(NotImplementedError, match="a sparse tensor"):
        torch.load(stream)
    with pytest.raises(NotImplementedError, match="float8_e4m3fn"):
        torch.load(saved(oracle.ones(2).to(oracle.float8_e4m3fn), oracle))


def test_the_real_torch_is_never_imported(tmp_path, oracle):
    """Reading `torch...` names leads to ours even where PyTorch is installed."""
    import subprocess
    import sys

    path = tmp_path / "m.pt"
    oracle.save({"m": oracle.nn.Linear(1, 1), "d": oracle.float32}, path)
    code = f"""
import sys, rushlight
loaded = rushlight.load({str(path)!r}, weights_only=False)
assert type(loaded["m"]) is rushlight.nn.Linear and loaded["d"] is rushlight.float32
rushlight.save(loaded, {str(path)!r})
assert not [name for name in sys.modules if name.split(".")[0] == "torch"]
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    assert type(oracle.load(path, weights_only=False)["m"]) is oracle.nn.Linear
