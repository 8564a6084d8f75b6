"""Averages of weights against PyTorch and by hand."""

import numpy as np
import pytest
import rushlight as torch


def models(library, values):
    """A model with batch norm, its weights the same in both libraries."""
    nn = library.nn
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    with library.no_grad():
        for i, param in enumerate(model.parameters()):
            param.copy_(library.tensor(values(tuple(param.shape), seed=i)))
    return model


def ways(library):
    utils = library.optim.swa_utils
    return {
        "mean": {},
        "mean with buffers": dict(use_buffers=True),
        "ema": dict(avg_fn=utils.get_ema_avg_fn(0.9)),
        "ema of lists": dict(multi_avg_fn=utils.get_ema_multi_avg_fn(0.9)),
        "swa": dict(avg_fn=utils.get_swa_avg_fn()),
        "swa of lists": dict(multi_avg_fn=utils.get_swa_multi_avg_fn()),
        "ema with buffers": dict(multi_avg_fn=utils.get_ema_multi_avg_fn(0.9), use_buffers=True),
        "a lambda": dict(avg_fn=lambda average, new, count: average * 0.5 + new * 0.5),
    }


WAYS = ["mean", "mean with buffers", "ema", "ema of lists", "swa", "swa of lists", "ema with buffers", "a lambda"]


@pytest.mark.parametrize("way", WAYS)
def test_averaged_models_are_pytorchs(way, oracle, values):
    def averaged(library):
        model = models(library, values)
        average = library.optim.swa_utils.AveragedModel(model, **ways(library)[way])
        for step in range(4):
            with library.no_grad():
                for param in model.parameters():
                    param.add_(0.5 * step)
            model(library.tensor(values((6, 3), seed=10 + step)))
            average.update_parameters(model)
        assert average.n_averaged == 4
        return average

    ours, theirs = averaged(torch).state_dict(), averaged(oracle).state_dict()
    assert list(ours) == list(theirs)
    for name, value in theirs.items():
        np.testing.assert_allclose(ours[name].numpy(), value.numpy(), rtol=1e-5, atol=1e-6)
        assert str(ours[name].dtype) == str(value.dtype).replace("torch", str(ours[name].dtype).split(".")[0])


def test_a_mean_by_hand():
    model = torch.nn.Linear(1, 1, bias=False)
    average = torch.optim.swa_utils.AveragedModel(model)
    for value in (1.0, 2.0, 6.0):
        with torch.no_grad():
            model.weight.fill_(value)
        average.update_parameters(model)
    assert average.module.weight.item() == 3.0
    assert average(torch.ones(1, 1)).item() == 3.0
    assert model.weight.item() == 6.0


def test_the_functions_by_hand():
    utils = torch.optim.swa_utils
    one, zero = torch.ones(2), torch.zeros(2)
    assert utils.get_ema_avg_fn(0.9)(one, zero, 3).tolist() == pytest.approx([0.9, 0.9])
    assert utils.get_swa_avg_fn()(one, zero, torch.tensor(3)).tolist() == [0.75, 0.75]
    averages = [torch.ones(2)]
    utils.get_swa_multi_avg_fn()(averages, [zero], torch.tensor(3))
    assert averages[0].tolist() == [0.75, 0.75]
    utils.get_ema_multi_avg_fn(0.5)(averages, [zero], 0)
    assert averages[0].tolist() == [0.375, 0.375]
    with pytest.raises(ValueError, match=r"^Invalid decay value 2 provided. Please provide a value in \[0,1\] range.$"):
        utils.get_ema_avg_fn(2)
    with pytest.raises(AssertionError, match="Only one of avg_fn and multi_avg_fn should be provided"):
        utils.AveragedModel(torch.nn.Linear(1, 1), avg_fn=abs, multi_avg_fn=abs)


def test_update_bn(oracle, values):
    def statistics(library):
        model = models(library, values)
        loader = [
            library.tensor(values((6, 3), seed=1)),
            [library.tensor(values((4, 3), seed=2)), "label"],
        ]
        model.eval()
        library.optim.swa_utils.update_bn(loader, model)
        norm = model[1]
        assert norm.momentum == 0.1 and not model.training and not norm.training
        return norm.running_mean.tolist() + norm.running_var.tolist() + [norm.num_batches_tracked.item()]

    assert statistics(torch) == pytest.approx(statistics(oracle), rel=1e-5)


def test_update_bn_without_batch_norm_reads_no_data():
    torch.optim.swa_utils.update_bn(None, torch.nn.Linear(1, 1))


def test_names(oracle):
    assert set(torch.optim.swa_utils.__all__) == set(oracle.optim.swa_utils.__all__)
