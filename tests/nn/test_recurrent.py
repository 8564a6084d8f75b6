"""Recurrent layers on packed sequences, with given states, and the tools for sequences of different lengths."""
import numpy as np
import pytest

import rushlight as torch

from .compare import assert_close, outcome

LENGTHS = [3, 5, 1, 4]


def packed_run(T, kind, enforce_sorted=False, lengths=LENGTHS, given=True, **options):
    T.manual_seed(0)
    layer = getattr(T.nn, kind)(3, 4, **options)
    random = np.random.default_rng(0)
    data = T.from_numpy(random.standard_normal((len(lengths), max(lengths), 3)).astype("float32")).requires_grad_()
    packed = T.nn.utils.rnn.pack_padded_sequence(data, lengths, batch_first=True, enforce_sorted=enforce_sorted)
    states = None
    if given:
        rows = options.get("num_layers", 1) * (2 if options.get("bidirectional") else 1)
        sizes = [options.get("proj_size") or 4] + [4] * (kind == "LSTM")
        tensors = [T.from_numpy(random.standard_normal((rows, len(lengths), size)).astype("float32")) for size in sizes]
        states = tuple(tensors) if kind == "LSTM" else tensors[0]
    output, last = layer(packed, states)
    padded, sizes = T.nn.utils.rnn.pad_packed_sequence(output, batch_first=True, padding_value=-1.0, total_length=6)
    (padded.sum() + (last[0] if kind == "LSTM" else last).pow(2).sum()).backward()
    return padded, sizes, last, data.grad, [p.grad for p in layer.parameters()]


@pytest.mark.parametrize("options", [
    {}, {"bidirectional": True}, {"num_layers": 2, "bidirectional": True}, {"given": False, "bias": False},
    {"enforce_sorted": True, "lengths": [5, 5, 2, 1], "num_layers": 2}, {"lengths": [4, 4, 4]},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_packed_sequences_as_pytorch(kind, options, oracle):
    assert_close(packed_run(torch, kind, **options), packed_run(oracle, kind, **options), rtol=1e-4, atol=1e-5)


def test_packed_projection(oracle):
    options = {"proj_size": 2, "num_layers": 2, "bidirectional": True}
    assert_close(packed_run(torch, "LSTM", **options), packed_run(oracle, "LSTM", **options), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_states_carry_over(kind):
    layer = getattr(torch.nn, kind)(3, 4, num_layers=2)
    x = torch.randn(6, 2, 3)
    whole, last = layer(x)
    first, state = layer(x[:2])
    second, final = layer(x[2:], state)
    np.testing.assert_allclose(torch.cat([first, second]).detach().numpy(), whole.detach().numpy(), atol=1e-6)
    np.testing.assert_allclose(np.asarray(final[0].detach()), np.asarray(last[0].detach()), atol=1e-6)


def test_a_cell_is_one_step():
    for kind in ("RNN", "LSTM", "GRU"):
        torch.manual_seed(0)
        layer = getattr(torch.nn, kind)(3, 4)
        torch.manual_seed(0)
        cell = getattr(torch.nn, kind + "Cell")(3, 4)
        x = torch.randn(5, 2, 3)
        output, _ = layer(x)
        state = None
        for step in range(5):
            state = cell(x[step], state)
        hidden = state[0] if kind == "LSTM" else state
        np.testing.assert_allclose(hidden.detach().numpy(), output[-1].detach().numpy(), atol=1e-6)


def test_a_character_model_learns():
    torch.manual_seed(0)
    text = torch.tensor([0, 1, 2, 3, 2, 1] * 4)
    embed, rnn, head = torch.nn.Embedding(4, 8), torch.nn.GRU(8, 16, batch_first=True), torch.nn.Linear(16, 4)
    parameters = [*embed.parameters(), *rnn.parameters(), *head.parameters()]
    losses = []
    for _ in range(30):
        output, _ = rnn(embed(text[None, :-1]))
        loss = torch.nn.functional.cross_entropy(head(output)[0], text[1:])
        for p in parameters:
            p.grad = None
        loss.backward()
        with torch.no_grad():
            for p in parameters:
                p -= 0.3 * p.grad
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def test_weights_are_found_under_pytorchs_names():
    layer = torch.nn.LSTM(3, 4, num_layers=2, bidirectional=True, proj_size=2)
    assert [len(names) for names in layer.all_weights] == [5, 5, 5, 5]
    assert layer.weight_ih_l1_reverse.shape == (16, 4) and layer.weight_hr_l0.shape == (2, 4)
    assert layer.flatten_parameters() is None


def X(T):
    return T.arange(12.0).reshape(3, 4, 1)


def R(T):
    return T.nn.utils.rnn


SCENARIOS = {
    "pack": lambda T: R(T).pack_padded_sequence(X(T), [4, 3, 1], True),
    "pack unsorted": lambda T: R(T).pack_padded_sequence(X(T), [1, 3, 4], True),
    "pack any": lambda T: R(T).pack_padded_sequence(X(T), T.tensor([1, 4, 3]), True, False),
    "pack few": lambda T: R(T).pack_padded_sequence(X(T), [4, 3], True),
    "pack zero": lambda T: R(T).pack_padded_sequence(X(T), [4, 3, 0], True),
    "pack nothing": lambda T: R(T).pack_padded_sequence(X(T)[:, :0], [4, 3, 1], True),
    "unpack": lambda T: R(T).pad_packed_sequence(R(T).pack_padded_sequence(X(T), [1, 4, 3], True, False)),
    "unpack longer": lambda T: R(T).pad_packed_sequence(R(T).pack_padded_sequence(X(T), [1, 3, 2], True, False), True, -1.0, 4),
    "unpack shorter": lambda T: R(T).pad_packed_sequence(R(T).pack_padded_sequence(X(T), [1, 3, 2], True, False), True, -1.0, 2),
    "pad": lambda T: R(T).pad_sequence([T.ones(2), T.ones(3)], True, 9.0),
    "pad left": lambda T: R(T).pad_sequence([T.ones(2, 2), T.ones(3, 2)], padding_side="left"),
    "pad side": lambda T: R(T).pad_sequence([T.ones(2)], padding_side="x"), "pad int": lambda T: R(T).pad_sequence(3),
    "pad empty": lambda T: R(T).pad_sequence([]), "pad tensor": lambda T: R(T).pad_sequence(T.ones(2, 3)),
    "pad ints": lambda T: R(T).pad_sequence([T.tensor([1, 2]), T.tensor([3])]),
    "pack sequence": lambda T: R(T).pack_sequence([T.ones(2), T.zeros(3)], False),
    "pack sequence unsorted": lambda T: R(T).pack_sequence([T.ones(2), T.zeros(3)]),
    "unpad": lambda T: R(T).unpad_sequence(T.ones(3, 2, 1), T.tensor([2, 3])),
    "unpack sequence": lambda T: R(T).unpack_sequence(R(T).pack_sequence([T.ones(2), T.zeros(3)], False)),
    "double": lambda T: R(T).PackedSequence(T.ones(2), T.tensor([1, 1])).double(),
    "fields": lambda T: R(T).PackedSequence(T.ones(2)), "invert": lambda T: R(T).invert_permutation(T.tensor([2, 0, 1])),
    "cuda": lambda T: R(T).PackedSequence(T.ones(2), T.tensor([1, 1])).is_cuda,
}  # fmt: skip


@pytest.mark.parametrize("name", SCENARIOS)
def test_behaves_as_pytorch(name, oracle):
    assert outcome(SCENARIOS[name], torch) == outcome(SCENARIOS[name], oracle)
