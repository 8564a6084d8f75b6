"""The profilers: which ops they see, their tables, their schedules, their traces."""
import json

import pytest
import rushlight as torch
from rushlight.profiler import ProfilerAction, ProfilerActivity, profile, record_function, schedule


def _step(model, x):
    with record_function("forward"):
        loss = model(x).relu().sum()
    loss.backward()
    return loss


def test_ops_nodes_and_ranges():
    model, x = torch.nn.Linear(4, 3), torch.randn(2, 4)
    with profile(activities=[ProfilerActivity.CPU], record_shapes=True) as prof:
        _step(model, x)
    averages = {e.key: e for e in prof.key_averages()}
    assert {"forward", "aten::linear", "aten::relu", "aten::sum", "AddmmBackward0", "ReluBackward0"} <= set(averages)
    assert averages["forward"].cpu_time_total >= averages["aten::linear"].cpu_time_total > 0
    table = prof.key_averages().table(sort_by="cpu_time_total", row_limit=3)
    assert "Self CPU time total:" in table and table.count("\n") == 8
    assert str(prof.key_averages()[0]).startswith("<FunctionEventAvg key=")
    assert model.weight.grad is not None


def test_values_are_as_without(oracle):
    torch.manual_seed(0)
    model, x = torch.nn.Linear(4, 3), torch.randn(2, 4)
    with torch.autograd.profiler.profile() as prof:
        with_profile = _step(model, x).item()
    assert with_profile == _step(model, x).item()
    assert "aten::linear" in str(prof) and prof.total_average().count > 3


def test_schedule(oracle):
    for arguments in (dict(wait=1, warmup=1, active=2, repeat=1), dict(wait=0, warmup=0, active=1), dict(wait=2, warmup=1, active=3, skip_first=1)):
        mine, right = schedule(**arguments), oracle.profiler.schedule(**arguments)
        assert [mine(i).name for i in range(12)] == [right(i).name for i in range(12)]
    with pytest.raises(AssertionError, match="Invalid profiler schedule"):
        schedule(wait=-1, warmup=0, active=1)
    assert schedule(wait=0, warmup=0, active=2)(1) is ProfilerAction.RECORD_AND_SAVE


def test_steps_and_traces(tmp_path):
    traces = []
    with profile(schedule=schedule(wait=1, warmup=0, active=2, repeat=2), on_trace_ready=lambda p: traces.append(len(p.events()))) as prof:
        for _ in range(8):
            torch.ones(3).exp()
            prof.step()
    assert len(traces) == 2 and all(traces)
    path = tmp_path / "trace.json"
    prof.export_chrome_trace(str(path))
    assert any(e["name"] == "aten::exp" for e in json.loads(path.read_text())["traceEvents"])
    with profile(on_trace_ready=torch.profiler.tensorboard_trace_handler(str(tmp_path / "logs"))):
        torch.ones(2) + 1
    assert len(list((tmp_path / "logs").iterdir())) == 1


def test_nothing_is_left_behind():
    with pytest.raises(ValueError), profile():
        raise ValueError("from the block")
    with record_function("outside"):
        assert torch.ones(2).sum().item() == 2

    @record_function("decorated")
    def f(x):
        return x * 2

    with profile() as prof:
        f(torch.ones(2))
    assert "decorated" in [e.name for e in prof.events()]
