"""torchviz's place: `make_dot(loss)` draws the autograd graph behind a tensor, through graphviz.

Blue is a tensor that gradients are accumulated for, grey an operation, green an output, dark green the base of a view,
orange a tensor saved for backward.  The drawing's source is, but for the nodes' ids, that of the package torchviz 0.0.3.
"""
from __future__ import annotations

import rushlight as torch

__version__ = "0.0.3"
SAVED = "_saved_"  # how a grad_fn's attributes for what it saved begin
NODE_STYLE = {"style": "filled", "shape": "box", "align": "left", "fontsize": "10", "ranksep": "0.1", "height": "0.2",
              "fontname": "monospace"}
LEAST_SIZE, SIZE_PER_LINE = 12, 0.15  # inches


def make_dot(var, params=None, show_attrs=False, show_saved=False, max_attr_chars=50):
    """A `graphviz.Digraph` of what led to `var`, a tensor or a tuple of them.

    params: {name: tensor}, names to show. show_attrs: what each operation keeps for backward, cut to `max_attr_chars`;
    show_saved: the tensors among them, as nodes.
    """
    params = dict(params or {})
    if not all(isinstance(param, torch.Tensor) for param in params.values()):
        raise AssertionError("params: every value must be a tensor")
    drawing = _drawing()
    painter = _Painter(drawing, {id(param): name for name, param in params.items()}, show_attrs, show_saved, max_attr_chars)
    for output in var if isinstance(var, tuple) else (var,):
        painter.tensor(output, "darkolivegreen1")
    size = max(LEAST_SIZE, len(drawing.body) * SIZE_PER_LINE)
    drawing.graph_attr["size"] = f"{size},{size}"
    return drawing


def make_dot_from_trace(trace):
    """What torchviz answers: it has left the package."""
    raise NotImplementedError("This function has been moved to pytorch core and can be found here: "
                              "https://pytorch.org/docs/stable/tensorboard.html")


def _drawing():
    """An empty graph that says what is missing where it cannot be rendered."""
    try:
        from graphviz import Digraph, ExecutableNotFound
    except ImportError:
        raise ImportError("torchviz needs the package graphviz: pip install 'rushlight[viz]'") from None

    class Drawing(Digraph):
        """A Digraph; without the program `dot` it can be built, read (`.source`) and saved (`.save()`), not rendered."""

        def render(self, *args, **kwargs):
            return self._with_dot(super().render, args, kwargs)

        def pipe(self, *args, **kwargs):
            return self._with_dot(super().pipe, args, kwargs)

        @staticmethod
        def _with_dot(draw, args, kwargs):
            try:
                return draw(*args, **kwargs)
            except ExecutableNotFound as error:
                raise RuntimeError("drawing needs Graphviz's program `dot`, which is not on this machine: install it "
                                   "(Debian: apt install graphviz), or keep the source with .save('graph.gv')") from error

    return Drawing(node_attr=NODE_STYLE, graph_attr={"size": f"{LEAST_SIZE},{LEAST_SIZE}"})


class _Painter:
    """Puts tensors and the functions behind them into a drawing, each once."""

    def __init__(self, drawing, names, show_attrs, show_saved, max_attr_chars):
        self.drawing = drawing
        self.names = names  # id of a parameter: its name
        self.show_attrs, self.show_saved = show_attrs, show_saved
        self.max_attr_chars = max_attr_chars
        self.seen = set()  # it also keeps them alive, so that no id is used twice

    def tensor(self, tensor, color):
        """A tensor, what computed it, and its base if it is a view."""
        if tensor in self.seen:
            return
        self.seen.add(tensor)
        self._tensor_node(tensor, color)
        if tensor.grad_fn is not None:
            self._functions(tensor.grad_fn)
            self._edge(tensor.grad_fn, tensor)
        if tensor._is_view():
            self.tensor(tensor._base, "darkolivegreen3")
            self._edge(tensor._base, tensor, style="dotted")

    def _functions(self, last):
        """A function and those before it, depth first, on a stack: graphs may be deeper than Python's recursion."""
        if last in self.seen:
            return
        waiting = [self._steps(last)]
        while waiting:
            before = next(waiting[-1], None)
            if before is None:
                waiting.pop()
            elif before not in self.seen:
                waiting.append(self._steps(before))

    def _steps(self, function):
        """Draw a function; yields those before it in turn, each to be drawn before this goes on."""
        self.seen.add(function)
        if self.show_saved:
            self._saved_attributes(function)
        if hasattr(function, "variable"):  # an AccumulateGrad: where a leaf enters
            self.seen.add(function.variable)
            self._tensor_node(function.variable, "lightblue")
            self._edge(function.variable, function)
        self.drawing.node(str(id(function)), self._function_label(function))
        for before, _ in function.next_functions:
            if before is not None:
                self._edge(before, function)
                yield before
        if hasattr(function, "saved_tensors"):  # an autograd.Function of the user's: shown whatever show_saved says
            for tensor in function.saved_tensors:
                self.seen.add(tensor)
                self._edge(tensor, function, dir="none")
                self._tensor_node(tensor, "orange")

    # ------------------------------------------------------------------ nodes and edges
    def _edge(self, source, target, **style):
        self.drawing.edge(str(id(source)), str(id(target)), **style)

    def _tensor_node(self, tensor, color, name=None):
        size = ", ".join(str(length) for length in tensor.size())
        label = f"{name or self.names.get(id(tensor), '')}\n ({size})"
        self.drawing.node(str(id(tensor)), label, fillcolor=color)

    def _saved_attributes(self, function):
        for name, value in _saved(function):
            several = isinstance(value, tuple)
            for index, tensor in enumerate(value if several else (value,)):
                if isinstance(tensor, torch.Tensor):
                    self.seen.add(tensor)
                    self._edge(function, tensor, dir="none")
                    self._tensor_node(tensor, "orange", f"{name}[{index}]" if several else name)

    def _function_label(self, function):
        """The function's name, and below it, if wanted, a table of what it saved."""
        title = function.name().split("::")[-1]
        rows = [(name, _told(value)) for name, value in _saved(function)] if self.show_attrs else []
        if not rows:
            return title
        left = max(len(name) for name, _ in rows)
        right = min(max(len(text) for _, text in rows), max(self.max_attr_chars, 3))
        lines = [title, "-" * max(left + right + 2, len(title))]
        for name, text in rows:
            text = text if len(text) <= right else text[: right - 3] + "..."
            lines.append(f"{name:<{left}}: {text:>{right}}")
        return "\n".join(lines)


def _saved(function):
    """(name, value) of all that a grad_fn saved, by name."""
    return [(name[len(SAVED):], getattr(function, name)) for name in dir(function) if name.startswith(SAVED)]


def _told(value):
    if isinstance(value, torch.Tensor):
        return "[saved tensor]"
    if isinstance(value, tuple) and any(isinstance(part, torch.Tensor) for part in value):
        return "[saved tensors]"
    return str(value)
