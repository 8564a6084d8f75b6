"""What recording an op costs, and PyTorch's eager op beside it, in microseconds (least of several rounds).

    python benchmarks/op_cost.py            # PyTorch's column appears if it is installed
"""
import time


def rounds(torch, function, settle, k=200, n=30):
    best = float("inf")
    for _ in range(n):
        start = time.perf_counter()
        for _ in range(k):
            function()
        best = min(best, (time.perf_counter() - start) / k)
        settle()
    return best * 1e6


def measure(torch, settle):
    x = torch.ones(4)
    w = torch.ones(4, requires_grad=True)
    m = torch.ones(4, 4)
    rows = {
        "x + x": lambda: x + x,
        "x * 2.0": lambda: x * 2.0,
        "w * x, on the tape": lambda: w * x,
        "x.view(2, 2)": lambda: x.view(2, 2),
        "w.view(2, 2), on the tape": lambda: w.view(2, 2),
        "m @ m": lambda: m @ m,
        "x.add_(1.0)": lambda: x.add_(1.0),
        "m[1]": lambda: m[1],
    }
    out = {name: rounds(torch, f, settle) for name, f in rows.items()}

    def chain():
        y = w
        for _ in range(50):
            y = y * x
        return y.sum()

    best = float("inf")
    for _ in range(20):
        loss = chain()
        start = time.perf_counter()
        loss.backward()
        best = min(best, time.perf_counter() - start)
        w.grad = None
    out["a node of backward (with its share of running)"] = best / 51 * 1e6
    return out


def main():
    import rushlight
    from rushlight.graph import recorder

    recorder.SOFT_SLOTS = 10**9
    ours = measure(rushlight, recorder.boundary)
    try:
        import torch

        torch.set_num_threads(1)
        theirs = measure(torch, lambda: None)
    except ImportError:
        theirs = {}
    print(f"{'':48s} {'rushlight':>10s} {'PyTorch':>10s}   us")
    for name, us in ours.items():
        other = f"{theirs[name]:10.2f}" if name in theirs else " " * 10
        print(f"{name:48s} {us:10.2f} {other}")


if __name__ == "__main__":
    main()
