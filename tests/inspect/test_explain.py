"""`explaining()`: what it tells of plans that run with kernels and without, and that it leaves everything as it was."""
import pytest

import rushlight as torch
from rushlight.backends.tiers import tiers
from rushlight.graph import recorder
from rushlight.inspect import explaining, kernel_names, watching
from rushlight.schedule import plan as plans


@pytest.fixture(autouse=True)
def fresh():
    """No plan is known from before."""
    recorder.boundary()
    recorder.trie.reset()


@pytest.fixture
def waiting(monkeypatch):
    """Every plan is compiled at its second run."""
    pytest.importorskip("llvmlite")
    monkeypatch.setattr(tiers, "mode", "wait")
    monkeypatch.setattr(tiers, "sight", 2)
    monkeypatch.setattr(tiers, "strict", False)
    monkeypatch.setattr(tiers, "failures", [])


@pytest.fixture
def never(monkeypatch):
    monkeypatch.setattr(tiers, "mode", "never")


def network():
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.ReLU(), torch.nn.MaxPool2d(2), torch.nn.Flatten(), torch.nn.Linear(36, 5))
    return net, torch.optim.SGD(net.parameters(), 0.1)


def train(steps, batch=7):
    net, optimizer = network()
    for _ in range(steps):
        x, y = torch.ones(batch, 1, 8, 8), torch.arange(batch) % 5
        loss = torch.nn.functional.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss.item()


def largest(report):
    """The plan with most pieces, a compiled one if there is any."""
    return max(report.plans(), key=lambda f: (f.compiled, len(f.pieces)))


# ---------------------------------------------------------------- with kernels
@pytest.fixture
def trained(waiting):
    with explaining() as report:
        train(8)
    return report


def test_runs_are_all_accounted_for(trained):
    for f in trained.plans():
        w = f.watched
        assert w.runs == w.compiled.count + w.by_launch.count + w.interpreted.count == sum(w.flushed.values())
        assert w.interpreted.count == sum(w.reasons.values())
        assert abs(w.compiled.count - w.by_launch.count) <= 1
    assert trained.counts["runs"] == sum(f.watched.runs for f in trained.plans())
    step = largest(trained)
    assert step.watched.compiling > 0 and step.watched.compiled.count and step.watched.by_launch.count


def test_kernels_times_and_rates_add_up(trained):
    step = largest(trained)
    assert step.compiled and [p.index for p in step.pieces] == list(range(len(step.watched.launches.program.launches)))
    assert step.sum == pytest.approx(sum(g.seconds for g in step.groups))
    assert sum(len(g.pieces) for g in step.groups) == len(step.pieces)
    assert 0 < step.sum
    first = step.groups[0]
    assert all(first.seconds >= g.seconds for g in step.groups)
    dot = next(p for p in step.pieces if p.kind == "dot")
    m, k, n = map(int, dot.name.split()[1].split("x"))
    assert dot.flops >= 2 * m * k * n
    flops, moved = next(g for g in step.groups if g.kind == "dot").rates()
    assert flops > 0 and moved > 0


def test_kernels_have_readable_names_and_lines(trained):
    step = largest(trained)
    told = " / ".join(p.name for p in step.pieces)
    for part in ("conv 3x3 1->4 8x8 batch 7 +bias relu", "max_pool 2x2 6x6 of 4 batch 7", "dot 7x36x5 +bias", "conv gradient of weights"):
        assert part in told
    lines = {p.line for p in step.pieces if p.kind in ("conv", "dot", "pool")}
    assert lines and all(file == __file__ for file, _ in lines)
    source = open(__file__).read().splitlines()
    forward = next(p for p in step.pieces if p.name.startswith("conv 3x3"))
    assert "cross_entropy(net(x), y)" in source[forward.line[1] - 1]


def test_memory_and_updates_in_place(trained):
    step = largest(trained)
    assert step.arena > 0 and step.inputs > 0 and step.results > 0 and step.blocks
    for b in step.blocks:
        assert 0 <= b.offset and b.offset + b.bytes <= step.arena and b.born <= b.dies
    update = [f for f in trained.plans() if "optimizer.step()" in str(watching_line(f))]
    assert update and update[0].at_home > 0


def watching_line(f):
    (file, line), _ = f.watched.flushed.most_common(1)[0]
    return open(file).read().splitlines()[line - 1]


def test_what_the_host_does_is_told_with_its_reason(waiting):
    with explaining() as report:
        for _ in range(4):
            torch.kthvalue(torch.ones(9) * 2, 3)[0].sum().item()
    step = largest(report)
    assert step.compiled
    hosted = {p.name: p.host for p in step.hosted}
    assert any("call" in name and "several arrays" in why for name, why in hosted.items()), hosted
    assert all(p.seconds > 0 for p in step.hosted)
    assert "on the host" in str(report)


# ---------------------------------------------------------------- without
def test_a_first_run_is_interpreted_because_it_is_the_first(waiting):
    with explaining() as report:
        train(1)
    for f in report.plans():
        assert not f.compiled and set(f.watched.reasons) == {watching.TOO_FEW}
    step = largest(report)
    assert step.sum > 0 and any(p.name.startswith("conv ") for p in step.pieces)
    assert "it is compiled at run 2" in str(report)


