"""Convolutions and their transposes."""
import numpy as np
import pytest

import rushlight as torch
import rushlight.nn.functional as F
from op_agreement import differences

EXPRESSIONS = """
F.conv1d(r(2,4,9),r(6,4,3),r(6))
F.conv1d(r(4,9),r(6,2,3),r(6),2,1,1,2)
F.conv1d(r(2,4,9),r(6,4,3),r(6),padding="same",dilation=2)
F.conv1d(r(2,4,9),r(6,4,4),r(6),padding="valid")
F.conv2d(r(2,4,9,8),r(6,4,3,2),r(6))
F.conv2d(r(2,4,9,8),r(6,4,3,2))
F.conv2d(r(2,4,9,8),r(6,4,3,2),stride=(2,1),padding=(1,0),dilation=(1,2))
F.conv2d(r(2,4,9,8),r(4,1,3,3),None,1,1,1,4)
F.conv2d(r(2,4,9,8),r(8,1,3,3),None,2,1,1,4)
F.conv2d(r(4,9,8),r(6,4,3,2),r(6),"1")
F.conv2d(r(2,4,9,8),r(6,4,3,2),r(6),padding="foo")
F.conv2d(r(2,4,9,8),r(6,4,3,2),r(6),2,padding="same")
F.conv2d(r(2,4,9,8),r(6,4,3,2),r(6),padding="same")
F.conv3d(r(2,4,5,6,7),r(6,4,3,2,2),r(6))
F.conv3d(r(4,5,6,7),r(6,2,3,2,2),r(6),2,1,1,2)
F.conv2d(r(2,4,9,8,dtype="float64"),r(6,4,3,2,dtype="float64"))
F.conv2d(r(2,4,9,8,dtype="float16"),r(6,4,3,2,dtype="float16"))
F.conv2d(r(2,4,9,8,dtype="bfloat16"),r(6,4,3,2,dtype="bfloat16"),r(6,dtype="bfloat16"))
F.conv2d(n(5,2,4,9,8),n(5,6,4,3,2))
F.conv2d(r(2,4,9,8),r(6,4,3,2,dtype="float64"))
F.conv2d(r(2,4,9,8),r(6,4,3,2),r(6,dtype="float64"))
F.conv2d(n(5,2,4,9,8),r(6,4,3,2))
F.conv2d(r(2,4,9,8),r(6,3,3,2))
F.conv2d(r(4,9),r(6,4,3,2))
F.conv2d(r(1,1,2,4,9),r(6,4,3,2))
F.conv2d(r(2,4,9,8),r(6,4,3))
F.conv2d(r(4,9,8),r(6,4,3))
F.conv1d(r(2,4,9,8),r(6,4,3))
F.conv1d(r(2,4,9),r(6,4,3,3))
F.conv3d(r(2,4,9),r(6,4,3,3,3))
F.conv2d(r(2,4,9,8),r(6,4,3,2),r(5))
F.conv2d(r(2,4,9,8),r(6,4,3,2),r(6,1))
F.conv2d(r(2,4,9,8),r(6,4,3,2),None,0)
F.conv2d(r(2,4,9,8),r(6,4,3,2),None,-1)
F.conv2d(r(2,4,9,8),r(6,4,3,2),None,1,-1)
F.conv2d(r(2,4,9,8),r(6,4,3,2),None,1,0,0)
F.conv2d(r(2,4,9,8),r(6,4,3,2),None,(1,2,3))
F.conv2d(r(2,4,9,8),r(6,4,3,2),None,1,(1,2,3))
F.conv2d(r(2,4,9,8),r(6,4,3,2),None,1,0,(1,2,3))
F.conv2d(r(2,4,9,8),r(6,2,3,2),None,1,0,1,0)
F.conv2d(r(2,4,9,8),r(5,2,3,2),None,1,0,1,2)
F.conv2d(r(2,4,9,8),r(1,2,3,2),None,1,0,1,2)
F.conv2d(r(2,4,2,2),r(6,4,3,3))
F.conv2d(r(2,4,2,2),r(6,4,3,3),None,1,0,2)
F.conv1d(r(2,4,2),r(6,4,3))
F.conv2d(r(0,4,9,8),r(6,4,3,2),r(6))
F.conv2d(r(2,4,9,8),r(0,4,3,2))
F.conv2d(r(2,4,9,8),3)
F.conv2d([1],r(2,4,9,8))
F.conv2d(r(2,4,9,8),r(6,4,3,2),None,1.5)
torch.conv1d(r(2,4,9),r(6,4,3),r(6))
torch.conv2d(r(2,4,9,8),r(6,4,3,2),r(6),1,1,1,1)
torch.conv3d(r(2,4,5,6,7),r(6,4,3,2,2),r(6))
torch.convolution(r(2,4,9),r(6,4,3),r(6),[1],[0],[1],False,[0],1)
torch.convolution(r(2,4,9),r(4,6,3),r(6),[2],[0],[1],True,[1],1)
F.conv_transpose1d(r(2,4,9),r(4,6,3),r(6))
F.conv_transpose1d(r(4,9),r(4,3,3),r(6),2,1,1,2,2)
F.conv_transpose2d(r(2,4,5,6),r(4,6,3,2),r(6))
F.conv_transpose2d(r(2,4,5,6),r(4,6,3,2),None,2,1)
F.conv_transpose2d(r(2,4,5,6),r(4,6,3,2),r(6),2,1,1,1,(1,2))
F.conv_transpose2d(r(2,4,5,6),r(4,6,3,3),r(6),(2,3),(1,0),(1,2),1,1)
F.conv_transpose2d(r(2,4,5,6),r(4,1,3,3),r(4),2,1,1,4)
F.conv_transpose3d(r(2,4,3,4,5),r(4,3,2,2,2),r(6),2,0,1,2)
F.conv_transpose3d(r(4,3,4,5),r(4,3,2,2,2),r(3),1,1)
F.conv_transpose2d(r(2,4,5,6),r(4,6,3,2),r(6),1,0,1)
F.conv_transpose2d(r(2,4,5,6),r(4,6,3,2),r(6),2,0,2)
F.conv_transpose2d(r(2,4,5,6),r(4,6,3,2),r(6),2,0,(1,-1))
F.conv_transpose2d(r(2,4,5,6),r(5,6,3,2),r(6))
F.conv_transpose2d(r(2,4,5,6),r(4,6,3,2),r(5))
F.conv_transpose2d(r(2,4,5,6),r(4,6,3,2),r(6),0)
F.conv_transpose2d(r(2,4,5,6),r(4,6,3,2),r(6),1,-1)
F.conv_transpose2d(r(2,4,5,6),r(4,6,3),r(6))
F.conv_transpose2d(r(2,4,5,6),r(4,6,3,2),r(6),1,0,0,3)
F.conv_transpose2d(r(2,4,5,6),r(4,6,3,2,dtype="float64"))
F.conv_transpose2d(r(2,4,5,6,dtype="bfloat16"),r(4,6,3,2,dtype="bfloat16"))
F.conv_transpose2d(r(0,4,5,6),r(4,6,3,2))
F.conv_transpose2d(r(5,6),r(4,6,3,2))
F.conv_transpose2d(n(5,2,4,5,6),n(5,4,6,3,2))
torch.conv_transpose1d(r(2,4,9),r(4,6,3),r(6))
torch.conv_transpose2d(r(2,4,5,6),r(4,6,3,2),r(6),2)
torch.conv_transpose3d(r(2,4,3,4,5),r(4,3,2,2,2),None)
F.conv2d(cl(2,3,6,6),r(5,3,3,3))
F.conv2d(r(2,3,6,6),cl(5,3,3,3))
F.conv2d(cl(2,1,6,6),r(5,1,3,3))
F.conv2d(r(2,1,6,6),r(5,1,3,3))
F.conv2d(r(2,3,1,1),r(5,3,1,1))
F.conv2d(cl(2,3,1,1),r(5,3,1,1))
F.conv2d(cl(1,3,6,6),r(5,3,3,3),None,2,1)
F.conv3d(cl(2,3,4,4,4),r(5,3,3,3,3))
F.conv_transpose2d(cl(2,3,6,6),r(3,5,3,3))
F.conv_transpose3d(cl(2,3,4,4,4),r(3,5,3,3,3))
F.conv2d(cl(2,3,6,6)[0],r(5,3,3,3))
""".strip().splitlines()


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_agrees(oracle, expression):
    """Values, gradients, gradients of gradients, errors, warnings and tape nodes are PyTorch's."""
    lines = differences(expression, (torch, F), (oracle, oracle.nn.functional))
    assert not lines, "\n".join(lines)


