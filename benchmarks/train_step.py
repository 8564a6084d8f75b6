"""A training step of the documents' networks, on PyTorch and on Rushlight in turns.

    python benchmarks/train_step.py [--models lenet,resnet18] [--rounds 3] [--seconds 3] [--compile] [--threads 2] [--json FILE]

PyTorch runs as it comes (contiguous), with channels_last, and with --compile through torch.compile, too. Every network of
every side has a process of its own in every round (steps.py); the sides take turns. Each Rushlight process starts
with an empty kernel cache; torch.compile keeps its own from round to round.

A step is what the documents' loops do: forward, loss, zero_grad, backward, the optimizer's step, loss.item(). Steps are run
for half of --seconds first, and until every plan is compiled (first_step.py tells how long that takes), then timed for --seconds;
the timed region ends by reading a parameter. A figure is the median of a round's steps, and of the rounds.
"""
import argparse
import json
import math
import statistics
import tempfile

from sides import NETWORKS, OURS, in_turns, measured, median, peers

TOLERANCE = 1e-5                    # relative, of losses; later ones may also come apart so many times as far as PyTorch's layouts do
APART = 3


def run(network, sides, args):
    """{side: results of the rounds} of a network."""
    words = [network, "--seconds", args.seconds, *(["--threads", args.threads] if args.threads else [])]
    with tempfile.TemporaryDirectory() as compiled:         # torch.compile takes too long to do it in every round
        return in_turns(sides, args.rounds, lambda side: measured(side, "steps.py", words, compiled if side == "compiled" else None), print)


def row(network, results):
    """The figures of a network, as they are written to the JSON file."""
    peer = {side: r for side, r in results.items() if side != OURS}
    found = {"network": network, "results": results,
             "median": {side: median(r, "median") for side, r in results.items()},
             **{field: {side: median(r, field) for side, r in results.items()} for field in ("first", "memory_mb", "peak_mb")}}
    if OURS not in results:
        return found
    steps = [r["ran"] for r in results[OURS]]
    found["interpreted"] = sum(ran["interpreted"] for ran in steps)
    found["host"] = sorted({name for ran in steps for name in ran["host"]})
    if peer:
        found["times"] = min(found["median"][side] for side in peer) / found["median"][OURS]
        theirs, *others = (r[0]["losses"] for side, r in peer.items() if side != "compiled")
        found["loss"] = apart(results[OURS][0]["losses"][:1], theirs), apart(results[OURS][0]["losses"], theirs)
        found["own"] = max((apart(losses, theirs) for losses in others), default=0.0)
    return found


def apart(losses, others):
    """The largest relative difference."""
    return max(abs(a - b) / abs(b) for a, b in zip(losses, others))


# ---------------------------------------------------------------- tables
def speed_head(sides):
    return f"{'ms a step':14s}" + "".join(f"{side:>14s}" for side in sides) + "   best PyTorch / ours"


def speed(found, sides):
    times = f"   {found['times']:6.2f}" if "times" in found else ""
    return f"{found['network']:14s}" + "".join(_cell(found["median"].get(side), 1e3, 3) for side in sides) + times


def _cell(value, factor=1, digits=0):
    return f"{'failed':>14s}" if value is None else f"{value * factor:14.{digits}f}"


def summary(rows):
    """The lines below the table of speeds."""
    ratios = {r["network"]: r["times"] for r in rows if "times" in r}
    if not ratios:
        return []
    least = min(ratios, key=ratios.get)
    mean = math.exp(statistics.fmean(map(math.log, ratios.values())))
    return [f"geometric mean {mean:.2f}, least {ratios[least]:.2f} ({least}), over {len(ratios)} networks"]


def first_steps(rows, sides):
    """PyTorch's is the quickest of its sides without torch.compile."""
    lines = [f"{'first step, s':14s}" + "".join(f"{side:>14s}" for side in sides) + "   ours / PyTorch's quickest"]
    return lines + [_compared(r, "first", sides, 3) for r in rows]


def memories(rows, sides):
    lines = []
    for field, title in (("memory_mb", "MB after steps"), ("peak_mb", "MB at most")):
        lines.append(f"{title:14s}" + "".join(f"{side:>14s}" for side in sides) + "   ours / PyTorch's least")
        lines += [_compared(r, field, sides, 0) for r in rows] + [""]
    return lines[:-1]


def _compared(found, field, sides, digits):
    values = found[field]
    peer = [values[side] for side in values if side not in (OURS, "compiled")]
    times = f"   {values[OURS] / min(peer):6.2f}" if peer and OURS in values else ""
    return f"{found['network']:14s}" + "".join(_cell(values.get(side), 1, digits) for side in sides) + times


def conduct(rows):
    """Whether each network ran as it should: losses, and nothing interpreted."""
    lines = [f"Relative difference of the losses from PyTorch's: of the first (at most {TOLERANCE:g}), the largest of the first five (at most",
             f"that, or {APART} times the next), and how far PyTorch's own layouts come apart there. Plans that were interpreted while steps were",
             "timed; what compiled plans left to the host:"]
    for r in rows:
        if "interpreted" not in r:
            continue
        loss = ""
        if "loss" in r:
            first, later = r["loss"]
            loss = f"{first:8.1e} {later:8.1e} {r['own']:8.1e} {'ok' if first <= TOLERANCE and later <= max(TOLERANCE, APART * r['own']) else 'TOO FAR':7s}"
        lines.append(f"{r['network']:14s} {loss}  {r['interpreted']} interpreted, on the host: {', '.join(r['host']) or 'nothing'}")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", default=",".join(NETWORKS), help="comma-separated")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0, help="timed, of each process")
    parser.add_argument("--threads", type=int, default=0, help="0: as each engine chooses")
    parser.add_argument("--compile", action="store_true", help="run torch.compile, too")
    parser.add_argument("--json", help="file for all figures")
    args = parser.parse_args()
    sides, rows = [OURS, *peers(args.compile)], []
    print(speed_head(sides), flush=True)
    for network in args.models.split(","):
        rows.append(row(network, run(network, sides, args)))
        print(speed(rows[-1], sides), flush=True)
        if args.json:
            with open(args.json, "w") as file:
                json.dump({"settings": vars(args), "rows": rows}, file, indent=1)
    for lines in (summary(rows), [""], first_steps(rows, sides), [""], memories(rows, sides), [""], conduct(rows)):
        print("\n".join(lines))


if __name__ == "__main__":
    main()
