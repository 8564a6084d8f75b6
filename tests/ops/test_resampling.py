"""Images resized and sampled."""
import numpy as np
import pytest

import rushlight as torch
import rushlight.nn.functional as F
from op_agreement import differences

EXPRESSIONS = """
F.interpolate(r(2,3,5),7)
F.interpolate(r(2,3,5),scale_factor=2)
F.interpolate(r(2,3,5),scale_factor=1.7)
F.interpolate(r(2,3,5,6),(7,3))
F.interpolate(r(2,3,5,6),scale_factor=(2.0,0.5))
F.interpolate(r(2,3,4,5,6),scale_factor=2)
F.interpolate(r(2,3,5,6),(7,3),mode="nearest-exact")
F.interpolate(r(2,3,5),7,mode="nearest-exact")
F.interpolate(r(2,3,5,4,3),7,mode="nearest-exact")
F.interpolate(r(2,3,5),7,mode="linear")
F.interpolate(r(2,3,5),7,mode="linear",align_corners=True)
F.interpolate(r(2,3,5,6),(7,3),mode="bilinear")
F.interpolate(r(2,3,5,6),(7,3),mode="bilinear",align_corners=True)
F.interpolate(r(2,3,5,6),scale_factor=1.6,mode="bilinear")
F.interpolate(r(2,3,5,6),scale_factor=1.6,mode="bilinear",recompute_scale_factor=True)
F.interpolate(r(2,3,5,6),scale_factor=0.6,mode="bilinear",antialias=True)
F.interpolate(r(2,3,5,6),(3,4),mode="bilinear",antialias=True)
F.interpolate(r(2,3,5,6),(3,4),mode="bicubic",antialias=True)
F.interpolate(r(2,3,5,6),(3,9),mode="bicubic",antialias=True,align_corners=True)
F.interpolate(r(2,3,5,6),(7,3),mode="bicubic")
F.interpolate(r(2,3,5,6),(7,3),mode="bicubic",align_corners=True)
F.interpolate(r(2,3,5,6),scale_factor=1.6,mode="bicubic")
F.interpolate(r(2,3,4,5,6),(7,3,2),mode="trilinear")
F.interpolate(r(2,3,4,5,6),(7,3,2),mode="trilinear",align_corners=True)
F.interpolate(r(2,3,5),3,mode="area")
F.interpolate(r(2,3,5,6),(3,4),mode="area")
F.interpolate(r(2,3,4,5,6),(3,4,2),mode="area")
F.interpolate(r(2,3,5,6,dtype="float64"),(7,3),mode="bilinear")
F.interpolate(r(2,3,5,6,dtype="float16"),(7,3),mode="bilinear")
F.interpolate(r(2,3,5,6,dtype="bfloat16"),(7,3),mode="bilinear")
F.interpolate(r(2,3,5,6,dtype="bfloat16"),(7,3),mode="bicubic")
F.interpolate(n(200,2,3,5,6,dtype="uint8"),(7,3))
F.interpolate(n(200,2,3,5,6,dtype="uint8"),(7,3),mode="bilinear")
F.interpolate(n(200,2,3,5,6,dtype="uint8"),(7,3),mode="bicubic",align_corners=True)
F.interpolate(n(200,2,3,5,6,dtype="uint8"),(3,3),mode="bilinear",antialias=True)
F.interpolate(n(200,2,3,5,6),(7,3))
F.interpolate(n(200,2,3,5,6),(7,3),mode="bilinear")
F.interpolate(r(2,3,5,6))
F.interpolate(r(2,3,5,6),7,2.0)
F.interpolate(r(2,3,5,6),(7,))
F.interpolate(r(2,3,5,6),scale_factor=(2.0,))
F.interpolate(r(2,3,5,6),(7,3),mode="linear")
F.interpolate(r(2,3,5),7,mode="bilinear")
F.interpolate(r(2,3,5,6),(7,3),mode="foo")
F.interpolate(r(2,3,5,6),(7,3),align_corners=True)
F.interpolate(r(3,5),7)
F.interpolate(r(5),7)
F.interpolate(r(2,3,5,6),(7,3),antialias=True)
F.interpolate(r(2,3,5,6),(7,3),recompute_scale_factor=True)
F.interpolate(r(2,3,5,6),(0,3))
F.interpolate(r(2,3,5,6),(-1,3))
F.interpolate(r(2,3,0,6),(1,3))
F.interpolate(r(0,3,4,6),(1,3))
F.interpolate(r(2,3,5,6),scale_factor=0.1)
F.upsample(r(2,3,5),7)
F.upsample(r(2,3,5,6),scale_factor=2,mode="bilinear",align_corners=True)
F.upsample_nearest(r(2,3,5,6),scale_factor=2)
F.upsample_bilinear(r(2,3,5,6),scale_factor=2)
F.grid_sample(r(2,3,5,6),r(2,4,4,2),align_corners=False)
F.grid_sample(r(2,3,5,6),r(2,4,4,2))
F.grid_sample(r(2,3,5,6),r(2,4,4,2),align_corners=True)
F.grid_sample(r(2,3,5,6),r(2,4,4,2),"nearest","border",False)
F.grid_sample(r(2,3,5,6),r(2,4,4,2),"bilinear","border",False)
F.grid_sample(r(2,3,5,6),r(2,4,4,2),"bilinear","reflection",False)
F.grid_sample(r(2,3,5,6),r(2,4,4,2),"bilinear","reflection",True)
F.grid_sample(r(2,3,5,6),r(2,4,4,2),"bicubic","zeros",False)
F.grid_sample(r(2,3,5,6),r(2,4,4,2),"bicubic","border",True)
F.grid_sample(r(2,3,5,6),r(2,4,4,2,grad=False),align_corners=False)
F.grid_sample(r(2,3,5,6,grad=False),r(2,4,4,2),align_corners=False)
F.grid_sample(r(2,3,5,6,4),r(2,4,4,4,3),align_corners=False)
F.grid_sample(r(2,3,5,6,4),r(2,4,4,4,3),"nearest","reflection",align_corners=True)
F.grid_sample(r(2,3,5,6,4),r(2,4,4,4,3),"bicubic",align_corners=True)
F.grid_sample(r(2,3,5,6),r(2,4,4,2),"foo",align_corners=False)
F.grid_sample(r(2,3,5,6),r(2,4,4,2),"bilinear","foo",align_corners=False)
F.grid_sample(r(2,3,5,6),r(3,4,4,2),align_corners=False)
F.grid_sample(r(2,3,5,6),r(2,4,4,3),align_corners=False)
F.grid_sample(r(2,3,5),r(2,4,4,2),align_corners=False)
F.grid_sample(r(2,3,5,6),r(2,4,2),align_corners=False)
F.grid_sample(r(2,3,0,6),r(2,4,4,2),align_corners=False)
F.grid_sample(r(2,3,5,6),r(2,4,4,2,dtype="float64"),align_corners=False)
F.grid_sample(r(2,3,5,6,dtype="float64"),r(2,4,4,2,dtype="float64"),align_corners=False)
F.grid_sample(r(0,3,5,6),r(0,4,4,2),align_corners=False)
torch.grid_sampler(r(2,3,5,6),r(2,4,4,2),0,0,False)
torch.grid_sampler_2d(r(2,3,5,6),r(2,4,4,2),0,0,False)
F.affine_grid(r(2,2,3),(2,3,4,5),align_corners=False)
F.affine_grid(r(2,2,3),[2,3,4,5],align_corners=True)
F.affine_grid(r(2,2,3),torch.Size([2,3,4,5]))
F.affine_grid(r(2,3,4),(2,3,4,5,3),align_corners=False)
F.affine_grid(r(2,3,4),(2,3,4,5,3),align_corners=True)
F.affine_grid(r(2,2,3),(2,3,1,5),align_corners=True)
F.affine_grid(r(2,3,3),(2,3,4,5),align_corners=False)
F.affine_grid(r(2,3),(2,3,4,5),align_corners=False)
F.affine_grid(r(2,2,3),(2,3,4),align_corners=False)
F.affine_grid(r(2,2,3),(3,3,4,5),align_corners=False)
F.affine_grid(n(5,2,2,3),(2,3,4,5),align_corners=False)
F.affine_grid(r(2,2,3),(2,3,0,5),align_corners=False)
torch.affine_grid_generator(r(2,2,3),(2,3,4,5),False)
F.interpolate(cl(2,3,6,6),9)
F.interpolate(cl(2,3,6,6),12)
F.interpolate(cl(2,3,6,6),9,mode="bilinear")
F.interpolate(cl(2,3,6,6),9,mode="bicubic")
F.interpolate(cl(2,3,6,6),4,mode="bilinear",antialias=True)
F.interpolate(cl(2,3,6,6),4,mode="area")
F.interpolate(cl(2,3,4,4,4),6,mode="trilinear")
F.interpolate(cl(2,3,4,4,4),6)
F.grid_sample(cl(2,3,6,6),r(2,4,4,2),align_corners=False)
""".strip().splitlines()


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_agrees(oracle, expression):
    """Values, gradients, gradients of gradients, errors, warnings and tape nodes are PyTorch's."""
    lines = differences(expression, (torch, F), (oracle, oracle.nn.functional))
    assert not lines, "\n".join(lines)


