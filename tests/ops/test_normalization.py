"""Normalisation: batch, instance, layer, group, root mean square, local response."""
import numpy as np
import pytest

import rushlight as torch
import rushlight.nn.functional as F
from op_agreement import differences

EXPRESSIONS = """
F.batch_norm(r(4,3,5,5),torch.zeros(3),torch.ones(3),r(3),r(3),True,0.1,1e-5)
F.batch_norm(r(4,3),torch.zeros(3),torch.ones(3),r(3),r(3),True)
F.batch_norm(r(4,3,6),torch.zeros(3),torch.ones(3),None,None,True)
F.batch_norm(r(4,3,2,2,2),None,None,r(3),r(3),True)
F.batch_norm(r(4,3,2,2,2),None,None,r(3),None,True)
F.batch_norm(r(4,3,5),torch.zeros(3)+.5,torch.ones(3)*2,r(3),r(3))
F.batch_norm(r(4,3,5),torch.zeros(3)+.5,torch.ones(3)*2)
F.batch_norm(r(4,3,5),torch.zeros(3)+.5,torch.ones(3)*2,r(3),None)
(lambda m,v: (F.batch_norm(r(4,3,5),m,v,r(3),r(3),True,0.3),m,v))(torch.zeros(3),torch.ones(3))
(lambda m,v: (F.batch_norm(r(4,3,5,dtype="float64"),m,v,None,None,True,0.3),m,v))(torch.zeros(3).double(),torch.ones(3).double())
(lambda m,v: (F.batch_norm(r(4,3,5),m,v,r(3),r(3),False,0.3),m,v))(torch.zeros(3),torch.ones(3))
(lambda m,v: (F.batch_norm(r(4,3,5,dtype="bfloat16"),m,v,r(3,dtype="bfloat16"),r(3,dtype="bfloat16"),True,0.3),m,v))(torch.zeros(3).bfloat16(),torch.ones(3).bfloat16())
F.batch_norm(r(1,3),torch.zeros(3),torch.ones(3),r(3),r(3),True)
F.batch_norm(r(1,3,1,1),torch.zeros(3),torch.ones(3),r(3),r(3),True)
F.batch_norm(r(1,3,1,1),torch.zeros(3),torch.ones(3),r(3),r(3),False)
F.batch_norm(r(3),torch.zeros(3),torch.ones(3),r(3),r(3),True)
F.batch_norm(r(3),torch.zeros(3),torch.ones(3),r(3),r(3),False)
F.batch_norm(r(4,3),torch.zeros(4),torch.ones(4),r(3),r(3),True)
F.batch_norm(r(4,3),torch.zeros(4),torch.ones(4),r(3),r(3),False)
F.batch_norm(r(4,3),torch.zeros(3),torch.ones(4),r(3),r(3),True)
F.batch_norm(r(4,3),torch.zeros(3),torch.ones(3),r(4),r(3),True)
F.batch_norm(r(4,3),torch.zeros(3),torch.ones(3),r(3),r(4),True)
F.batch_norm(r(4,3),None,None,None,None,False)
F.batch_norm(r(4,3),torch.zeros(3),None,None,None,True)
F.batch_norm(r(4,3),torch.zeros(3),None,None,None,False)
F.batch_norm(n(5,4,3),torch.zeros(3),torch.ones(3),None,None,True)
F.batch_norm(r(4,3),torch.zeros(3),torch.ones(3),None,None,True,0.1,0.0)
F.batch_norm(r(4,3),torch.zeros(3),torch.ones(3),None,None,True,0.1,-1.0)
F.batch_norm(r(4,3),torch.zeros(3).double(),torch.ones(3).double(),None,None,True)
F.batch_norm(r(4,3,dtype="float64"),torch.zeros(3),torch.ones(3),None,None,True)
F.batch_norm(r(4,3),torch.zeros(3),torch.ones(3),r(3,dtype="float64"),r(3),True)
torch.batch_norm(r(4,3),r(3),r(3),torch.zeros(3),torch.ones(3),True,0.1,1e-5,False)
torch.native_batch_norm(r(4,3),r(3),r(3),torch.zeros(3),torch.ones(3),True,0.1,1e-5)
torch.native_batch_norm(r(4,3),r(3),r(3),torch.zeros(3),torch.ones(3),False,0.1,1e-5)
F.layer_norm(r(4,3,5),(5,))
F.layer_norm(r(4,3,5),(5,),r(5),r(5))
F.layer_norm(r(4,3,5),(3,5),r(3,5),r(3,5),1e-3)
F.layer_norm(r(4,3,5),(3,5),r(3,5))
F.layer_norm(r(5),(5,),r(5),r(5))
F.layer_norm(r(4,5),[5],r(5),r(5))
F.layer_norm(r(4,5),5,r(5),r(5))
F.layer_norm(r(4,5),(4,))
F.layer_norm(r(4,5),(5,),r(4),r(5))
F.layer_norm(r(4,5),(5,),r(5),r(4))
F.layer_norm(r(4,5),())
F.layer_norm(r(4,5),(2,4,5))
F.layer_norm(n(9,4,5),(5,))
F.layer_norm(r(4,5,dtype="float16"),(5,),r(5,dtype="float16"),r(5,dtype="float16"))
F.layer_norm(r(4,5,dtype="bfloat16"),(5,),r(5,dtype="bfloat16"),r(5,dtype="bfloat16"))
F.layer_norm(r(4,5,dtype="float64"),(5,),r(5,dtype="float64"),r(5,dtype="float64"))
F.layer_norm(r(4,5),(5,),r(5,dtype="float64"),r(5,dtype="float64"))
F.layer_norm(r(0,5),(5,),r(5),r(5))
F.layer_norm(r(4,0),(0,))
torch.layer_norm(r(4,5),(5,),r(5),r(5),1e-5,True)
torch.native_layer_norm(r(4,5),(5,),r(5),r(5),1e-5)
F.group_norm(r(4,6,5),3)
F.group_norm(r(4,6,5,5),2,r(6),r(6))
F.group_norm(r(4,6,5,5),1,r(6))
F.group_norm(r(4,6),6,r(6),r(6),1e-3)
F.group_norm(r(4,6,2),4)
F.group_norm(r(4,6,2),0)
F.group_norm(r(4,6,2),-1)
F.group_norm(r(6),2)
F.group_norm(r(1,6),6)
F.group_norm(r(2,6),6)
F.group_norm(r(4,6,2),2,r(5),r(6))
F.group_norm(r(4,6,2),2,r(6),r(5))
F.group_norm(r(0,6,2),2,r(6),r(6))
F.group_norm(n(9,4,6,2),2)
F.group_norm(r(4,6,2,dtype="bfloat16"),2,r(6,dtype="bfloat16"),r(6,dtype="bfloat16"))
torch.group_norm(r(4,6,2),2,r(6),r(6))
F.instance_norm(r(4,3,5))
F.instance_norm(r(4,3,5,5),None,None,r(3),r(3))
F.instance_norm(r(4,3,5,5),None,None,r(3),None)
(lambda m,v: (F.instance_norm(r(4,3,5),m,v,r(3),r(3),True,0.3),m,v))(torch.zeros(3),torch.ones(3))
(lambda m,v: (F.instance_norm(r(4,3,5),m,v,r(3),r(3),False,0.3),m,v))(torch.zeros(3)+.3,torch.ones(3)*2)
F.instance_norm(r(4,3,1))
F.instance_norm(r(4,3))
F.instance_norm(r(3))
F.instance_norm(r(4,3,5),None,None,None,None,False)
F.instance_norm(r(4,3,5),torch.zeros(3),None,None,None,False)
F.instance_norm(r(4,3,5),torch.zeros(4),torch.ones(4),None,None,True)
F.instance_norm(r(4,3,5,dtype="float64"),torch.zeros(3),torch.ones(3))
torch.instance_norm(r(4,3,5),r(3),r(3),None,None,True,0.1,1e-5,False)
F.rms_norm(r(4,5),(5,))
F.rms_norm(r(4,3,5),(3,5),r(3,5),1e-3)
F.rms_norm(r(4,3,5),[5],r(5))
F.rms_norm(r(4,5,dtype="float64"),(5,),r(5,dtype="float64"))
F.rms_norm(r(4,5,dtype="bfloat16"),(5,),r(5,dtype="bfloat16"))
F.rms_norm(r(4,5,dtype="float16"),(5,),r(5,dtype="float16"))
F.rms_norm(r(4,5),(4,))
F.rms_norm(r(4,5),(5,),r(4))
F.rms_norm(n(5,4,5),(5,))
torch.rms_norm(r(4,5),(5,),r(5),1e-5)
F.local_response_norm(r(4,6,5),2)
F.local_response_norm(r(4,6,5,5),3,0.1,0.5,2.0)
F.local_response_norm(r(4,6,2,3,4),3)
F.local_response_norm(r(4,6),3)
F.batch_norm(cl(2,3,6,6),None,None,None,None,True)
F.batch_norm(cl(2,3,6,6),torch.zeros(3),torch.ones(3),None,None,False)
F.batch_norm(cl(2,3,4,4,4),None,None,None,None,True)
F.batch_norm(r(2,3,6).transpose(0,2).reshape(6,3,2),None,None,None,None,True)
F.instance_norm(cl(2,3,6,6))
F.layer_norm(cl(2,3,6,6),(6,))
F.group_norm(cl(2,4,6,6),2)
F.group_norm(cl(2,4,3,3,3),2)
F.rms_norm(cl(2,3,6,6),(6,))
F.local_response_norm(cl(2,3,6,6),2)
""".strip().splitlines()

