"""How long until the first step is done, and the first compiled one: with an empty kernel cache, with a full one, and on PyTorch.

    python benchmarks/first_step.py [--models lenet,resnet18] [--rounds 3]

import      seconds that the import of the engine takes
first       the very first step, compiling included
compiled    all steps up to the end of the first in which nothing was interpreted, and which step that is
launched    from the start of the process until the first step is done: import, making the network, the step

Every figure is a process of its own, the sides take turns, and medians are printed; a first process of each side, which is not
counted, brings the files into the system's memory. The full cache is one that a process of the same network has filled.
"""
import argparse
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time

from sides import NETWORKS, OURS, Failed, environment, in_turns, measured, median, peers

MOST = 20.0                         # seconds to wait for the first compiled step
COLD, FULL = f"{OURS}, empty cache", f"{OURS}, full cache"


# ---------------------------------------------------------------- in a process of one engine
def measure(network, launched, channels_last):
    from networks import training
    from tier_facts import ran

    watch = ran()
    _, step = training(network, channels_last)
    start = time.perf_counter()
    step()
    first = time.perf_counter() - start
    found = {"first": first, "launched": time.time() - launched}
    if watch is not None:
        steps = 1
        while watch.interpreted and time.perf_counter() - start < MOST:
            watch.interpreted = 0
            step()
            steps += 1
        # with the steps before it
        found |= {"compiled": time.perf_counter() - start, "steps": None if watch.interpreted else steps}
    print(json.dumps(found))


# ---------------------------------------------------------------- the sides in turns
def import_seconds(name, rounds):
    """Median seconds of an import in a process of its own; it has been imported before."""
    words = [sys.executable, "-c", f"import time; start = time.perf_counter(); import {name}; print(time.perf_counter() - start)"]
    with tempfile.TemporaryDirectory() as cache:
        times = [float(subprocess.run(words, capture_output=True, text=True, check=True, env=environment(cache)).stdout)
                 for _ in range(rounds + 1)]
    return statistics.median(times[1:])


def table(network, rounds):
    """The lines of a network."""
    lines = []
    with tempfile.TemporaryDirectory() as full:
        caches = {COLD: None, FULL: full}
        sides = [*caches, *peers()]

        def run(side):
            return measured(OURS if side in caches else side, "first_step.py", ["--measure", network, "--launched", time.time()],
                            caches.get(side))

        for side in sides:
            with contextlib.suppress(Failed):           # it will fail again, and be told of, when it counts
                run(side)
        results = in_turns(sides, rounds, run, lines.append)
    for side, found in results.items():
        line = f"{network:14s}{side:24s}{median(found, 'first'):10.3f}{median(found, 'launched'):10.3f}"
        if "compiled" in found[0]:
            steps = [r["steps"] for r in found]
            line += f"{median(found, 'compiled'):10.3f}" + ("    never" if None in steps else f"{statistics.median(steps):9.0f}")
        lines.append(line)
    quickest = min((median(found, "first") for side, found in results.items() if side not in (COLD, FULL)), default=None)
    if quickest and COLD in results:
        lines.append(f"{'':14s}the first step takes {median(results[COLD], 'first') / quickest:.2f} times PyTorch's")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", default=",".join(NETWORKS), help="comma-separated")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    parser.add_argument("--launched", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--channels-last", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        measure(args.measure, args.launched, args.channels_last)
        return
    for name in ("rushlight", *(["torch"] if peers() else [])):
        print(f"import {name:10s} {import_seconds(name, args.rounds):7.3f} s")
    print(f"\n{'s':14s}{'':24s}{'first':>10s}{'launched':>10s}{'compiled':>10s}{'at step':>9s}", flush=True)
    for network in args.models.split(","):
        print("\n".join(table(network, args.rounds)), flush=True)


if __name__ == "__main__":
    main()
