"""Small graphs, built of primitives, run by the interpreter and compiled."""
import numpy as np

from rushlight.backends.llvm import library, program
from rushlight.backends.numpy import interpreter
from rushlight.graph.value import Value
from rushlight.runtime import dtypes as dt
from rushlight.runtime.storage import Storage
from rushlight.schedule.plan import Graph
from rushlight import _settings


def run(make, operands, limit=None, threads=1, home=None, host=()):
    """([interpreted results], [compiled ones]) of make(*values). operands: ndarrays, and numbers that enter as such.

    home: an operand whose memory the last result takes over. host: primitives that may run on the host."""
    inputs = []
    for i, a in enumerate(operands):
        dtype = dt.int64 if isinstance(a, int) else dt.ALL[a.dtype.name]
        inputs.append(Value("input", (), (i,), () if isinstance(a, int) else a.shape, dtype))
    made = make(*inputs)
    made = list(made) if isinstance(made, (list, tuple)) else [made]
    known = inputs + made
    graph = Graph(known, tuple(range(len(inputs), len(known))))
    graph.home = {len(known) - 1: home} if home is not None else {}
    results = []
    for compiled in (False, True):
        slots = [a if isinstance(a, int) else Storage(a.shape, a.copy()) for a in operands]
        interpreted = interpreter.compile_graph(graph)
        runner = _compiled(graph, interpreted, limit, host) if compiled else interpreted
        before = _settings.get_num_threads()
        _settings.set_num_threads(threads)
        try:
            results.append([np.array(a) for a in runner.run(slots, [])])
        finally:
            _settings.set_num_threads(before)
    return results


def _compiled(graph, interpreted, limit, host):
    kernel = library.kernel
    try:
        library.kernel = lambda spec: kernel(spec, limit)
        made = program.Program(graph, interpreted)
    finally:
        library.kernel = kernel
    left = {launch.value.prim for launch in made.launches if launch.value is not None} - set(host)
    assert not left, f"on the host: {left}"
    return made


def same(make, *operands, **how):
    """Both give the same bits."""
    interpreted, compiled = run(make, operands, **how)
    for a, b in zip(interpreted, compiled):
        assert a.dtype == b.dtype and a.shape == b.shape
        np.testing.assert_array_equal(b, a)
    return compiled
