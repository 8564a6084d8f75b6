#!/usr/bin/env python3
"""Train a small network on Fashion-MNIST: an ordinary PyTorch program.

    rushlight run examples/fashion_mnist.py                     # the data are found: see --data
    rushlight run examples/fashion_mnist.py --model cnn --epochs 5 --save cnn.pt
    rushlight run examples/fashion_mnist.py --model cnn --epochs 10 --resume cnn.pt
    python        examples/fashion_mnist.py --download          # the same file on PyTorch
"""
import argparse
import os
import time

import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

try:
    from tqdm import tqdm
except ImportError:  # the bar is a comfort, not a need
    def tqdm(batches, **options):
        return batches


# ------------------------------------------------------------------ networks
def softmax():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))


def mlp():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))


def lenet():
    """LeNet-5 with ReLU: with the sigmoids of 1998 it takes several epochs of 60000 images to leave the ground."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2, 2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2, 2),
        nn.Flatten(), nn.Linear(256, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))


def cnn():
    return nn.Sequential(
        nn.Conv2d(1, 32, 5), nn.ReLU(), nn.MaxPool2d(2, 2), nn.Dropout(0.3),
        nn.Conv2d(32, 64, 5), nn.ReLU(), nn.MaxPool2d(2, 2), nn.Dropout(0.3),
        nn.Flatten(), nn.Linear(1024, 512), nn.ReLU(), nn.Linear(512, 10))


MODELS = {"softmax": softmax, "mlp": mlp, "lenet": lenet, "cnn": cnn}
OPTIMIZERS = {
    "sgd": lambda parameters, lr: torch.optim.SGD(parameters, lr=lr, momentum=0.9),
    "adam": lambda parameters, lr: torch.optim.Adam(parameters, lr=lr),
    "adamw": lambda parameters, lr: torch.optim.AdamW(parameters, lr=lr),
    "adagrad": lambda parameters, lr: torch.optim.Adagrad(parameters, lr=lr),
    "rmsprop": lambda parameters, lr: torch.optim.RMSprop(parameters, lr=lr),
    "adadelta": lambda parameters, lr: torch.optim.Adadelta(parameters, lr=lr),
}


# ------------------------------------------------------------------ training
def train_epoch(model, loader, loss_fn, optimizer, title):
    """One pass over the training images; returns the mean loss and the accuracy along the way."""
    model.train()
    total_loss, correct, seen = 0.0, 0, 0
    for images, labels in tqdm(loader, desc=title, unit="batch", leave=False, disable=None):
        scores = model(images)
        loss = loss_fn(scores, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total_loss += loss.item() * len(labels)
        correct += (scores.argmax(dim=1) == labels).sum().item()
        seen += len(labels)
    return total_loss / seen, correct / seen


@torch.no_grad()
def accuracy(model, loader):
    model.eval()
    correct, seen = 0, 0
    for images, labels in loader:
        correct += (model(images).argmax(dim=1) == labels).sum().item()
        seen += len(labels)
    return correct / seen


def open_log(folder):
    """A TensorBoard writer; None where no folder is wanted or TensorBoard is not installed."""
    if not folder:
        return None
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        print(f"no TensorBoard log: {error}")
        return None
    return SummaryWriter(folder)


# ------------------------------------------------------------------ checkpoints
def save_checkpoint(path, model, optimizer, epoch):
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch,
                "generator": torch.get_rng_state()}, path)


def load_checkpoint(path, model, optimizer):
    """Put everything back as it was; returns the number of epochs already done."""
    checkpoint = torch.load(path)
    model.load_state_dict(checkpoint["model"])
    optimizer.load_state_dict(checkpoint["optimizer"])
    torch.set_rng_state(checkpoint["generator"])
    return checkpoint["epoch"]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0],
                                     formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--model", choices=MODELS, default="cnn")
    parser.add_argument("--epochs", type=int, help="epochs in all, those of --resume included; if not given, 6 on the small cut, "
                        "1 on the full set")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--lr", type=float, default=2e-3, help="learning rate")
    parser.add_argument("--optimizer", choices=OPTIMIZERS, default="adam")
    parser.add_argument("--data", default="data", metavar="FOLDER",
                        help="folder of the data set; without one, Rushlight takes the set that the system has installed, "
                        "or the small cut that it ships")
    parser.add_argument("--download", action="store_true", help="download the full set into --data")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--logdir", default=os.path.join("runs", "fashion_mnist"), metavar="FOLDER",
                        help="for TensorBoard; '' for none")
    parser.add_argument("--save", metavar="FILE", help="write a checkpoint after each epoch")
    parser.add_argument("--resume", metavar="FILE", help="go on from a checkpoint")
    return parser.parse_args()


def main():
    args = parse_arguments()
    torch.manual_seed(args.seed)
    train_set, test_set = (datasets.FashionMNIST(args.data, train=train, transform=transforms.ToTensor(), download=args.download)
                           for train in (True, False))
    if args.epochs is None:
        args.epochs = 6 if len(train_set) <= 10000 else 1
    train_loader = DataLoader(train_set, batch_size=args.batch_size, shuffle=True)
    test_loader = DataLoader(test_set, batch_size=500)

    model = MODELS[args.model]()
    loss_fn = nn.CrossEntropyLoss()
    optimizer = OPTIMIZERS[args.optimizer](model.parameters(), args.lr)
    done = load_checkpoint(args.resume, model, optimizer) if args.resume else 0
    print(f"{args.model}: {sum(p.numel() for p in model.parameters())} parameters, {len(train_set)} training images, "
          f"{len(test_set)} test images")

    log = open_log(args.logdir)
    test_accuracy = None
    for epoch in range(done + 1, args.epochs + 1):
        start = time.perf_counter()
        loss, train_accuracy = train_epoch(model, train_loader, loss_fn, optimizer, f"epoch {epoch}")
        test_accuracy = accuracy(model, test_loader)
        seconds = time.perf_counter() - start
        print(f"epoch {epoch}: loss {loss:.4f}, train accuracy {train_accuracy:.4f}, test accuracy {test_accuracy:.4f}, "
              f"{seconds:.1f} s", flush=True)
        if log:
            log.add_scalar("loss/train", loss, epoch)
            log.add_scalar("accuracy/train", train_accuracy, epoch)
            log.add_scalar("accuracy/test", test_accuracy, epoch)
        if args.save:
            save_checkpoint(args.save, model, optimizer, epoch)
    if log:
        log.close()
    if test_accuracy is None:  # the checkpoint had nothing left to train
        test_accuracy = accuracy(model, test_loader)
    print(f"test accuracy {test_accuracy:.4f}")


if __name__ == "__main__":
    main()
