"""add_graph: the modules, the operations in them, and what flows between."""
import pytest

import rushlight as torch
from rushlight import nn
from rushlight.utils.tensorboard import SummaryWriter


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x):
        return self.act(self.conv(x)) + x


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 3)
        self.blocks = nn.Sequential(Block(), Block())
        self.fc = nn.Linear(4, 10)

    def forward(self, x, y):
        x = self.blocks(self.stem(x)).mean((2, 3))
        return self.fc(torch.cat([x, y])), x


@pytest.fixture
def nodes(tmp_path, events):
    """{name: node} of the graph of a model."""

    def draw(model, args, **options):
        from tensorboard.compat.proto.graph_pb2 import GraphDef

        with SummaryWriter(tmp_path) as writer:
            writer.add_graph(model, args, **options)
        found = events(tmp_path)["."]
        assert [event.tagged_run_metadata.tag for event in found if event.HasField("tagged_run_metadata")] == ["step1"]
        (graph,) = [GraphDef.FromString(event.graph_def) for event in found if event.graph_def]
        made = {node.name: node for node in graph.node}
        assert len(made) == len(graph.node)
        assert all(name in made for node in graph.node for name in node.input)
        return made

    return draw


def leads_to(nodes, source, target):
    """Whether data flow from one node to another."""
    waiting, seen = [target], set()
    while waiting:
        name = waiting.pop()
        if name == source:
            return True
        if name not in seen:
            seen.add(name)
            waiting.extend(nodes[name].input)
    return False


def in_scope(nodes, scope):
    return [name for name in nodes if name.startswith(scope + "/")]


def shape(node):
    return [dim.size for dim in node.attr["_output_shapes"].list.shape[0].dim]


def test_modules_are_scopes_and_data_flow_through_them(nodes):
    model = Net()
    made = nodes(model, (torch.rand(2, 1, 8, 8), torch.rand(1, 4)))
    for scope in ("Net/Conv2d[stem]", "Net/Sequential[blocks]/Block[0]/Conv2d[conv]", "Net/Sequential[blocks]/Block[1]/ReLU[act]",
                  "Net/Linear[fc]"):
        assert in_scope(made, scope), scope
    assert made["input/x"].op == made["input/y"].op == made["output/output.1"].op == "IO Node"
    assert shape(made["input/x"]) == [2, 1, 8, 8] and shape(made["output/output.1"]) == [3, 10]
    assert shape(made["Net/Linear[fc]/weight"]) == [10, 4] and made["Net/Linear[fc]/weight"].op == "Parameter"
    for source in ("input/x", "input/y", "Net/Conv2d[stem]/weight", "Net/Sequential[blocks]/Block[1]/Conv2d[conv]/bias", "Net/Linear[fc]/bias"):
        assert leads_to(made, source, "output/output.1"), source
    assert leads_to(made, "input/x", "output/output.2") and not leads_to(made, "input/y", "output/output.2")
    (first_add,) = [name for name in made if name.startswith("Net/Sequential[blocks]/Block[0]/add")]
    stem = [name for name in in_scope(made, "Net/Conv2d[stem]") if made[name].op != "Parameter"]
    assert any(name in stem for name in made[first_add].input)  # the residual leads past the block's layers
    assert any(name.startswith("Net/cat") for name in made)  # the model's own operations are in its own scope


def test_the_scopes_are_those_of_pytorch(nodes, oracle, tmp_path, events):
    from tensorboard.compat.proto.graph_pb2 import GraphDef
    from torch.utils.tensorboard import SummaryWriter as TheirWriter

    def scopes(names):
        return {"/".join(part for part in name.split("/")[:-1] if part not in ("weight", "bias")) for name in names} - {"input", "output"}

    theirs = oracle.nn
    model = theirs.Sequential(theirs.Conv2d(1, 2, 3), theirs.Sequential(theirs.ReLU(), theirs.Flatten()), theirs.Linear(8, 3))
    with TheirWriter(tmp_path / "theirs") as writer:
        writer.add_graph(model, oracle.rand(1, 1, 4, 4))
    (graph,) = [GraphDef.FromString(event.graph_def) for event in events(tmp_path / "theirs")["."] if event.graph_def]
    ours = nodes(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Sequential(nn.ReLU(), nn.Flatten()), nn.Linear(8, 3)), torch.rand(1, 1, 4, 4))
    assert scopes(ours) == scopes(node.name for node in graph.node)


def test_the_model_is_left_as_it_was(nodes):
    model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Dropout(), nn.Linear(3, 2))
    model[1].eval()
    model[0].weight.requires_grad_(False)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    inputs = torch.rand(4, 3)
    state = torch.get_rng_state()
    made = nodes(model, inputs)
    assert leads_to(made, "Sequential/Linear[0]/weight", "output/output.1")  # seen though frozen
    assert [module.training for module in model] == [True, False, True, True]
    assert not model[0].weight.requires_grad and model[3].weight.requires_grad
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert torch.equal(torch.get_rng_state(), state)


def test_indices_flow_too(nodes):
    made = nodes(nn.Sequential(nn.Embedding(7, 3), nn.Linear(3, 2)), torch.tensor([1, 2]))
    assert leads_to(made, "input/input", "output/output.1") and leads_to(made, "Sequential/Embedding[0]/weight", "output/output.1")


def test_a_module_without_gradients_is_one_node(nodes):
    class Winner(nn.Module):
        def forward(self, x):
            return x.argmax(1)

    made = nodes(nn.Sequential(nn.Linear(3, 2), Winner()), torch.rand(2, 3))
    assert leads_to(made, "Sequential/Linear[0]/weight", "Sequential/Winner[1]/winner")
    assert list(made["output/output.1"].input) == ["Sequential/Winner[1]/winner"]


def test_a_layer_used_twice_is_there_twice(nodes):
    layer = nn.Linear(3, 3)
    made = nodes(nn.Sequential(layer, nn.Tanh(), layer), torch.rand(2, 3))
    assert sum(node.op == "tanh" for node in made.values()) == 1
    assert {name for name in made if made[name].op == "Parameter"} == {"Sequential/Linear[0]/weight", "Sequential/Linear[0]/bias"}
    assert sum(node.op == "addmm" for node in made.values()) == 2


def test_inputs_may_be_nested_and_outputs_too(nodes):
    class Pair(nn.Module):
        def forward(self, both, scale=2.0):
            return {"sum": both[0] + both[1] * scale, "list": [both[0]]}

    made = nodes(Pair(), ([torch.rand(2), torch.rand(2)],))
    assert set(made) >= {"input/both.0", "input/both.1", "output/output.1", "output/output.2"}
    assert list(made["output/output.2"].input) == ["input/both.0"]


def test_a_model_that_fails_says_so_and_is_left_as_it_was(tmp_path, capsys):
    model = nn.Linear(2, 2)
    with SummaryWriter(tmp_path) as writer, pytest.raises(RuntimeError):
        writer.add_graph(model, torch.rand(1, 3))
    assert capsys.readouterr().out.endswith("Error occurs, No graph saved\n")
    assert model.training and not model._forward_hooks


def test_without_an_input(tmp_path):
    with SummaryWriter(tmp_path) as writer, pytest.raises(ValueError, match="input_to_model"):
        writer.add_graph(nn.Linear(2, 2))


def test_verbose_prints_it(nodes, capsys):
    nodes(nn.Linear(2, 2), torch.rand(1, 2), verbose=True)
    assert "output/output.1: IO Node(" in capsys.readouterr().out
