"""torchsummary.summary: the table to the letter."""
import re

import pytest

import rushlight
from rushlight.inspect.summary import summary

LENET = """\
----------------------------------------------------------------
        Layer (type)               Output Shape         Param #
================================================================
            Conv2d-1            [-1, 6, 24, 24]             156
       BatchNorm2d-2            [-1, 6, 24, 24]              12
              ReLU-3            [-1, 6, 24, 24]               0
         MaxPool2d-4            [-1, 6, 12, 12]               0
           Flatten-5                  [-1, 864]               0
            Linear-6                   [-1, 10]           8,640
================================================================
Total params: 8,808
Trainable params: 8,808
Non-trainable params: 0
----------------------------------------------------------------
Input size (MB): 0.00
Forward/backward pass size (MB): 0.09
Params size (MB): 0.03
Estimated Total Size (MB): 0.13
----------------------------------------------------------------
"""


def small(torch):
    nn = torch.nn
    return nn.Sequential(nn.Conv2d(1, 6, 5), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(864, 10, bias=False))


def frozen(torch):
    model = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.Linear(5, 6))
    model[0].weight.requires_grad_(False)
    return model


def nested(torch):
    nn = torch.nn

    class Two(nn.Module):
        def forward(self, x):
            return x, x * 2

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.two = Two()
            self.layers = nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4)])
            self.tail = nn.Sequential(nn.Linear(4, 4), nn.Sequential(nn.ReLU()))
            self.scale = nn.Parameter(torch.ones(3))  # torchsummary does not count it

        def forward(self, x):
            x, _ = self.two(x)
            for layer in self.layers:
                x = layer(x)
            return self.tail(self.tail(x))

    return Model()


def two_inputs(torch):
    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = torch.nn.Linear(3, 4), torch.nn.Linear(5, 4)

        def forward(self, x, y):
            return self.a(x) + self.b(y)

    return Model()


CASES = [(small, ((1, 28, 28),)), (small, ((1, 28, 28), 32)), (frozen, ((4,), 7, "cpu")), (nested, ((4,),)),
         (two_inputs, ([(3,), (5,)],)), (frozen, ([(4,)], -1, "CPU"))]


def test_the_table(capsys):
    assert summary(small(rushlight), (1, 28, 28)) is None
    assert capsys.readouterr().out == LENET


@pytest.mark.parametrize("number", range(len(CASES)))
def test_it_is_torchsummarys_table(number, oracle, oracle_package, capsys):
    make, arguments = CASES[number]
    oracle_package("torchsummary").summary(make(oracle), *arguments)
    theirs = capsys.readouterr().out
    summary(make(rushlight), *arguments)
    assert capsys.readouterr().out == theirs and "Total params" in theirs


def test_as_many_random_numbers_are_drawn(oracle, oracle_package, capsys):
    def drawn_after(torch, show):
        model = frozen(torch)
        torch.manual_seed(0)
        show(model, (4,))
        return torch.rand(3).tolist()

    assert drawn_after(rushlight, summary) == drawn_after(oracle, oracle_package("torchsummary").summary)


def test_a_wrong_device():
    with pytest.raises(AssertionError, match=re.escape("Input device is not valid, please specify 'cuda' or 'cpu'")):
        summary(frozen(rushlight), (4,), device="tpu")


def test_no_hook_stays_even_when_the_model_fails():
    model = frozen(rushlight)
    with pytest.raises(RuntimeError):
        summary(model, (5,))
    assert not any(module._forward_hooks for module in model.modules())
