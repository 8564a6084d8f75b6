"""The kernels against PyTorch and NumPy: products, convolutions, pools, and small programs of the rest, in one process.

    python benchmarks/kernels.py [--groups products,convolutions,pools,programs] [--only "3x3"] [--threads 1 2] [--seconds 0.3]

Milliseconds, each the least of the runs that fit in --seconds, the sides in turns (PyTorch in both memory formats, the better of which
counts); what is computed is compared first. The rate is ours: operations, or bytes that must be read and written, a second, whichever
is the larger part of the machine's peak, which is measured beforehand. More than 100 % of the bytes: they lay in the caches; of
the operations: Winograd's way needs fewer than are counted. Each number of threads has a process of its own, since NumPy's is set
when it is loaded. Small programs are run by both engines from Python, with what that costs.
"""
import argparse
import importlib.util
import os
import subprocess
import sys
import time

TURNS = 3
TOLERANCE = 1e-4                    # of the largest number: sums are added in other orders
SIDES = ("Rushlight", "PyTorch", "NumPy")


class Wrong(Exception):
    """Two sides computed different things."""


# ---------------------------------------------------------------- one case
def best(case, seconds):
    """{side: seconds of its quickest run, of its quickest way}"""
    least = {}
    for _ in range(TURNS):
        for side, ways in case.ways.items():
            for way in ways:
                least[side] = min(least.get(side, float("inf")), quickest(way, seconds / TURNS / len(ways)))
    return least


def quickest(way, seconds):
    way()                                               # the caches held another side's
    least, begin = float("inf"), time.perf_counter()
    while True:
        start = time.perf_counter()
        way()
        end = time.perf_counter()
        least = min(least, end - start)
        if end - begin > seconds:
            return least


def compare(case):
    """Run every way a few times (ours is compiled by then), and see that all compute the same."""
    import numpy as np

    results = {}
    for side, ways in case.ways.items():
        for i, way in enumerate(ways):
            for _ in range(3 if side == SIDES[0] else 1):
                result = way()
            if case.exact:
                results[side, i] = np.array(result if isinstance(result, np.ndarray) else result.detach().numpy())
    first, *others = results.items() if results else [None]
    for (side, _), other in others:
        error = np.abs(first[1] - other).max() / np.abs(other).max()
        if not error <= TOLERANCE:
            raise Wrong(f"{case.name}: {SIDES[0]} and {side} differ by {error:.1e}")


def line(case, least, peak):
    ours = least[SIDES[0]]
    share, rate = max((case.flops / ours / peak.flops["float"], f"{case.flops / ours / 1e9:8.1f} GFLOP/s"),
                      (case.traffic / ours / peak.bytes, f"{case.traffic / ours / 1e9:8.1f} GB/s   "))
    others = [s for side, s in least.items() if side != SIDES[0]]
    times = f"{min(others) / ours:7.2f}" if others else " " * 7
    return f"{case.name:44s}" + "".join(f"{1e3 * least[s]:11.3f}" if s in least else f"{'':11s}" for s in SIDES) + \
        f"{times}  {rate} {100 * share:4.0f} %"


# ---------------------------------------------------------------- a process of so many threads
def measure(threads, groups, only, seconds):
    import kernel_cases
    import rushlight
    import small_programs
    from rushlight.backends.tiers import tiers
    from rushlight.inspect.peak import peak
    from tier_facts import Ran

    torch = None
    if importlib.util.find_spec("torch"):
        import torch

        torch.set_num_threads(threads)
    rushlight.set_num_threads(threads)
    tiers.mode, tiers.strict = "wait", True             # every plan is compiled before its second run
    found = peak(threads)
    print(f"\nThe machine's measured peak with {found}.")
    makers = {"products": kernel_cases.products, "convolutions": kernel_cases.convolutions, "pools": kernel_cases.pools,
              "programs": small_programs.programs}
    ran = Ran()
    for group in groups:
        print(f"\n{group + ', ms':44s}" + "".join(f"{side:>11s}" for side in SIDES) + "  times  ours, and of the peak")
        for name, make in makers[group](torch, threads):
            if only not in name:
                continue
            case = make()
            compare(case)
            ran.interpreted = 0
            least = best(case, seconds)
            print(line(case, least, found) + ("  interpreted" if ran.interpreted else ""), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--groups", default="products,convolutions,pools,programs")
    parser.add_argument("--only", default="", help="only those whose name contains this")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--seconds", type=float, default=0.3, help="for each side of each case")
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        measure(args.measure, args.groups.split(","), args.only, args.seconds)
        return
    for threads in args.threads:
        words = ["--groups", args.groups, "--only", args.only, "--seconds", str(args.seconds), "--measure", str(threads)]
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}
        done = subprocess.run([sys.executable, __file__, *words], env=environment)
        if done.returncode:
            sys.exit(done.returncode)


if __name__ == "__main__":
    main()
