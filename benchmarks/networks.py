"""The documents' networks, each with its batch and its optimizer: a plain PyTorch program, which either engine runs."""
import torch
import torch.nn.functional as F
from torch import nn


# ---------------------------------------------------------------- blocks
class Residual(nn.Module):
    """Two 3x3 convolutions, and the input added to what they give, through a 1x1 convolution where its shape changes."""

    def __init__(self, channels, outputs, project=False, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, outputs, 3, padding=1, stride=stride)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.norm1, self.norm2 = nn.BatchNorm2d(outputs), nn.BatchNorm2d(outputs)
        self.project = nn.Conv2d(channels, outputs, 1, stride=stride) if project else None

    def forward(self, x):
        y = F.relu(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        return F.relu(y + (x if self.project is None else self.project(x)))


class Inception(nn.Module):
    """Four paths side by side: 1x1; 1x1 and 3x3; 1x1 and 5x5; a pool and 1x1."""

    def __init__(self, channels, one, three, five, pooled):
        super().__init__()
        self.paths = nn.ModuleList([
            nn.Conv2d(channels, one, 1),
            nn.Sequential(nn.Conv2d(channels, three[0], 1), nn.ReLU(), nn.Conv2d(three[0], three[1], 3, padding=1)),
            nn.Sequential(nn.Conv2d(channels, five[0], 1), nn.ReLU(), nn.Conv2d(five[0], five[1], 5, padding=2)),
            nn.Sequential(nn.MaxPool2d(3, 1, 1), nn.Conv2d(channels, pooled, 1))])

    def forward(self, x):
        return torch.cat([F.relu(path(x)) for path in self.paths], dim=1)


class Dense(nn.Module):
    """Each layer sees the results of all before it."""

    def __init__(self, layers, channels, growth):
        super().__init__()
        self.layers = nn.ModuleList([normed(channels + i * growth, growth, 3, padding=1) for i in range(layers)])

    def forward(self, x):
        for layer in self.layers:
            x = torch.cat((x, layer(x)), dim=1)
        return x


class GlobalAveragePool(nn.Module):
    def forward(self, x):
        return F.avg_pool2d(x, kernel_size=x.size()[2:]).flatten(1)


def normed(channels, outputs, kernel, **more):
    return nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(), nn.Conv2d(channels, outputs, kernel, **more))


def stem(norm):
    """What the networks for 96 x 96 pictures begin with."""
    return [nn.Conv2d(1, 64, 7, 2, 3), *([nn.BatchNorm2d(64)] if norm else []), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]


# ---------------------------------------------------------------- networks
def linear():
    return nn.Linear(2, 1)


def softmax():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))


def mlp():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.Sigmoid(), nn.MaxPool2d(2, 2),
        nn.Conv2d(6, 16, 5), nn.Sigmoid(), nn.MaxPool2d(2, 2),
        nn.Flatten(), nn.Linear(256, 120), nn.Sigmoid(), nn.Linear(120, 84), nn.Sigmoid(), nn.Linear(84, 10))


def fashion_cnn():
    return nn.Sequential(
        nn.Conv2d(1, 32, 5), nn.ReLU(), nn.MaxPool2d(2, 2), nn.Dropout(0.3),
        nn.Conv2d(32, 64, 5), nn.ReLU(), nn.MaxPool2d(2, 2), nn.Dropout(0.3),
        nn.Flatten(), nn.Linear(1024, 512), nn.ReLU(), nn.Linear(512, 10))


def mnist_cnn():
    return nn.Sequential(
        nn.Conv2d(1, 64, 3, 1, 1), nn.ReLU(), nn.Conv2d(64, 128, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(2, 2),
        nn.Flatten(), nn.Linear(14 * 14 * 128, 1024), nn.ReLU(), nn.Dropout(0.5), nn.Linear(1024, 10))


def cifar_cnn():
    return nn.Sequential(
        nn.Conv2d(3, 32, 5, 1, 2), nn.MaxPool2d(2), nn.Conv2d(32, 32, 5, 1, 2), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5, 1, 2), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(1024, 64), nn.Linear(64, 10))


def classifier(features):
    """The three wide layers that AlexNet and VGG end with."""
    return [nn.Flatten(), nn.Linear(features, 4096), nn.ReLU(), nn.Dropout(0.5),
            nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(0.5), nn.Linear(4096, 10)]


