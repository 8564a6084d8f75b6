"""What GoogLeNet and Inception v3 share."""

import rushlight as torch

nn = torch.nn


def as_imagenet_of_tensorflow(x):
    """Images (N, 3, H, W) normalised by ImageNet's means and spreads, as in [-1, 1]: what TensorFlow trained on."""
    channels = [
        torch.unsqueeze(x[:, i], 1) * (std / 0.5) + (mean - 0.5) / 0.5
        for i, (mean, std) in enumerate([(0.485, 0.229), (0.456, 0.224), (0.406, 0.225)])
    ]
    return torch.cat(channels, 1)


def initialise(model, std: float) -> None:
    """Truncated normal weights of spread `std`, or of the module's own `stddev`; norms begin as the identity."""
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.trunc_normal_(module.weight, mean=0.0, std=float(getattr(module, "stddev", std)), a=-2, b=2)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.constant_(module.weight, 1)
            nn.init.constant_(module.bias, 0)


def warn_of_default_initialisation(model_name: str) -> None:
    import warnings

    warnings.warn(
        f"The default weight initialization of {model_name} will be changed in future releases of torchvision. If you "
        "wish to keep the old behavior (which leads to long initialization times due to scipy/scipy#11299), please set "
        "init_weights=True.",
        FutureWarning,
        stacklevel=3,
    )