def test_known_answers():
    x = torch.tensor([[[1.0, 2.0, 3.0, 4.0]]])
    w = torch.tensor([[[1.0, 10.0]]])
    assert F.conv1d(x, w).tolist() == [[[21.0, 32.0, 43.0]]]
    assert F.conv1d(x, w, torch.tensor([0.5]), padding=1, stride=2).tolist() == [[[10.5, 32.5, 4.5]]]
    assert F.conv1d(x, w, padding="same").tolist() == [[[21.0, 32.0, 43.0, 4.0]]]
    assert F.conv_transpose1d(x, w).tolist() == [[[1.0, 12.0, 23.0, 34.0, 40.0]]]
    assert F.conv_transpose1d(x, w, stride=2, output_padding=1).shape == (1, 1, 9)


def test_gradient_of_a_mean_filter():
    x = torch.ones(1, 1, 4, 4, requires_grad=True)
    F.conv2d(x, torch.full((1, 1, 3, 3), 1.0)).sum().backward()
    assert x.grad[0, 0].tolist() == [[1, 2, 2, 1], [2, 4, 4, 2], [2, 4, 4, 2], [1, 2, 2, 1]]


def test_a_transposed_convolution_undoes_the_shape():
    for k, s, p, d in ((3, 2, 1, 1), (4, 2, 1, 1), (2, 3, 0, 2)):
        x = torch.randn(2, 3, 11)
        w = torch.randn(5, 3, k)
        y = F.conv1d(x, w, None, s, p, d)
        extra = (11 + 2 * p - d * (k - 1) - 1) % s
        back = F.conv_transpose1d(y, w, None, s, p, extra, 1, d)
        assert back.shape == x.shape
        # <conv(x), y> = <x, conv_transpose(y)>
        assert torch.allclose((y * y).sum(), (x * back).sum(), rtol=1e-4)


def test_the_input_may_not_change_before_backward():
    x = torch.randn(1, 1, 4, 4)
    w = torch.randn(1, 1, 3, 3, requires_grad=True)
    y = F.conv2d(x, w)
    x.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_even_kernels_warn_once_of_same_padding():
    import subprocess
    import sys

    program = ("import warnings; import rushlight as torch; import rushlight.nn.functional as F\n"
               "with warnings.catch_warnings(record=True) as seen:\n"
               "    warnings.simplefilter('always')\n"
               "    for _ in range(2): F.conv1d(torch.ones(1, 1, 5), torch.ones(1, 1, 4), padding='same')\n"
               "print(len(seen), seen[0].message)")
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert out.startswith("1 Using padding='same' with even kernel lengths")


def test_several_steps_reuse_the_plan():
    """The same shapes again give new values, not those of the first step."""
    w = torch.randn(2, 1, 3, 3, requires_grad=True)
    for step in range(4):
        x = torch.full((1, 1, 5, 5), float(step))
        (g,) = torch.autograd.grad(F.conv2d(x, w).sum(), w)
        assert np.array_equal(g.numpy(), np.full((2, 1, 3, 3), 9.0 * step, np.float32))
