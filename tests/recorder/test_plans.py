"""Boundaries, plans and variants: what runs when, how often something new is made, and what a failure leaves behind."""
import copy
import gc
import pickle
import weakref

import numpy as np
import pytest

import rushlight as torch
from rushlight.graph import recorder


@pytest.fixture
def stats():
    """Counts of a fresh trie, with nothing pending from other tests."""
    torch._boundary()
    gc.collect()
    recorder.trie.reset()
    recorder.current().take()
    recorder.current().cut_sites.clear()
    recorder.stats.reset()
    return recorder.stats


def test_nothing_runs_until_somebody_looks(stats):
    a = torch.ones(3) * 2
    b = a + 1
    assert stats.runs == 0
    assert b.tolist() == [3, 3, 3]
    assert stats.runs == 1
    assert a.tolist() == [2, 2, 2]
    assert stats.runs == 1, "a was held, so the first run gave its value too"


def test_an_evaluation_loop_without_boundaries_makes_few_plans(stats):
    w = torch.ones(16, 4)
    data = torch.arange(16.0).reshape(1, 16)
    w.sum().item(), data.sum().item()
    recorder.stats.reset()
    total = torch.zeros(())
    for i in range(1000):
        x = data * float(i)
        total = total + (torch.tanh(x @ w) * 0.5).sum().detach()
    assert total.item() == pytest.approx(2 * 999, rel=1e-3)
    assert stats.plans <= 3, vars(stats)


def test_a_loop_over_large_inputs_does_not_keep_them_all(stats, monkeypatch):
    monkeypatch.setattr(recorder, "HELD_BYTES", 1 << 20)
    freed, alive, most = [], 0, 0
    total = torch.zeros(())
    for i in range(40):
        data = np.full(1 << 16, i, dtype=np.float32)           # 256 KiB, held by nobody but what is pending
        weakref.finalize(data, freed.append, i)
        total = total + torch.from_numpy(data).sum()
        del data
        alive = i + 1 - len(freed)
        most = max(most, alive)
    assert most <= 12
    assert total.item() == sum(range(40)) * 2 ** 16


def test_a_step_whose_results_are_large_is_not_cut(stats, monkeypatch):
    monkeypatch.setattr(recorder, "HELD_BYTES", 1 << 20)
    x = torch.ones(1 << 16)
    for _ in range(50):
        x = x * 2 - x                                           # 512 KiB each time, and none of it has to be kept
    assert x.sum().item() == 2 ** 16
    assert stats.cuts == 0


def test_adding_losses_up_makes_few_plans(stats):
    w = torch.ones(4, requires_grad=True)
    x = torch.arange(4.0)
    total = 0
    for _ in range(1000):
        loss = ((w * x) ** 2).sum()
        loss.backward()
        with torch.no_grad():
            w -= 1e-6 * w.grad
            w.grad.zero_()
        total += loss.detach()
    assert float(total) > 0
    assert stats.plans <= 6, vars(stats)


def test_a_training_step_repeats_without_a_miss(stats):
    torch.manual_seed(0)
    w = torch.randn(8, 3, requires_grad=True)
    x, y = torch.randn(16, 8), torch.randn(16, 3)
    counts = []
    for step in range(6):
        loss = ((x @ w - y) ** 2).mean()
        loss.backward()
        with torch.no_grad():
            w -= (0.1 / (step + 1)) * w.grad
        w.grad = None
        loss.item()
        counts.append((stats.misses, stats.plans))
    assert counts[-1] == counts[2], counts


def test_slices_at_other_places_are_one_plan(stats):
    x = torch.arange(100.0)
    x.sum().item()
    recorder.stats.reset()
    for i in range(20):
        assert (x[i] * 2).item() == 2 * i
    assert stats.plans <= 2, vars(stats)


def test_writes_at_other_places_are_one_plan(stats):
    x = torch.zeros(50)
    for i in range(50):
        x[i] = float(i)
        x[i].item()
    assert x.tolist() == list(range(50))
    assert stats.plans <= 6, vars(stats)


def test_deepcopy_and_pickle_of_pending_values():
    a = torch.ones(3) * 3
    b = copy.deepcopy(a)
    b += 1
    assert a.tolist() == [3, 3, 3] and b.tolist() == [4, 4, 4]
    c = pickle.loads(pickle.dumps(torch.ones(2) + 1))
    assert c.tolist() == [2, 2]


def test_a_failing_check_changes_nothing_and_names_the_line():
    w = torch.zeros(4)
    w.sum().item()
    index = torch.tensor([1, 7]) + 0        # pending, so its values cannot be checked at the call
    w += 1
    picked = torch.ones(5)[index]           # the line that asks
    with pytest.raises(IndexError) as caught:
        picked.sum().item()
    assert "out of bounds" in str(caught.value)
    assert any("test_plans.py" in note for note in caught.value.__notes__)
    with pytest.raises(RuntimeError, match="never computed"):
        picked.sum().item()
    assert w.tolist() == [0, 0, 0, 0], "a failed step writes nothing"


def test_numpy_aliases_both_ways():
    t = torch.zeros(3)
    a = t.numpy()
    t += 1
    assert a.tolist() == [1, 1, 1]
    a[0] = 9
    assert t.tolist() == [9, 1, 1]
    source = np.ones(3, np.float32)
    s = torch.from_numpy(source)
    y = s * 2
    source += 1
    assert y.tolist() == [2, 2, 2], "what was read when recorded stays read"
    assert s.tolist() == [2, 2, 2]
    s.mul_(5)
    assert source.tolist() == [10, 10, 10]


def test_views_share_and_data_ptr_is_stable():
    x = torch.zeros(4)
    where = x.data_ptr()
    v = x[1:3]
    assert v.data_ptr() == where + 4
    x.add_(1)
    v.mul_(3)
    assert x.tolist() == [1, 3, 3, 1]
    assert x.data_ptr() == where


def test_parameters_are_updated_where_they_lie():
    p = torch.zeros(1000)
    p.sum().item()
    before = p._storage.value
    for _ in range(3):
        p.add_(1)
        p.sum().item()
    assert p._storage.value is before


def test_held_results_are_not_overwritten():
    x = torch.zeros(8)
    kept = []
    for i in range(4):
        y = x + i
        kept.append(y)
        y.sum().item()
    assert [k[0].item() for k in kept] == [0, 1, 2, 3]


def test_random_draws_keep_their_order_when_dead():
    torch.manual_seed(0)
    first = torch.rand(3).tolist()
    second = torch.rand(3).tolist()
    torch.manual_seed(0)
    torch.rand(3)
    assert torch.rand(3).tolist() == second
    assert first != second


def test_threads_hand_over_pending_values():
    import threading

    x = torch.ones(4) * 2
    seen = []
    thread = threading.Thread(target=lambda: seen.append((x + 1).tolist()))
    thread.start()
    thread.join()
    assert seen == [[3, 3, 3, 3]]
    assert x.tolist() == [2, 2, 2, 2]


def test_forked_children_see_the_values():
    import os

    x = torch.ones(2) * 4
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, repr((x + 1).tolist()).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 100) == b"[5.0, 5.0]"
