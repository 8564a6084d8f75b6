"""The graph of a model, for `SummaryWriter.add_graph`: its modules, the operations in them, and what flows between.

The model runs once, in evaluation mode.  Hooks tell when a module begins and ends; what it computed in between is read
off the autograd graph behind its outputs.  So a node is an operation that has a gradient, in the scope of the innermost
module that made it (`Net/Sequential[body]/Linear[0]/addmm`); where no gradient flows (an argmax, a model of integers)
a module is one node.  Names, scopes and the kinds of the nodes are those that TensorBoard's page expects.
"""
from __future__ import annotations

import re
from functools import partial

import rushlight as torch

INPUT_OUTPUT = "IO Node"


def graph(model, args, verbose=False):
    """(GraphDef, RunMetadata) of `model(*args)`."""
    from tensorboard.compat.proto.config_pb2 import RunMetadata
    from tensorboard.compat.proto.graph_pb2 import GraphDef
    from tensorboard.compat.proto.step_stats_pb2 import DeviceStepStats, StepStats
    from tensorboard.compat.proto.versions_pb2 import VersionDef

    if args is None:
        raise ValueError("add_graph needs an input: add_graph(model, input_to_model)")
    args = args if isinstance(args, tuple) else (args,)
    with Trace(model) as trace:
        try:
            trace.run(args)
        except RuntimeError as error:
            print(error)
            print("Error occurs, No graph saved")
            raise
    if verbose:
        for node in trace.nodes.values():
            print(f"{node['name']}: {node['op']}({', '.join(node['inputs'])})")
    protos = [_node_proto(**node) for node in trace.nodes.values()]
    statistics = RunMetadata(step_stats=StepStats(dev_stats=[DeviceStepStats(device="/device:CPU:0")]))
    return GraphDef(node=protos, versions=VersionDef(producer=22)), statistics


def _node_proto(name, op, inputs, shape):
    from tensorboard.compat.proto.attr_value_pb2 import AttrValue
    from tensorboard.compat.proto.node_def_pb2 import NodeDef
    from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto

    attributes = {"attr": AttrValue(s=b"")}
    if shape is not None:
        dims = TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in shape])
        attributes["_output_shapes"] = AttrValue(list=AttrValue.ListValue(shape=[dims]))
    return NodeDef(name=name, op=op, input=inputs, attr=attributes)