def test_known_answers():
    x = torch.tensor([[[0.0, 4.0]]])
    assert F.interpolate(x, 4).tolist() == [[[0, 0, 4, 4]]]
    assert F.interpolate(x, 4, mode="linear").tolist() == [[[0, 1, 3, 4]]]
    assert F.interpolate(x, 3, mode="linear", align_corners=True).tolist() == [[[0, 2, 4]]]
    assert F.interpolate(x, 1, mode="area").tolist() == [[[2]]]


def test_gradients_count_the_copies():
    x = torch.zeros(1, 1, 2, 2, requires_grad=True)
    F.interpolate(x, scale_factor=3).sum().backward()
    assert x.grad.tolist() == [[[[9, 9], [9, 9]]]]


@pytest.mark.parametrize("align_corners", [False, True])
def test_the_identity_samples_the_image_itself(align_corners):
    x = torch.randn(2, 3, 5, 7)
    theta = torch.tensor([[[1.0, 0, 0], [0, 1, 0]]] * 2)
    grid = F.affine_grid(theta, x.shape, align_corners=align_corners)
    assert np.allclose(F.grid_sample(x, grid, align_corners=align_corners).numpy(), x.numpy(), atol=1e-5)


def test_a_mirrored_grid_mirrors():
    x = torch.randn(1, 1, 4, 6)
    theta = torch.tensor([[[-1.0, 0, 0], [0, 1, 0]]])
    grid = F.affine_grid(theta, x.shape, align_corners=False)
    assert np.allclose(F.grid_sample(x, grid, align_corners=False).numpy(), x.numpy()[..., ::-1], atol=1e-5)
