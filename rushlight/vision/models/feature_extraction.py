"""Features from the middle of a model (torchvision.models.feature_extraction).

torchvision traces the model's graph and names every node of it. Here the model runs as it is, hooks take what
modules give, and the run ends when the last wanted output is there.
"""

import re

import rushlight as torch

__all__ = ["create_feature_extractor", "get_graph_node_names"]


class FeatureExtractor(torch.nn.Module):
    """A model that gives a dict of its modules' outputs. It has the model's children: weights are shared, and are
    saved under the same names."""

    def __init__(self, model, train_nodes: dict[str, str], eval_nodes: dict[str, str]) -> None:
        super().__init__()
        for name, child in model.named_children():
            self.add_module(name, child)
        for name, parameter in model.named_parameters(recurse=False):
            self.register_parameter(name, parameter)
        for name, buffer in model.named_buffers(recurse=False):
            self.register_buffer(name, buffer)
        object.__setattr__(self, "_model", model)  # not as a child: its children are ours already
        self._train_nodes = train_nodes
        self._eval_nodes = eval_nodes
        self.train(model.training)

    def forward(self, *args, **kwargs) -> dict:
        self._model.training = self.training
        nodes = self._train_nodes if self.training else self._eval_nodes
        return {nodes[name]: output for name, output in _outputs(self._model, nodes, args, kwargs).items()}

    def _get_name(self) -> str:
        return type(self._model).__name__


class _AllThere(BaseException):
    """Ends a model's forward. Not an Exception: the model must not catch it."""


def _outputs(model, nodes, args, kwargs) -> dict:
    """Outputs of modules by name, in the order of the run; `name_1` is what `name` gives at its second call."""
    modules = dict(model.named_modules())
    outputs = {}
    handles = []
    for path in {_module_of(name, modules)[0] for name in nodes}:
        handles.append(modules[path].register_forward_hook(_keeper(path, nodes, outputs)))
    try:
        model.forward(*args, **kwargs)
    except _AllThere:
        pass
    finally:
        for handle in handles:
            handle.remove()
    for name in nodes:
        if name not in outputs:
            raise RuntimeError(f"the module of node '{name}' was not called (so often) in this forward pass")
    return outputs


def _keeper(path: str, nodes, outputs: dict):
    """A hook that keeps what is wanted of a module's outputs and ends the run when nothing is missing."""
    calls = 0

    def keep(module, args, output):
        nonlocal calls
        name = f"{path}_{calls}" if calls else path
        calls += 1
        if name in nodes:
            outputs[name] = output
            if len(outputs) == len(nodes):
                raise _AllThere

    return keep


def _module_of(name: str, modules) -> tuple[str, int]:
    """(path of the module, number of its call) that a node's name means. ValueError if there is none."""
    if name in modules:
        return name, 0
    repeated = re.fullmatch(r"(.+)_(\d+)", name)
    if repeated and repeated[1] in modules:
        return repeated[1], int(repeated[2])
    raise ValueError(
        f"node: '{name}' is not present in model. Hint: nodes are the model's modules here, see "
        "`dict(model.named_modules())`, and `name_1` is the second call of `name`; what functions give (add, flatten) "
        "has no name. It may even be that you need to specify `train_return_nodes` and `eval_return_nodes` separately."
    )


def _named(nodes) -> dict[str, str]:
    return {str(name): str(name) for name in nodes} if isinstance(nodes, list) else {
        str(name): str(new_name) for name, new_name in nodes.items()
    }  # fmt: skip


def create_feature_extractor(
    model,
    return_nodes=None,
    train_return_nodes=None,
    eval_return_nodes=None,
    tracer_kwargs: dict | None = None,
    suppress_diff_warning: bool = False,
    concrete_args: dict | None = None,
):
    """A module that runs `model` and gives a dict of its modules' outputs.

    `return_nodes`: names of modules, or a dict from them to names in the result; or one for training mode and one for
    evaluation. A module that is called repeatedly gives `name`, `name_1`, ... The last three arguments concern
    torchvision's tracing and change nothing.
    """
    if all(nodes is None for nodes in (return_nodes, train_return_nodes, eval_return_nodes)):
        raise ValueError(
            "Either `return_nodes` or `train_return_nodes` and `eval_return_nodes` together, should be specified"
        )
    if (train_return_nodes is None) != (eval_return_nodes is None):
        raise ValueError(
            "If any of `train_return_nodes` and `eval_return_nodes` are specified, then both should be specified"
        )
    if (return_nodes is None) == (train_return_nodes is None):
        raise ValueError("If `train_return_nodes` and `eval_return_nodes` are specified, then both should be specified")
    train_nodes = _named(return_nodes if train_return_nodes is None else train_return_nodes)
    eval_nodes = _named(return_nodes if eval_return_nodes is None else eval_return_nodes)
    modules = dict(model.named_modules())
    for name in [*train_nodes, *eval_nodes]:
        _module_of(name, modules)
    return FeatureExtractor(model, train_nodes, eval_nodes)


def get_graph_node_names(
    model, tracer_kwargs: dict | None = None, suppress_diff_warning: bool = False, concrete_args: dict | None = None
):
    """Not offered: Rushlight traces no graph of a model."""
    raise NotImplementedError(
        "get_graph_node_names is not implemented: Rushlight traces no graph of a model. create_feature_extractor takes "
        "the names of modules: [name for name, _ in model.named_modules()]"
    )
