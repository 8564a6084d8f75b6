"""When plans are compiled, and that it depends on nothing but the plan."""
import os

import numpy as np
import pytest

import rushlight as torch
from rushlight.backends import estimate
from rushlight.backends.tiers import tiers
from rushlight.graph.recorder import trie
from rushlight.schedule import plan as plans

pytest.importorskip("llvmlite")


@pytest.fixture
def seen(monkeypatch):
    """The plans that run, in the mode in which programs run."""
    found = []
    run = plans.Plan.run

    def noted(self, *args):
        found.append(self)
        return run(self, *args)

    monkeypatch.setattr(tiers, "mode", "auto")
    monkeypatch.setattr(tiers, "strict", True)
    monkeypatch.setattr(plans.Plan, "run", noted)
    trie.reset()
    return found


def compiled(plan):
    return plan.program.interpreted is not None


def test_a_small_plan_is_interpreted_first_and_compiled_later(seen):
    x = torch.arange(12.0)
    for i in range(3000):
        np.testing.assert_array_equal((x * 2 + 1).numpy(), np.arange(12) * 2 + 1)
        plan = seen[-1]
        assert compiled(plan) == (plan.runs >= plan.compile_at)
    assert 1 < plan.compile_at < 3000


def test_a_long_one_is_compiled_before_its_first_run(seen):
    a, w = torch.rand(16, 64, 48, 48), torch.rand(64, 64, 5, 5)
    torch.nn.functional.conv2d(a, w).sum().item()
    assert seen[-1].compile_at == seen[-1].runs == 1 and compiled(seen[-1])


def test_what_runs_once_is_not_compiled(seen):
    for n in range(1, 40):
        assert torch.ones(n).add(n).sum().item() == n * (n + 1)
    assert not any(map(compiled, seen))


def test_the_estimate_is_that_of_the_graph(seen):
    for _ in range(2):
        torch.rand(50, 60).mm(torch.rand(60, 70)).relu().numpy()
        trie.reset()
    a, b = [plan for plan in seen if any(v.prim == "dot" for v in plan.graph.values)]
    assert estimate.runs_before_compiling(a.graph) == estimate.runs_before_compiling(b.graph)


def test_deterministic_algorithms_keep_one_tier(seen):
    torch.use_deterministic_algorithms(True)
    try:
        torch.ones(5).mul(3).tolist()
    finally:
        torch.use_deterministic_algorithms(False)
    assert seen[-1].compile_at == seen[-1].runs == 1 and compiled(seen[-1])


def test_a_plan_that_cannot_be_compiled_stays_interpreted(seen, monkeypatch):
    from rushlight.backends.llvm import program

    def broken(*args):
        raise ValueError("no such kernel")

    monkeypatch.setattr(program.Program, "__init__", broken)
    monkeypatch.setattr(tiers, "mode", "wait")
    monkeypatch.setattr(tiers, "sight", 1)
    monkeypatch.setattr(tiers, "strict", False)
    monkeypatch.setattr(tiers, "failures", [])
    assert torch.ones(3).mul(3).tolist() == [3, 3, 3]
    assert [str(error) for _, error in tiers.failures] == ["no such kernel"]


def test_a_child_compiles_from_the_other_end(tmp_path, monkeypatch):
    from rushlight.backends.llvm import disk, library
    from rushlight.backends.llvm.nest import Access, Nest, Node

    specs = [Nest((n,), (Node("load", (), "float32", Access(0, (1,))), Node("neg", (0,), "float32")), ((1, Access(1, (1,))),), (), (), 2)
             for n in range(1001, 1009)]
    monkeypatch.setattr(library, "_WORTH_A_CHILD", 4)
    monkeypatch.setattr(library, "_entries", {})
    disk.set_directory(tmp_path / "kernels")
    try:
        with library.Helper(specs) as helper:
            made = [library.kernel(spec) for spec in specs]
        assert helper._child and len({kernel.phases[0][0] for kernel in made}) == len(specs)
        with pytest.raises(ChildProcessError):
            os.waitpid(helper._child, os.WNOHANG)               # it is gone, and has been waited for
        with library.Helper(specs) as helper:
            assert helper._child is None                        # all are known
    finally:
        disk.set_directory()