# float32 parameters on narrower images: PyTorch rounds in other places on the second way back
MIXED = """
(lambda m,v: (F.batch_norm(r(4,3,5,dtype="float16"),m,v,r(3),r(3),True,0.3),m,v))(torch.zeros(3),torch.ones(3))
(lambda m,v: (F.batch_norm(r(4,3,5,dtype="bfloat16"),m,v,r(3),r(3),True,0.3),m,v))(torch.zeros(3),torch.ones(3))
""".strip().splitlines()


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_agrees(oracle, expression):
    """Values, gradients, gradients of gradients, errors, warnings and tape nodes are PyTorch's."""
    lines = differences(expression, (torch, F), (oracle, oracle.nn.functional))
    assert not lines, "\n".join(lines)


@pytest.mark.parametrize("expression", MIXED)
def test_mixed_dtypes_agree(oracle, expression):
    lines = differences(expression, (torch, F), (oracle, oracle.nn.functional), order=1)
    assert not lines, "\n".join(lines)


def train(torch, steps=4):
    """A BatchNorm in training, in evaluation and with plain averages; what its buffers and gradients are."""
    layer = torch.nn.BatchNorm2d(3)
    averaging = torch.nn.BatchNorm2d(3, momentum=None)
    numbers = np.random.RandomState(1)
    seen = []
    for step in range(steps):
        x = torch.from_numpy(numbers.standard_normal((4, 3, 5, 5)).astype("f") * (step + 1) + step)
        layer.momentum = 0.1 * (step + 1)
        layer.zero_grad()
        (layer(x) ** 3).sum().backward()
        averaging(x)
        seen += [layer.running_mean.clone(), layer.running_var.clone(), layer.weight.grad.clone(), layer.bias.grad.clone()]
    layer.eval()
    seen += [layer(x), averaging.running_mean, averaging.running_var, layer.num_batches_tracked, averaging.num_batches_tracked]
    return [t.detach().numpy() for t in seen]


