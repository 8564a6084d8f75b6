"""The names on disk, and plain pickle."""
import copy
import os
import pickle
import subprocess
import sys

import pytest

import rushlight as torch
from rushlight.serialization import names


@pytest.mark.parametrize("ours,theirs", [
    ("rushlight", "torch"), ("rushlight.nn.modules.linear", "torch.nn.modules.linear"),
    ("rushlight.vision", "torchvision"), ("rushlight.vision.models.resnet", "torchvision.models.resnet"),
    ("rushlight.visionary", "torch.visionary"), ("collections", "collections"), ("rushlights", "rushlights"),
])
def test_modules_map_both_ways(ours, theirs):
    assert names.disk_module(ours) == theirs and names.home_module(theirs) == ours


@pytest.mark.parametrize("theirs", ["torchmetrics", "torch_geometric.nn", "torchvisionary"])
def test_other_peoples_modules_keep_their_names(theirs):
    assert names.home_module(theirs) == theirs


def test_public_names():
    assert names.disk_name(torch.Tensor) == ("torch", "Tensor")
    assert names.disk_name(torch.Size) == ("torch", "Size")
    assert names.disk_name(torch.device) == ("torch", "device")
    assert names.disk_name(torch.float32) == ("torch", "float32")
    assert names.disk_name(torch.FloatStorage) == ("torch", "FloatStorage")
    assert names.disk_name(torch.UntypedStorage) == ("torch.storage", "UntypedStorage")
    assert names.disk_name(torch.nn.Parameter) == ("torch.nn.parameter", "Parameter")
    assert names.disk_name(torch.nn.Linear) == ("torch.nn.modules.linear", "Linear")
    assert names.disk_name(dict) is None and names.disk_name(os.path.join) is None


def test_classes_of_the_real_torch_are_not_ours(oracle):
    assert names.disk_name(oracle.nn.Linear) is None and names.disk_name(oracle.Tensor) is None


def test_missing_names_are_named():
    with pytest.raises(NotImplementedError, match="torch.nn.modules.telepathy.Telepath, which Rushlight does not have"):
        names.find("torch.nn.modules.telepathy", "Telepath")
    with pytest.raises(NotImplementedError, match="torch.telepath"):
        names.find("torch", "telepath")
    with pytest.raises(ModuleNotFoundError):
        names.find("no_such_package", "thing")
    with pytest.raises(AttributeError, match="Can't get attribute 'nothing'"):
        names.find("collections", "nothing")


# ---------------------------------------------------------------- plain pickle
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_pickle(protocol):
    tensor = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    made = {"t": tensor.t(), "p": torch.nn.Parameter(tensor[1]), "b": torch.tensor([1.5], dtype=torch.bfloat16),
            "u": torch.tensor([7], dtype=torch.uint16), "s": torch.FloatStorage([1.0])}
    loaded = pickle.loads(pickle.dumps(made, protocol))
    assert loaded["t"].tolist() == [[1.0, 3.0], [2.0, 4.0]] and tuple(loaded["t"].stride()) == (1, 2)
    assert type(loaded["p"]) is torch.nn.Parameter and loaded["p"].requires_grad and loaded["p"].storage_offset() == 2
    assert loaded["b"].tolist() == [1.5] and loaded["u"].dtype == torch.uint16 and loaded["s"].tolist() == [1.0]


def test_plain_pickle_of_what_surrounds_tensors():
    made = [torch.Size([2, 3]), torch.device("cpu"), torch.float32, torch.nn.Linear(1, 1)]
    loaded = pickle.loads(pickle.dumps(made))
    assert loaded[:3] == made[:3] and loaded[2] is torch.float32 and type(loaded[0]) is torch.Size
    assert loaded[3].weight.tolist() == made[3].weight.tolist()


def test_copies():
    tensor = torch.tensor([1.0, 2.0], requires_grad=True)
    assert copy.copy(tensor).tolist() == copy.deepcopy(tensor).tolist() == [1.0, 2.0]
    storage = torch.FloatStorage([1.0, 2.0])
    assert copy.deepcopy(storage).tolist() == [1.0, 2.0] and copy.deepcopy(storage) != storage


IN_A_RUN = """
import pickle, sys, torch
assert torch.__name__ == "rushlight"
path = sys.argv[1]
with open(path, "rb") as file:
    loaded = pickle.load(file)
assert type(loaded) is torch.nn.Parameter and loaded.tolist() == [2.0, 3.0], loaded
with open(path, "wb") as file:
    pickle.dump([loaded, torch.arange(3.)[1:]], file)
"""


def test_plain_pickles_cross_where_the_names_are_aliased(oracle, tmp_path):
    """In a program under `rushlight run`, `pickle` itself reads PyTorch's tensors and writes what PyTorch reads."""
    path = tmp_path / "plain.pkl"
    with open(path, "wb") as file:
        pickle.dump(oracle.nn.Parameter(oracle.tensor([2.0, 3.0])), file)
    subprocess.run([sys.executable, "-m", "rushlight", "run", "-c", IN_A_RUN, str(path)], check=True, timeout=60)
    with open(path, "rb") as file:
        parameter, view = pickle.load(file)
    assert type(parameter) is oracle.nn.Parameter and parameter.tolist() == [2.0, 3.0]
    assert type(view) is oracle.Tensor and view.tolist() == [1.0, 2.0]
