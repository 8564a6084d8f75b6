"""The engines as the benchmarks run them: every measurement is a process of its own, and they take turns."""
import importlib.util
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
NETWORKS = ("linear", "softmax", "mlp", "lenet", "fashion_cnn", "mnist_cnn", "cifar_cnn", "cifar_cnn_b1", "alexnet", "vgg11", "nin",
            "googlenet", "resnet18", "densenet")            # those of networks.py, which imports an engine
OURS = "rushlight"
PYTORCH = {"contiguous": [], "channels_last": ["--channels-last"], "compiled": ["--compile"]}       # options of measured programs


class Failed(Exception):
    """A measuring process ended without a result; the text is what it said of that."""


def peers(compiled=False):
    """The ways in which PyTorch is run: none where it is not installed."""
    if importlib.util.find_spec("torch") is None:
        return []
    return [side for side in PYTORCH if compiled or side != "compiled"]


def measured(side, program, words, cache=None):
    """What a program of this folder prints as JSON in its last line, run on one of the sides.

    cache   folder of compiled kernels, Rushlight's or torch.compile's; if left out, an empty one that is deleted afterwards
    """
    if cache is None:
        with tempfile.TemporaryDirectory() as empty:
            return measured(side, program, words, empty)
    engine = ["-m", "rushlight", "run"] if side == OURS else []
    command = [sys.executable, *engine, str(HERE / program), *map(str, words), *PYTORCH.get(side, [])]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(cache))
    if done.returncode:
        told = done.stderr.split("\n")
        reason = next((line for line in reversed(told) if "Error: " in line), None) or told[-1] or f"ended with {done.returncode}"
        raise Failed(f"{side}, {' '.join(map(str, words))}: {reason}")
    return json.loads(done.stdout.splitlines()[-1])


def environment(cache):
    """A child's: bytecode is kept, as users have it."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "XDG_CACHE_HOME": str(cache), "TORCHINDUCTOR_CACHE_DIR": os.path.join(cache, "inductor")}


def in_turns(sides, rounds, measure, note):
    """{side: its results}: measure(side) for each of them, one after the other, so many times. A side that fails is left out
    of the rounds that follow, and note(text) is told."""
    results = {side: [] for side in sides}
    for _ in range(rounds):
        for side in list(results):
            try:
                results[side].append(measure(side))
            except Failed as failure:
                note(str(failure))
                del results[side]
    return results


def median(results, field):
    return statistics.median(r[field] for r in results)


def memory():
    """(megabytes of memory that this process has now, the most that it had); without /proc, the latter twice."""
    try:
        status = pathlib.Path("/proc/self/status").read_text()
    except OSError:
        import resource

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
        return most, most
    fields = dict(line.split(":", 1) for line in status.splitlines())
    # Not getrusage: what it calls the most may be the parent's.
    now, most = (int(fields.get(name, fields["VmRSS"]).split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
    return now, most