def test_training_agrees(oracle):
    for mine, right in zip(train(torch), train(oracle)):
        np.testing.assert_allclose(mine, right, rtol=2e-4, atol=1e-4)


def test_known_answers():
    x = torch.tensor([[1.0, 10.0], [3.0, 30.0]])
    mean, var = torch.zeros(2), torch.ones(2)
    out = F.batch_norm(x, mean, var, training=True, momentum=0.5, eps=1e-12)
    assert np.allclose(out.numpy(), [[-1, -1], [1, 1]])
    assert mean.tolist() == [1.0, 10.0] and var.tolist() == [1.5, 100.5]      # halves of the mean, and of the unbiased variance
    assert np.allclose(F.layer_norm(torch.tensor([1.0, 3.0]), (2,), eps=0.0).numpy(), [-1, 1])
    assert np.allclose(F.rms_norm(torch.tensor([3.0, 4.0]), (2,), eps=0.0).numpy(), np.array([3, 4]) / np.sqrt(12.5))


def test_running_statistics_count_no_version():
    """So a network may run twice before one backward, as in adversarial training."""
    layer = torch.nn.BatchNorm1d(2)
    before = layer.running_mean._version
    loss = layer(torch.randn(4, 2)).sum() + layer(torch.randn(4, 2)).sum()
    loss.backward()
    assert layer.running_mean._version == before
    assert layer.num_batches_tracked.item() == 2


def test_evaluation_keeps_the_statistics():
    layer = torch.nn.BatchNorm1d(2).eval()
    x = torch.randn(4, 2)
    assert np.allclose(layer(x).detach().numpy(), x.numpy() / np.sqrt(1 + 1e-5), atol=1e-6)
    assert layer.running_mean.tolist() == [0, 0] and layer.num_batches_tracked.item() == 0


def test_large_offsets_keep_their_digits():
    x = torch.randn(64, 2, 8) + 1000
    out = F.batch_norm(x, None, None, training=True)
    assert abs(out.mean().item()) < 1e-3 and abs(out.std().item() - 1) < 1e-2
