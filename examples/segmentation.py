"""Semantic segmentation with a fully convolutional network, upsampled by a transposed convolution initialised bilinearly.

    rushlight run segmentation.py --picture out.png                # generated shapes
    rushlight run segmentation.py --voc VOCdevkit/VOC2012 --epochs 20

Source: Long, Shelhamer and Darrell, Fully Convolutional Networks for Semantic Segmentation (2015).
"""
import argparse
import os

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

COLOURS = [[0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0], [0, 0, 128], [128, 0, 128], [0, 128, 128], [128, 128, 128], [64, 0, 0],
           [192, 0, 0], [64, 128, 0], [192, 128, 0], [64, 0, 128], [192, 0, 128], [64, 128, 128], [192, 128, 128], [0, 64, 0],
           [128, 64, 0], [0, 192, 0], [128, 192, 0], [0, 64, 128]]


class Shapes(Dataset):
    """Discs (1), squares (2) and stripes (3) on a noisy ground (0), 64 x 64."""

    def __init__(self, n, seed):
        rng = np.random.default_rng(seed)
        y, x = np.mgrid[0:64, 0:64]
        self.items = []
        for _ in range(n):
            picture, label = rng.integers(0, 100, (64, 64, 3)).astype(np.uint8), np.zeros((64, 64), np.int64)
            for kind in rng.permutation([1, 2, 3])[:2]:
                cx, cy, r = rng.integers(12, 52), rng.integers(12, 52), rng.integers(7, 13)
                inside = {1: (x - cx) ** 2 + (y - cy) ** 2 < r * r, 2: (abs(x - cx) < r) & (abs(y - cy) < r), 3: abs(y - cy) < r // 2}[kind]
                picture[inside] = np.array([[230, 60, 60], [60, 230, 60], [60, 60, 230]])[kind - 1] + rng.integers(-20, 20, 3)
                label[inside] = kind
            self.items.append((transforms.functional.to_tensor(picture), torch.from_numpy(label)))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


class Voc(Dataset):
    """Pascal VOC pictures and labels, cropped alike at random; pictures smaller than the crop are left out."""

    def __init__(self, root, train, crop):
        with open(os.path.join(root, "ImageSets", "Segmentation", "train.txt" if train else "val.txt")) as f:
            names = f.read().split()
        self.root, self.crop = root, crop
        self.names = [n for n in names if min(Image.open(self.path(n, False)).size) >= crop]
        self.table = torch.zeros(256 ** 3, dtype=torch.long)
        for i, (r, g, b) in enumerate(COLOURS):
            self.table[(r * 256 + g) * 256 + b] = i
        self.normal = transforms.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])

    def path(self, name, label):
        return os.path.join(self.root, *(("SegmentationClass", name + ".png") if label else ("JPEGImages", name + ".jpg")))

    def __len__(self):
        return len(self.names)

    def __getitem__(self, i):
        picture = Image.open(self.path(self.names[i], False)).convert("RGB")
        label = Image.open(self.path(self.names[i], True)).convert("RGB")
        at = transforms.RandomCrop.get_params(picture, output_size=(self.crop, self.crop))
        picture, label = transforms.functional.crop(picture, *at), transforms.functional.crop(label, *at)
        code = torch.from_numpy(np.array(label).astype(np.int64))
        return self.normal(transforms.functional.to_tensor(picture)), self.table[(code[..., 0] * 256 + code[..., 1]) * 256 + code[..., 2]]


def bilinear_kernel(i, o, k):
    """A transposed convolution's weight (i, o, k, k) that enlarges each channel bilinearly."""
    factor = (k + 1) // 2
    centre = factor - 1 if k % 2 == 1 else factor - 0.5
    at = torch.arange(k).reshape(-1, 1), torch.arange(k).reshape(1, -1)
    filt = (1 - (at[0] - centre).abs() / factor) * (1 - (at[1] - centre).abs() / factor)
    weight = torch.zeros(i, o, k, k)
    weight[range(i), range(o)] = filt
    return weight


class FCN(nn.Module):
    """A small backbone that shrinks eight times, a 1x1 convolution to classes, and one transposed convolution back."""

    def __init__(self, classes, width=16):
        super().__init__()
        layers, i = [], 3
        for o in (width, 2 * width, 4 * width):
            layers += [nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(), nn.Conv2d(o, o, 3, 2, 1), nn.BatchNorm2d(o), nn.ReLU()]
            i = o
        self.backbone = nn.Sequential(*layers)
        self.final_conv = nn.Conv2d(i, classes, kernel_size=1)
        self.transpose_conv = nn.ConvTranspose2d(classes, classes, kernel_size=16, padding=4, stride=8)
        self.transpose_conv.weight.data.copy_(bilinear_kernel(classes, classes, 16))
        nn.init.xavier_uniform_(self.final_conv.weight)

    def forward(self, x):
        return self.transpose_conv(self.final_conv(self.backbone(x)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--voc", help="the folder VOC2012")
    parser.add_argument("--crop", type=int, default=320, help="for VOC: a multiple of 8")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--lr", type=float, default=3e-3)
    parser.add_argument("--picture", help="write pictures, labels and predictions side by side here")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    if args.voc:
        train_set, test_set, classes = Voc(args.voc, True, args.crop), Voc(args.voc, False, args.crop), 21
    else:
        train_set, test_set, classes = Shapes(96, 0), Shapes(24, 1), 4
    train, test = DataLoader(train_set, args.batch_size, shuffle=True, drop_last=True), DataLoader(test_set, args.batch_size)
    net = FCN(classes)
    optimizer = torch.optim.Adam(net.parameters(), lr=args.lr)
    for epoch in range(args.epochs):
        net.train()
        total = 0.0
        for x, y in train:
            loss = F.cross_entropy(net(x), y, reduction="none").mean(1).mean(1).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        net.eval()
        right = count = 0
        with torch.no_grad():
            for x, y in test:
                found = net(x).argmax(dim=1)
                right += (found == y).sum().item()
                count += y.numel()
        print(f"epoch {epoch + 1}, loss {total / len(train):.4f}, test pixel accuracy {right / count:.4f}")
    if args.picture:
        x, y = next(iter(test))
        with torch.no_grad():
            found = net(x).argmax(dim=1)
        colours = torch.tensor(COLOURS, dtype=torch.uint8)
        rows = [(x * 255).clamp(0, 255).byte().permute(0, 2, 3, 1), colours[y], colours[found]]
        sheet = torch.cat([torch.cat(list(r[:6]), dim=1) for r in rows], dim=0)
        Image.fromarray(sheet.numpy()).save(args.picture)
        print(f"wrote {args.picture}")


if __name__ == "__main__":
    main()
