"""Measures the training steps of one network on whichever engine `torch` is, and prints JSON: what train_step.py runs.

    python        benchmarks/steps.py lenet [--seconds 3] [--threads 2] [--channels-last | --compile]
    rushlight run benchmarks/steps.py lenet
"""
import argparse
import json
import math
import statistics
import time

import torch
from sides import memory

BEFORE, TIMED = 1000, 2000          # steps at most: before those that are timed, and of those
WAIT = 60.0                         # seconds at most until every plan is compiled
COMPARED = 5                        # losses


def waiting(watch, seconds, wanted):
    """Whether more steps are to run before the timed ones: so many seconds, and longer while plans are interpreted."""
    return seconds < wanted or watch is not None and watch.interpreted and seconds < WAIT


def measure(args):
    from networks import training
    from tier_facts import ran

    imported, _ = memory()
    net, step = training(args.network, args.channels_last, args.compile)
    watch = ran()
    start = time.perf_counter()
    losses = [step()]
    first = time.perf_counter() - start
    while len(losses) <= COMPARED or len(losses) < BEFORE and waiting(watch, time.perf_counter() - start - first, args.seconds / 2):
        if watch:
            watch.interpreted = 0
        losses.append(step())
    if watch:
        watch.reset()
    times, begin = [], time.perf_counter()
    while len(times) < 5 or time.perf_counter() - begin < args.seconds and len(times) < TIMED:
        start = time.perf_counter()
        losses.append(step())
        times.append(time.perf_counter() - start)
    weight = float(next(net.parameters()).detach().numpy().flat[0])     # what was put off must be done by now
    mean = (time.perf_counter() - begin) / len(times)
    facts = watch.facts() if watch else None
    now, most = memory()
    if not all(map(math.isfinite, [weight, *losses])):
        raise SystemExit("a loss or a weight is not finite")
    return {"median": statistics.median(times), "mean": mean, "least": min(times), "first": first, "steps": len(times),
            "losses": losses[:COMPARED], "imported_mb": imported, "memory_mb": now, "peak_mb": most, "ran": facts}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--compile", action="store_true")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    print(json.dumps(measure(args)))


if __name__ == "__main__":
    main()
