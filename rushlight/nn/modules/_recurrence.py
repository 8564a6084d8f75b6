"""The recurrences of RNN, GRU and LSTM, written in tensor operations.

One step of each kind, one pass of a direction over time (plain or packed sequences), and the stack of
layers and directions with dropout between layers.  The input's share of all gates is one matrix product
for the whole sequence; only the state's share is computed step by step.
"""
import rushlight as torch

from .. import functional as F


class Weights:
    """The parameters of one layer and direction; biases and the projection may be None."""

    def __init__(self, ih, hh, bias_ih, bias_hh, hr):
        self.ih = ih
        self.hh = hh
        self.bias_ih = bias_ih
        self.bias_hh = bias_hh
        self.hr = hr

    def project(self, input):
        """The input's share of the gates; of any number of steps at once."""
        return F.linear(input, self.ih, self.bias_ih)


def _rnn_tanh_step(gates, states, weights):
    return (torch.tanh(gates + F.linear(states[0], weights.hh, weights.bias_hh)),)


def _rnn_relu_step(gates, states, weights):
    return (torch.relu(gates + F.linear(states[0], weights.hh, weights.bias_hh)),)


def _gru_step(gates, states, weights):
    hidden = states[0]
    input_r, input_z, input_n = gates.chunk(3, -1)
    hidden_r, hidden_z, hidden_n = F.linear(hidden, weights.hh, weights.bias_hh).chunk(3, -1)
    reset = torch.sigmoid(input_r + hidden_r)
    update = torch.sigmoid(input_z + hidden_z)
    new = torch.tanh(input_n + reset * hidden_n)
    return ((hidden - new) * update + new,)


def _lstm_step(gates, states, weights):
    hidden, cell = states
    gates = gates + F.linear(hidden, weights.hh, weights.bias_hh)
    input_gate, forget_gate, new, output_gate = gates.chunk(4, -1)
    cell = torch.sigmoid(forget_gate) * cell + torch.sigmoid(input_gate) * torch.tanh(new)
    hidden = torch.sigmoid(output_gate) * torch.tanh(cell)
    if weights.hr is not None:
        hidden = F.linear(hidden, weights.hr)
    return hidden, cell


_STEPS = {"RNN_TANH": _rnn_tanh_step, "RNN_RELU": _rnn_relu_step, "GRU": _gru_step, "LSTM": _lstm_step}


def step(mode, gates, states, weights):
    """New states, from the input's share of the gates and the old states."""
    return _STEPS[mode](gates, states, weights)


def _pass_plain(mode, input, states, weights, reverse):
    """One direction over (L, N, size): the outputs, stacked, and the last states."""
    advance = _STEPS[mode]
    steps = weights.project(input).unbind(0)
    outputs = []
    for gates in reversed(steps) if reverse else steps:
        states = advance(gates, states, weights)
        outputs.append(states[0])
    if reverse:
        outputs.reverse()
    return torch.stack(outputs), states


def _pass_packed(mode, data, states, weights, batch_sizes, reverse):
    """One direction over packed data.  Sequences are sorted by length, so the ones still running at a step
    are the first `batch_sizes[t]`; forwards, finished ones drop out, and backwards, they join."""
    advance = _STEPS[mode]
    steps = weights.project(data).split(batch_sizes, 0)
    if reverse:
        return _pass_packed_reverse(advance, steps, states, weights)
    outputs = []
    finished = []  # states of the sequences that ended, the shortest first
    running = batch_sizes[0]
    for gates in steps:
        size = gates.size(0)
        if size < running:
            finished.append(tuple(state[size:running] for state in states))
            states = tuple(state[:size] for state in states)
            running = size
        states = advance(gates, states, weights)
        outputs.append(states[0])
    finished.append(states)
    finished.reverse()
    last = tuple(torch.cat(parts, 0) for parts in zip(*finished)) if len(finished) > 1 else states
    return torch.cat(outputs, 0), last


def _pass_packed_reverse(advance, steps, initial, weights):
    outputs = []
    running = steps[-1].size(0)
    states = tuple(state[:running] for state in initial)
    for gates in reversed(steps):
        size = gates.size(0)
        if size > running:
            states = tuple(torch.cat((old, first[running:size]), 0) for old, first in zip(states, initial))
            running = size
        states = advance(gates, states, weights)
        outputs.append(states[0])
    outputs.reverse()
    return torch.cat(outputs, 0), states


def _weights_of(module, layer, reverse):
    suffix = f"_l{layer}" + ("_reverse" if reverse else "")
    return Weights(
        getattr(module, "weight_ih" + suffix),
        getattr(module, "weight_hh" + suffix),
        getattr(module, "bias_ih" + suffix) if module.bias else None,
        getattr(module, "bias_hh" + suffix) if module.bias else None,
        getattr(module, "weight_hr" + suffix) if module.proj_size else None,
    )


def run(module, input, states, batch_sizes):
    """All layers and directions of an RNNBase.

    Args:
        input: (L, N, size), (N, L, size) with batch_first, or packed (sum of lengths, size).
        states: one or two tensors (layers * directions, N, size).
        batch_sizes: of packed input, else None.

    Returns the output, laid out as the input, and the last states, a tuple like `states`.
    """
    mode = module.mode
    directions = 2 if module.bidirectional else 1
    if batch_sizes is not None:
        batch_sizes = batch_sizes.tolist()
    elif module.batch_first:
        input = input.transpose(0, 1)
    if input.size(0) == 0:
        raise RuntimeError("Expected sequence length to be larger than 0 in RNN")

    last_states = []
    for layer in range(module.num_layers):
        outputs = []
        for direction in range(directions):
            weights = _weights_of(module, layer, reverse=direction == 1)
            first = tuple(state[layer * directions + direction] for state in states)
            if batch_sizes is None:
                output, last = _pass_plain(mode, input, first, weights, reverse=direction == 1)
            else:
                output, last = _pass_packed(mode, input, first, weights, batch_sizes, reverse=direction == 1)
            outputs.append(output)
            last_states.append(last)
        input = torch.cat(outputs, -1) if directions == 2 else outputs[0]
        if module.dropout and module.training and layer < module.num_layers - 1:
            input = F.dropout(input, module.dropout, True)
    if batch_sizes is None and module.batch_first:
        input = input.transpose(0, 1)
    return input, tuple(torch.stack(parts) for parts in zip(*last_states))
