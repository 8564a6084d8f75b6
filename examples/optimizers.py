"""Six optimizers on one small problem, and on a valley in two dimensions; the losses in a plot.

    rushlight run optimizers.py --plot optimizers.png
"""
import argparse

import torch
from torch import nn

OPTIMIZERS = {
    "SGD": lambda p: torch.optim.SGD(p, lr=0.05),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.02, momentum=0.9),
    "AdaGrad": lambda p: torch.optim.Adagrad(p, lr=0.1),
    "RMSProp": lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.9),
    "AdaDelta": lambda p: torch.optim.Adadelta(p, rho=0.9),
    "Adam": lambda p: torch.optim.Adam(p, lr=0.02),
}


def valley(make, steps=20):
    """f(x) = 0.1 x1^2 + 2 x2^2 from (-5, -2)."""
    x = torch.tensor([-5.0, -2.0], requires_grad=True)
    optimizer = make([x])
    for _ in range(steps):
        loss = 0.1 * x[0] ** 2 + 2 * x[1] ** 2
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return x.tolist()


def fit(make, x, y, epochs, size):
    torch.manual_seed(1)
    net = nn.Sequential(nn.Linear(x.shape[1], 16), nn.Tanh(), nn.Linear(16, 1))
    optimizer, criterion, losses = make(net.parameters()), nn.MSELoss(), []
    for _ in range(epochs):
        order = torch.randperm(len(x))
        for i in range(0, len(x), size):
            at = order[i:i + size]
            loss = criterion(net(x[at]).squeeze(1), y[at])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            losses.append(criterion(net(x).squeeze(1), y).item())
    return losses


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--batch-size", type=int, default=20)
    parser.add_argument("--plot", help="write the curves to this picture")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    x = torch.randn(400, 5)
    y = torch.sin(x[:, 0]) + 0.5 * x[:, 1] * x[:, 2] + 0.1 * torch.randn(400)
    curves = {}
    for name, make in OPTIMIZERS.items():
        at = valley(make)
        curves[name] = fit(make, x, y, args.epochs, args.batch_size)
        print(f"{name:9s} valley after 20 steps ({at[0]:+.4f}, {at[1]:+.4f}); regression loss {curves[name][0]:.4f} -> {curves[name][-1]:.4f}")
    if args.plot:
        import matplotlib

        matplotlib.use("agg")
        from matplotlib import pyplot as plt

        for name, losses in curves.items():
            plt.plot(range(1, len(losses) + 1), losses, label=name)
        plt.xlabel("epoch")
        plt.ylabel("mean squared error")
        plt.yscale("log")
        plt.legend()
        plt.savefig(args.plot, dpi=80, bbox_inches="tight")
        print(f"wrote {args.plot}")


if __name__ == "__main__":
    main()
