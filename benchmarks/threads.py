"""How a training step scales with the threads, on PyTorch and on Rushlight in turns.

    python benchmarks/threads.py [--models lenet,resnet18] [--threads 1 2] [--rounds 3] [--seconds 2]

Milliseconds a step, measured as in train_step.py, and by how much more threads are faster than the first number of them.
"""
import argparse

from sides import NETWORKS, OURS, in_turns, measured, median, peers


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", default=",".join(NETWORKS), help="comma-separated")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0, help="timed, of each process")
    args = parser.parse_args()
    engines = [OURS, *peers()]
    sides = [(engine, threads) for engine in engines for threads in args.threads]
    print(f"{'ms a step':14s}{'':14s}" + "".join(f"{n:>9d} thr." for n in args.threads) + "   times faster")
    for network in args.models.split(","):
        results = in_turns(sides, args.rounds, lambda side: measured(side[0], "steps.py", [
            network, "--seconds", args.seconds, "--threads", side[1]]), print)
        for engine in engines:
            times = [median(results[engine, n], "median") if (engine, n) in results else float("nan") for n in args.threads]
            print(f"{network:14s}{engine:14s}" + "".join(f"{1e3 * t:14.3f}" for t in times) + "  " +
                  "".join(f"{times[0] / t:6.2f}" for t in times[1:]), flush=True)


if __name__ == "__main__":
    main()
