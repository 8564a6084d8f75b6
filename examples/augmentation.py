"""What each augmentation does to one picture, shown as a grid.

    rushlight run augmentation.py --picture grid.png [--photo cat.jpg]
"""
import argparse

import numpy as np
import torch
from PIL import Image
from torchvision import transforms, utils

AUGMENTATIONS = {
    "horizontal flip": transforms.RandomHorizontalFlip(),
    "vertical flip": transforms.RandomVerticalFlip(),
    "resized crop": transforms.RandomResizedCrop(96, scale=(0.1, 1), ratio=(0.5, 2)),
    "brightness": transforms.ColorJitter(brightness=0.5),
    "hue": transforms.ColorJitter(hue=0.5),
    "all colours": transforms.ColorJitter(brightness=0.5, contrast=0.5, saturation=0.5, hue=0.5),
    "rotation": transforms.RandomRotation(45),
    "together": transforms.Compose([transforms.RandomHorizontalFlip(), transforms.ColorJitter(0.5, 0.5, 0.5, 0.5),
                                    transforms.RandomResizedCrop(96, scale=(0.3, 1))]),
}


def sample():
    """A generated picture: a disc on a gradient."""
    y, x = np.mgrid[0:96, 0:96]
    a = np.stack([x * 255 // 96, y * 255 // 96, 255 - x * 255 // 96], -1).astype(np.uint8)
    a[(x - 35) ** 2 + (y - 40) ** 2 < 600] = (250, 220, 40)
    return Image.fromarray(a)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photo")
    parser.add_argument("--columns", type=int, default=8)
    parser.add_argument("--picture", help="write the grid here")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    image = (Image.open(args.photo).convert("RGB") if args.photo else sample()).resize((96, 96))
    rows = []
    for name, augment in AUGMENTATIONS.items():
        row = torch.stack([transforms.functional.to_tensor(augment(image)) for _ in range(args.columns)])
        rows.append(row)
        print(f"{name:16s} mean {row.mean().item():.3f}, spread between the {args.columns} samples {row.std(0).mean().item():.3f}")
    grid = utils.make_grid(torch.cat(rows), nrow=args.columns)
    print("grid", tuple(grid.shape))
    if args.picture:
        utils.save_image(grid, args.picture)
        print(f"wrote {args.picture}")


if __name__ == "__main__":
    main()