def tensors_in(value) -> list:
    """The tensors of nested tuples, lists and dictionaries."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, (tuple, list)):
        return []
    return [tensor for part in value for tensor in tensors_in(part)]


def operation_name(grad_fn) -> str:
    """AddmmBackward0 -> addmm; what an `autograd.Function` named MyOp left behind -> my_op."""
    words = re.sub(r"Backward\d*$", "", grad_fn.name().split("::")[-1]) or "operation"
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", words).lower()


class Trace:
    """One run of a model, watched. As a context it lends the model evaluation mode and takes its hooks off again."""

    def __init__(self, model):
        self.model = model
        self.nodes = {}  # name: fields of the node, in the order made
        self.scopes = self._scopes(model, type(model).__name__)
        self.parameters = {}  # id of a parameter: (its scope, its name, itself)
        for module, scope in self.scopes.items():
            for name, parameter in module.named_parameters(recurse=False):
                self.parameters.setdefault(id(parameter), (scope, name, parameter))
        self.running = []  # scopes of the modules begun and not ended
        self.made_by = {}  # grad_fn: name of its node
        self.known = {}  # id of a tensor: name of the node that made it
        self.held = []  # tensors and grad_fns stay alive, so that no id is used twice
        self.restore = []  # calls that leave the model as it was

    def _scopes(self, module, scope):
        """{module: scope}; a module that is there twice has the first of its places."""
        found = {module: scope}
        for name, child in module.named_children():
            for below, below_scope in self._scopes(child, f"{scope}/{type(child).__name__}[{name}]").items():
                found.setdefault(below, below_scope)
        return found

    def __enter__(self):
        for module in self.scopes:
            self.restore.append(partial(setattr, module, "training", module.training))
            module.training = False
            self.restore.append(module.register_forward_pre_hook(self.begin).remove)
            self.restore.append(module.register_forward_hook(self.end).remove)
        for _, _, parameter in self.parameters.values():
            if not parameter.requires_grad and parameter.is_floating_point():
                self.restore.append(partial(parameter.requires_grad_, False))
                parameter.requires_grad_(True)
        return self

    def __exit__(self, *error):
        for put_back in reversed(self.restore):
            put_back()

    # ------------------------------------------------------------------ the run
    def run(self, args):
        with torch.enable_grad():
            outputs = self.model(*[self._input(value, index) for index, value in enumerate(args)])
        for index, output in enumerate(tensors_in(outputs)):
            self.node(f"output/output.{index + 1}", INPUT_OUTPUT, [self.source(output)], output.shape)

    def _input(self, value, index, place=""):
        """A copy of an argument, each of its tensors being the node of an input; floats so that gradients flow."""
        if isinstance(value, dict):
            return {key: self._input(part, index, f"{place}.{key}") for key, part in value.items()}
        if isinstance(value, (tuple, list)):
            return type(value)([self._input(part, index, f"{place}.{at}") for at, part in enumerate(value)])
        if not isinstance(value, torch.Tensor):
            return value
        value = value.detach()
        if value.is_floating_point():
            # A clone, not the leaf itself: the model may write into it.
            value = value.requires_grad_().clone()
        name = self.node(f"input/{self._argument_name(index)}{place}", INPUT_OUTPUT, [], value.shape)
        self.know(value, name)
        return value

    def _argument_name(self, index):
        import inspect

        names = [p.name for p in inspect.signature(self.model.forward).parameters.values() if p.kind != p.VAR_POSITIONAL]
        return names[index] if index < len(names) else f"input.{index}"

    def begin(self, module, inputs):
        """What was computed so far, and is in no node yet, belongs to the module around this one."""
        if self.running:
            for tensor in tensors_in(inputs):
                self.source(tensor)
        self.running.append(self.scopes[module])

    def end(self, module, inputs, outputs):
        before = len(self.nodes)
        sources = [self.source(tensor) for tensor in tensors_in(inputs)]
        for tensor in tensors_in(outputs):
            if self.source(tensor) is None:  # no gradient leads to it: the module is one node
                name = type(module).__name__
                self.know(tensor, self.node(f"{self.running[-1]}/{name.lower()}", name, sources, tensor.shape))
            self._tell_shape(tensor)
        self._join_integers(list(self.nodes.values())[before:], tensors_in(inputs))
        self.running.pop()

    def _join_integers(self, made, inputs):
        """Indices have no gradient, so no edge yet: they enter where a module's operations have parameters alone."""
        indices = [self.known[id(t)] for t in inputs if id(t) in self.known and not t.is_floating_point()]
        operations = [node for node in made if node["op"] not in ("Parameter", INPUT_OUTPUT)]
        if any(name in node["inputs"] for node in operations for name in indices):
            return
        for node in operations:
            if all(self.nodes[name]["op"] == "Parameter" for name in node["inputs"] if name in self.nodes):
                node["inputs"] = indices + node["inputs"]

    # ------------------------------------------------------------------ nodes
    def node(self, name, op, inputs, shape=None):
        """Add a node; a name that is taken gets a number."""
        number, unique = 1, name
        while unique in self.nodes:
            number += 1
            unique = f"{name}_{number}"
        inputs = [source for source in inputs if source is not None]
        self.nodes[unique] = {"name": unique, "op": op, "inputs": inputs, "shape": None if shape is None else tuple(shape)}
        return unique

    def know(self, tensor, name):
        """Remember which node made a tensor."""
        self.held.append(tensor)
        self.known[id(tensor)] = name
        if tensor.grad_fn is not None:
            self.made_by[tensor.grad_fn] = name

    def source(self, tensor):
        """The name of the node that made a tensor; None where it is not known."""
        if tensor.grad_fn is not None:
            self._add_operations(tensor.grad_fn)
            return self.made_by[tensor.grad_fn]
        if id(tensor) in self.parameters:
            return self._parameter(tensor)
        return self.known.get(id(tensor))

    def _tell_shape(self, tensor):
        name = self.source(tensor)
        if name is not None and self.nodes[name]["shape"] is None:
            self.nodes[name]["shape"] = tuple(tensor.shape)

    def _parameter(self, tensor):
        if id(tensor) not in self.known:
            scope, name, _ = self.parameters[id(tensor)]
            self.know(tensor, self.node(f"{scope}/{name}", "Parameter", [], tensor.shape))
        return self.known[id(tensor)]

    def _add_operations(self, last):
        """Nodes for `last` and all before it that have none, those before it first."""
        scope = self.running[-1] if self.running else self.scopes[self.model]
        waiting = [(last, False)]  # (grad_fn, whether those before it are done); a stack, for graphs deeper than Python's
        while waiting:
            grad_fn, ready = waiting.pop()
            if grad_fn in self.made_by:
                continue
            variable = getattr(grad_fn, "variable", None)
            before = [function for function, _ in grad_fn.next_functions if function is not None]
            if variable is not None:  # an AccumulateGrad: where a leaf enters
                self.made_by[grad_fn] = self._leaf(variable)
            elif ready:
                op = operation_name(grad_fn)
                self.made_by[grad_fn] = self.node(f"{scope}/{op}", op, [self.made_by[function] for function in before])
            else:
                waiting.append((grad_fn, True))
                waiting.extend((function, False) for function in reversed(before))

    def _leaf(self, variable):
        if id(variable) in self.parameters:
            return self._parameter(variable)
        if id(variable) not in self.known:  # a tensor that requires grad and is no parameter of the model
            self.know(variable, self.node("constant/tensor", "Constant", [], variable.shape))
        return self.known[id(variable)]