def alexnet():
    return nn.Sequential(
        nn.Conv2d(1, 96, 11, 4), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(96, 256, 5, 1, 2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(256, 384, 3, 1, 1), nn.ReLU(), nn.Conv2d(384, 384, 3, 1, 1), nn.ReLU(),
        nn.Conv2d(384, 256, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(3, 2), *classifier(6400))


def vgg11():
    layers, channels = [], 1
    for convolutions, outputs in ((1, 64), (1, 128), (2, 256), (2, 512), (2, 512)):
        for _ in range(convolutions):
            layers += [nn.Conv2d(channels, outputs, 3, padding=1), nn.ReLU()]
            channels = outputs
        layers.append(nn.MaxPool2d(2, 2))
    return nn.Sequential(*layers, *classifier(512 * 7 * 7))


def nin():
    def block(channels, outputs, kernel, stride, padding):
        return [nn.Conv2d(channels, outputs, kernel, stride, padding), nn.ReLU(),
                nn.Conv2d(outputs, outputs, 1), nn.ReLU(), nn.Conv2d(outputs, outputs, 1), nn.ReLU()]

    return nn.Sequential(
        *block(1, 96, 11, 4, 0), nn.MaxPool2d(3, 2), *block(96, 256, 5, 1, 2), nn.MaxPool2d(3, 2),
        *block(256, 384, 3, 1, 1), nn.MaxPool2d(3, 2), nn.Dropout(0.5), *block(384, 10, 3, 1, 1), GlobalAveragePool())


def googlenet():
    return nn.Sequential(
        *stem(norm=False), nn.Conv2d(64, 64, 1), nn.Conv2d(64, 192, 3, padding=1), nn.MaxPool2d(3, 2, 1),
        Inception(192, 64, (96, 128), (16, 32), 32), Inception(256, 128, (128, 192), (32, 96), 64), nn.MaxPool2d(3, 2, 1),
        Inception(480, 192, (96, 208), (16, 48), 64), Inception(512, 160, (112, 224), (24, 64), 64),
        Inception(512, 128, (128, 256), (24, 64), 64), Inception(512, 112, (144, 288), (32, 64), 64),
        Inception(528, 256, (160, 320), (32, 128), 128), nn.MaxPool2d(3, 2, 1),
        Inception(832, 256, (160, 320), (32, 128), 128), Inception(832, 384, (192, 384), (48, 128), 128),
        GlobalAveragePool(), nn.Linear(1024, 10))


def resnet18():
    layers = [*stem(norm=True), Residual(64, 64), Residual(64, 64)]
    for channels in (64, 128, 256):
        layers += [Residual(channels, 2 * channels, project=True, stride=2), Residual(2 * channels, 2 * channels)]
    return nn.Sequential(*layers, GlobalAveragePool(), nn.Linear(512, 10))


def densenet():
    layers, channels = stem(norm=True), 64
    for i in range(4):
        layers.append(Dense(4, channels, 32))
        channels += 4 * 32
        if i < 3:
            layers += [normed(channels, channels // 2, 1), nn.AvgPool2d(2, 2)]
            channels //= 2
    return nn.Sequential(*layers, nn.BatchNorm2d(channels), nn.ReLU(), GlobalAveragePool(), nn.Linear(channels, 10))


def sgd(parameters):
    return torch.optim.SGD(parameters, lr=0.01)


def adam(parameters):
    return torch.optim.Adam(parameters, lr=1e-3)


NETWORKS = {  # name: (network, a batch's shape, optimizer)
    "linear": (linear, (10, 2), sgd),
    "softmax": (softmax, (256, 1, 28, 28), sgd),
    "mlp": (mlp, (256, 1, 28, 28), sgd),
    "lenet": (lenet, (256, 1, 28, 28), adam),
    "fashion_cnn": (fashion_cnn, (256, 1, 28, 28), adam),
    "mnist_cnn": (mnist_cnn, (64, 1, 28, 28), adam),
    "cifar_cnn": (cifar_cnn, (64, 3, 32, 32), sgd),
    "cifar_cnn_b1": (cifar_cnn, (1, 3, 32, 32), sgd),
    "alexnet": (alexnet, (32, 1, 224, 224), adam),
    "vgg11": (vgg11, (8, 1, 224, 224), adam),
    "nin": (nin, (32, 1, 224, 224), adam),
    "googlenet": (googlenet, (64, 1, 96, 96), adam),
    "resnet18": (resnet18, (64, 1, 96, 96), adam),
    "densenet": (densenet, (32, 1, 96, 96), adam),
}


def training(name, channels_last=False, compiled=False):
    """(the network, a step of its training), from seed 0. A step returns the loss, read: a batch through the network, loss,
    zero_grad, backward, the optimizer's step."""
    make, shape, optimizer_for = NETWORKS[name]
    torch.manual_seed(0)
    net, x = make(), torch.rand(shape)
    if name == "linear":
        criterion, y = nn.MSELoss(), torch.rand(shape[0], 1)
    else:
        criterion, y = nn.CrossEntropyLoss(), torch.randint(0, 10, (shape[0],))
    if channels_last and x.dim() == 4:
        net, x = (a.to(memory_format=torch.channels_last) for a in (net, x))
    optimizer = optimizer_for(net.parameters())
    forward = torch.compile(net) if compiled else net

    def step():
        loss = criterion(forward(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return net, step
