"""torchviz.make_dot: the source of the drawing, and clear words where it cannot be drawn."""
import re
import shutil

import pytest

import rushlight
from rushlight.inspect.graph_drawing import make_dot, make_dot_from_trace

pytest.importorskip("graphviz")


def numbered(source: str) -> str:
    """A source with the nodes' ids replaced by numbers, in the order they appear."""
    ids = {}
    return re.sub(r"\b\d{9,}\b", lambda found: f"n{ids.setdefault(found.group(), len(ids))}", source)


DRAWN = """\
digraph {
	graph [size="12,12"]
	node [align=left fontname=monospace fontsize=10 height=0.2 ranksep=0.1 shape=box style=filled]
	n0 [label="
 ()" fillcolor=darkolivegreen1]
	n1 [label=SumBackward0]
	n2 -> n1
	n2 [label=ExpBackward0]
	n3 -> n2
	n3 [label=MulBackward0]
	n4 -> n3
	n5 [label="x
 (2, 3)" fillcolor=lightblue]
	n5 -> n4
	n4 [label=AccumulateGrad]
	n6 -> n3
	n7 [label="w
 (3)" fillcolor=lightblue]
	n7 -> n6
	n6 [label=AccumulateGrad]
	n1 -> n0
}
"""


def test_the_drawing():
    x, w = rushlight.rand(2, 3, requires_grad=True), rushlight.rand(3, requires_grad=True)
    assert numbered(make_dot((x * w).exp().sum(), params={"x": x, "w": w}).source) == DRAWN


def network(torch):
    nn = torch.nn
    # no nn.Linear: it is one op here, and its node has an edge to the weight itself, where PyTorch has a TBackward0 between
    model = nn.Sequential(nn.Conv2d(1, 2, 2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Tanh())
    return model(torch.rand(5, 1, 3, 3)).mean(), dict(model.named_parameters())


def several(torch):
    y = torch.rand(3, requires_grad=True)
    return (y * 2, y + 1, y), None


def views(torch):
    y = torch.rand(3, requires_grad=True)
    return (y * 2).view(3, 1).t(), {"y": y}


def in_place(torch):
    y = torch.rand(3, requires_grad=True)
    return (y * 2).relu_(), None


def repeated(torch):
    y = torch.rand(3, requires_grad=True)
    return torch.cat([y] * 20), None


def leaf(torch):
    return torch.rand(3, requires_grad=True), None


def function(torch):
    class Product(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            ctx.save_for_backward(x, y)
            return x * y

        @staticmethod
        def backward(ctx, gradient):
            x, y = ctx.saved_tensors
            return gradient * y, gradient * x

    y = torch.rand(3, requires_grad=True)
    return Product.apply(y, y), None


def deep(torch):
    y = torch.rand(3, requires_grad=True)
    for _ in range(50):
        y = y.exp()
    return y, None


@pytest.mark.parametrize("make", [network, several, views, in_place, repeated, leaf, function, deep])
def test_it_is_torchvizs_drawing(make, oracle, oracle_package):
    output, params = make(rushlight)
    their_output, their_params = make(oracle)
    theirs = oracle_package("torchviz").make_dot(their_output, params=their_params)
    assert numbered(make_dot(output, params=params).source) == numbered(theirs.source)


def test_a_long_graph_is_no_matter():
    y = rushlight.rand(3, requires_grad=True)
    for _ in range(3000):
        y = y + 1
    drawing = make_dot(y)
    assert drawing.source.count("AddBackward0") == 3000 and float(drawing.graph_attr["size"].split(",")[0]) > 500


def test_it_is_saved_without_graphvizs_program(tmp_path):
    make_dot(rushlight.rand(3, requires_grad=True) * 2).save(str(tmp_path / "graph.gv"))
    assert "MulBackward0" in (tmp_path / "graph.gv").read_text()


@pytest.mark.skipif(shutil.which("dot") is not None, reason="the program dot is here")
def test_without_the_program_dot_it_says_what_to_do(tmp_path):
    drawing = make_dot(rushlight.rand(3, requires_grad=True) * 2)
    for draw in (lambda: drawing.render(str(tmp_path / "graph")), drawing.pipe):
        with pytest.raises(RuntimeError, match="apt install graphviz"):
            draw()


def test_wrong_params():
    with pytest.raises(AssertionError):
        make_dot(rushlight.rand(3), params={"x": 3})


def test_the_trace_form_has_moved():
    with pytest.raises(NotImplementedError, match="has been moved to pytorch core"):
        make_dot_from_trace(None)