def test_never(never):
    with explaining() as report:
        train(3)
    told = {reason for f in report.plans() for reason in f.watched.reasons}
    assert told <= {watching.OFF, watching.NO_LLVMLITE} and told
    assert 'mode "never"' in str(report) or "llvmlite" in str(report)


def test_what_could_not_be_compiled(waiting, monkeypatch):
    from rushlight.backends.llvm import program

    def refuse(*args):
        raise ValueError("no such luck")

    monkeypatch.setattr(program.Program, "__init__", refuse)
    with explaining() as report:
        train(3)
    told = {reason for f in report.plans() for reason in f.watched.reasons}
    assert "it could not be compiled: ValueError: no such luck" in told
    assert not any(f.compiled for f in report.plans())


def test_a_compiled_plan_that_fell_back(waiting):
    def draw(a, b):
        return (torch.rand(5, generator=a) + torch.rand(5, generator=b)).sum().item()

    one, other = torch.Generator().manual_seed(1), torch.Generator().manual_seed(2)
    with explaining() as report:
        for _ in range(4):
            draw(one, one)
        draw(one, other)
    step = largest(report)
    assert step.compiled and step.watched.interpreted.count == 2
    assert "its random numbers come from generators that kernels cannot draw from" in step.watched.reasons


def test_another_shape_is_told_as_another_plan(never):
    with explaining() as report:
        train(2)
        train(2, batch=5)
    assert "it is the ops of plan" in str(report) and "[5, 1, 8, 8] in the place of float32[7, 1, 8, 8]" in str(report)


def test_a_run_that_fails_is_counted(never):
    with explaining() as report:
        with pytest.raises(IndexError):
            weight = torch.ones(3, 2)
            torch.nn.functional.embedding(torch.arange(3) * 2, weight).sum().item()
    assert sum(f.watched.failed for f in report.plans()) == 1
    assert "ended by an exception" in str(report)


# ---------------------------------------------------------------- the watch itself
def test_everything_is_as_before_afterwards(waiting):
    before = plans.Plan.run, recorder._miss, recorder.plan_for, plans.interpreter.compile_graph
    with explaining() as report:
        train(4)
    assert before == (plans.Plan.run, recorder._miss, recorder.plan_for, plans.interpreter.compile_graph)
    assert "compile" not in vars(tiers)
    program = largest(report).watched.launches.program
    assert program.seconds is None and "_interpret" not in vars(program)
    assert all(step[0].__qualname__ != "_timed.<locals>.run" for step in program.interpreted.steps)
    known = str(report).splitlines()[0]
    train(2)
    assert str(report).splitlines()[0] == known


def test_plans_from_before_are_watched_too(waiting):
    net, optimizer = network()

    def step():
        net(torch.ones(2, 1, 8, 8)).sum().backward()
        optimizer.step()

    for _ in range(3):
        step()
    with explaining() as report:
        for _ in range(3):
            step()
    assert all(f.compiled and not f.watched.reasons for f in report.plans())
    assert all(p.line is None for f in report.plans() for p in f.pieces)


def test_results_do_not_change(waiting):
    def losses():
        net, optimizer = network()
        found = []
        for _ in range(5):
            loss = net(torch.ones(3, 1, 8, 8)).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            found.append(loss.item())
        return found

    recorder.trie.reset()
    with explaining():
        inside = losses()
    recorder.trie.reset()
    assert losses() == inside


def test_only_one_at_a_time():
    with explaining():
        with pytest.raises(RuntimeError, match="explained already"):
            with explaining():
                pass
    with explaining():
        pass


def test_an_error_inside_is_the_one_seen(never):
    with pytest.raises(KeyError, match="mine"):
        with explaining() as report:
            torch.ones(3).sum().item()
            raise KeyError("mine")
    assert len(report.plans()) == 1


def test_wait_is_for_within_only(never):
    pytest.importorskip("llvmlite")
    recorder.trie.reset()
    with explaining(wait=True) as report:
        train(3)
    assert tiers.mode == "never" and largest(report).compiled
    assert "With --wait" not in str(report)


def test_nothing_ran():
    with explaining() as report:
        pass
    assert str(report) == "No plan ran: nothing was computed meanwhile."


def test_while_it_goes_on(waiting):
    with explaining() as report:
        train(3)
        first = report.text(None, None)
        train(3)
    assert "PLAN 1" in first and str(report) != first


# ---------------------------------------------------------------- the text
def test_the_text_sums_up_what_it_leaves_out(trained):
    short, whole = trained.text(1, 2), trained.text(None, None)
    assert "other plan" in short and "others (" in short
    assert "other plan" not in whole and "others (" not in whole
    for f in trained.plans():
        assert f"PLAN {f.number}  run by test_explain.py:" in whole
        for g in f.groups:
            assert g.name in whole
    assert max(len(line) for line in whole.splitlines()) < 240


def test_percentages_are_of_the_measured_peak(trained):
    peak = trained.peak()
    assert peak is trained.peak()
    assert peak.flops["float"] > peak.flops["double"] > 1e8 and peak.bytes > 1e8
    assert str(peak) in trained.text()


def test_flops_of_values():
    with explaining() as report:
        (torch.ones(3, 4) @ torch.ones(4, 5)).sum().item()
    v = next(v for f in report.plans() for v in f.plan.graph.values if v.prim == "dot")
    assert kernel_names.flops_of_value(v) == 2 * 3 * 4 * 5
    assert kernel_names.of_value(v) == "dot 3x4x5"
