"""The example's epoch on both engines, in turns: the median seconds of an epoch on the packaged pictures.

    python benchmarks/example_epoch.py [--models mlp,lenet,cnn] [--rounds 3]

PyTorch runs a loop of the same network, batches and optimizer over the same pictures, since the example needs torchvision.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
CHILD = r'''
import gzip, json, pathlib, sys, time
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
model, root = sys.argv[1], pathlib.Path(sys.argv[2])
folder = root / "rushlight/vision/datasets/data/fashion-mnist-cut"
images = np.frombuffer(gzip.decompress(next(folder.rglob("train-images*")).read_bytes()), np.uint8, offset=16)
labels = np.frombuffer(gzip.decompress(next(folder.rglob("train-labels*")).read_bytes()), np.uint8, offset=8)
x = torch.from_numpy(images.reshape(-1, 1, 28, 28).astype(np.float32) / np.float32(255))
y = torch.from_numpy(labels.astype(np.int64))
sys.argv = ["fashion_mnist.py"]
source = (root / "examples/fashion_mnist.py").read_text()
names = {}
exec(compile(source.split("# ------------------------------------------------------------------ training")[0]
             .replace("from torchvision import datasets, transforms", ""), "example", "exec"), names)
torch.manual_seed(0)
net = names["MODELS"][model]()
optimizer, criterion = torch.optim.Adam(net.parameters(), lr=1e-3), nn.CrossEntropyLoss()
loader = DataLoader(TensorDataset(x, y), batch_size=64, shuffle=True)
times = []
for epoch in range(4):
    start = time.perf_counter()
    for xb, yb in loader:
        loss = criterion(net(xb), yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    loss.item()
    times.append(time.perf_counter() - start)
print(json.dumps(times[1:]))
'''


def run(command, model):
    done = subprocess.run([*command, "-c", CHILD, model, str(ROOT)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", default="softmax,mlp,lenet,cnn")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    sides = {"rushlight": [sys.executable, "-m", "rushlight", "run"]}
    try:
        import importlib.metadata

        importlib.metadata.version("torch")
        sides["PyTorch"] = [sys.executable]
    except importlib.metadata.PackageNotFoundError:
        pass
    print(f"{'model':10s}" + "".join(f"{side:>14s}" for side in sides) + "   s an epoch of 2000 pictures")
    for model in args.models.split(","):
        times = {side: [] for side in sides}
        for _ in range(args.rounds):
            for side, command in sides.items():
                times[side] += run(command, model)
        print(f"{model:10s}" + "".join(f"{statistics.median(t):14.3f}" for t in times.values()))


if __name__ == "__main__":
    main()
