"""torchsummary's place: `summary(model, input_size)` prints the layers of a model, their shapes and parameters.

The table is that of the package torchsummary 1.5.1, to the letter.
"""
from __future__ import annotations

import math

import rushlight as torch

__version__ = "1.5.1"
RULE = 64
MIB = 1024.0 * 1024.0
FLOAT_BYTES = 4.0  # whatever the dtypes are, as torchsummary counts


def summary(model, input_size, batch_size=-1, device="cuda"):
    """Print a table of the layers of `model`, in the order they run.

    input_size: a shape without the batch, or a list of them for several inputs. batch_size: what is shown for the batch.
    device: "cuda" (where there is none, the CPU is taken) or "cpu".  The model runs once on a batch of two random inputs.
    """
    device = device.lower()
    if device not in ("cuda", "cpu"):
        raise AssertionError("Input device is not valid, please specify 'cuda' or 'cpu'")
    sizes = [input_size] if isinstance(input_size, tuple) else input_size
    layers = _run(model, sizes, batch_size, "cuda" if device == "cuda" and torch.cuda.is_available() else "cpu")
    _print_table(layers, sizes, batch_size)


def _run(model, sizes, batch_size, device):
    """Rows of the table, as dictionaries, from one run of the model with a hook on every layer."""
    rows, handles = [], []

    def note(module, inputs, output):
        rows.append({
            "name": f"{type(module).__name__}-{len(rows) + 1}",
            "output_shape": _shown_shape(output, batch_size),
            "parameters": _parameters(module),
            "trainable": getattr(module.weight, "requires_grad", False) if hasattr(module, "weight") else False,
        })

    for module in model.modules():
        if module is not model and not isinstance(module, (torch.nn.Sequential, torch.nn.ModuleList)):
            handles.append(module.register_forward_hook(note))
    try:
        model(*[torch.rand(2, *size).to(device) for size in sizes])
    finally:
        for handle in handles:
            handle.remove()
    return rows


def _shown_shape(output, batch_size):
    """The shape of an output with the batch replaced; of several outputs a list of them, their batch always -1."""
    if isinstance(output, (list, tuple)):
        return [_shown_shape(part, -1) for part in output]
    return [batch_size, *output.size()[1:]]


def _elements(shape):
    """The product of all its numbers: of several outputs, too, torchsummary takes the product."""
    return math.prod(_elements(part) if isinstance(part, list) else part for part in shape)


def _parameters(module):
    """The size of `weight` and `bias`: torchsummary counts no others."""
    counted = (getattr(module, name, None) for name in ("weight", "bias"))
    return sum(math.prod(parameter.size()) for parameter in counted if hasattr(parameter, "size"))


def _print_table(rows, sizes, batch_size):
    print("-" * RULE)
    print(f"{'Layer (type)':>20}  {'Output Shape':>25} {'Param #':>15}")
    print("=" * RULE)
    for row in rows:
        print(f"{row['name']:>20}  {str(row['output_shape']):>25} {row['parameters']:>15,}")
    total = sum(row["parameters"] for row in rows)
    trainable = sum(row["parameters"] for row in rows if row["trainable"])
    outputs = sum(_elements(row["output_shape"]) for row in rows)
    input_mib = abs(math.prod(math.prod(size) for size in sizes) * batch_size * FLOAT_BYTES / MIB)
    output_mib = abs(2.0 * outputs * FLOAT_BYTES / MIB)  # twice: the values and their gradients
    parameters_mib = abs(total * FLOAT_BYTES / MIB)
    print("=" * RULE)
    print(f"Total params: {total:,}")
    print(f"Trainable params: {trainable:,}")
    print(f"Non-trainable params: {total - trainable:,}")
    print("-" * RULE)
    print(f"Input size (MB): {input_mib:0.2f}")
    print(f"Forward/backward pass size (MB): {output_mib:0.2f}")
    print(f"Params size (MB): {parameters_mib:0.2f}")
    print(f"Estimated Total Size (MB): {parameters_mib + output_mib + input_mib:0.2f}")
    print("-" * RULE)
