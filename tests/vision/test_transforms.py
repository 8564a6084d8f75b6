"""Every transform on PIL images and tensors, against torchvision from the same seed: values, draws, reprs, errors."""
import numpy as np
import pytest

from .conftest import picture, pil_picture

GEOMETRY = [
    "T.Resize(20)", "T.Resize((20, 31))", "T.Resize([50])", "T.Resize(20, max_size=22)", "T.Resize((60, 90), I.BICUBIC)",
    "T.Resize((15, 50), I.NEAREST)", "T.Resize((15, 50), I.NEAREST_EXACT)", "T.Resize((13, 17), I.BILINEAR, antialias=False)",
    "T.Resize((13, 17), I.BICUBIC)", "T.Resize((13, 17), I.BICUBIC, antialias=False)", "T.Resize((37, 46))", "T.Resize((70, 17), 2)",
    "T.CenterCrop(20)", "T.CenterCrop((50, 21))", "T.CenterCrop((64, 60))", "T.CenterCrop((20, 71))",
    "T.Pad(3)", "T.Pad((1, 2), 7)", "T.Pad((1, 2, 3, 4), padding_mode='edge')", "T.Pad(5, padding_mode='reflect')",
    "T.Pad((2, 5), padding_mode='symmetric')", "T.Pad([3])", "T.Pad((-2, 3), 9)", "T.Pad((-2, 3, 4, -5), padding_mode='edge')",
    "T.Pad((-1, -2, 3, 4), padding_mode='reflect')",
    "T.RandomCrop(20)", "T.RandomCrop((37, 46))", "T.RandomCrop((30, 40), padding=4)", "T.RandomCrop((60, 50), pad_if_needed=True, fill=3)",
    "T.RandomCrop((60, 10), padding=(1, 2), pad_if_needed=True, padding_mode='edge')", "T.RandomCrop(90)",
    "T.RandomHorizontalFlip()", "T.RandomVerticalFlip()", "T.RandomHorizontalFlip(1)", "T.RandomVerticalFlip(1)",
    "T.RandomResizedCrop(24)", "T.RandomResizedCrop((20, 33), scale=(0.3, 0.4), ratio=(1.9, 2.1))",
    "T.RandomResizedCrop(24, scale=(1, 1), ratio=(9, 10))", "T.RandomResizedCrop(24, scale=(1, 1), ratio=(0.1, 0.2))",
    "T.FiveCrop(12)", "T.TenCrop((12, 15))", "T.TenCrop(12, vertical_flip=True)", "T.FiveCrop(99)",
    "T.RandomPerspective(p=1)", "T.RandomPerspective(0.3, p=1, interpolation=I.NEAREST)", "T.RandomPerspective(p=1, fill=100)",
    "T.RandomRotation(40)", "T.RandomRotation((10, 80), I.BILINEAR)", "T.RandomRotation(60, expand=True)",
    "T.RandomRotation(60, I.BILINEAR, expand=True, fill=77)", "T.RandomRotation((90, 90), expand=True)", "T.RandomRotation(50, center=(3, 4))",
    "T.RandomAffine(30)", "T.RandomAffine(30, (0.2, 0.3))", "T.RandomAffine(0, scale=(0.5, 1.5), interpolation=I.BILINEAR)",
    "T.RandomAffine(10, (0.1, 0.1), (0.8, 1.2), 20)", "T.RandomAffine(10, shear=(5, 10, -20, 20), fill=12)", "T.RandomAffine(30, center=(0, 0))",
    "T.ElasticTransform(30.0, 3.0)", "T.ElasticTransform([20.0, 50.0], [2.0, 3.0], I.NEAREST, fill=50)",
]  # fmt: skip
COLOUR = [
    "T.ColorJitter(0.4)", "T.ColorJitter(contrast=0.4)", "T.ColorJitter(saturation=(0.2, 1.8))", "T.ColorJitter(hue=0.3)",
    "T.ColorJitter(0.4, 0.4, 0.4, 0.4)", "T.Grayscale()", "T.Grayscale(3)", "T.RandomGrayscale(0.5)", "T.GaussianBlur(5)",
    "T.GaussianBlur((3, 7), (1.0, 2.0))", "T.RandomInvert()", "T.RandomPosterize(3, p=1)", "T.RandomSolarize(120, p=1)",
    "T.RandomAdjustSharpness(0.3, p=1)", "T.RandomAdjustSharpness(2.5, p=1)", "T.RandomAutocontrast(p=1)", "T.RandomEqualize(p=1)",
    "T.AutoAugment()", "T.AutoAugment(T.AutoAugmentPolicy.CIFAR10, fill=33)", "T.AutoAugment(T.AutoAugmentPolicy.SVHN)",
    "T.RandAugment()", "T.RandAugment(4, 20, interpolation=I.BILINEAR)", "T.TrivialAugmentWide()", "T.AugMix()",
    "T.AugMix(5, 2, 3, all_ops=False)",
]  # fmt: skip
COMPOSED = [
    "T.Compose([T.RandomCrop(30, padding=4), T.RandomHorizontalFlip(), T.Lambda(lambda x: x)])",
    "T.RandomApply([T.RandomCrop(9), T.ColorJitter(0.3)], p=0.6)", "T.RandomChoice([T.RandomCrop(9), T.Grayscale(), T.Resize(5)], p=[1, 2, 3])",
    "T.RandomOrder([T.RandomCrop(9), T.RandomGrayscale(), T.CenterCrop(7)])",
]  # fmt: skip
FROM_PIL = [
    "T.ToTensor()", "T.PILToTensor()", "T.Compose([T.ToTensor(), T.Normalize([0.5, 0.4, 0.3], [0.2, 0.3, 0.4])])",
    "T.Compose([T.PILToTensor(), T.ConvertImageDtype(T.ToTensor()(PIL).dtype)])",
]  # fmt: skip
FROM_TENSOR = [
    "T.ToPILImage()", "T.RandomErasing(1)", "T.RandomErasing(1, value='random')", "T.RandomErasing(1, value=(1, 2, 3))",
    "T.RandomErasing(1, scale=(0.5, 0.9), ratio=(5, 9))", "T.RandomErasing()", "T.Normalize(0.5, 0.3)", "T.Normalize([0.5, 0.4, 0.3], (0.2, 0.3, 0.4))",
    "T.Normalize([0.5, 0.4], [0.2, 0.3])", "T.Normalize([0.5, 0.4, 0.3], [0, 0.3, 0.1])",
]  # fmt: skip


def make(side, expression, image=None):
    from types import SimpleNamespace

    T = side.T
    return eval(expression, {"T": T, "I": T.InterpolationMode, "torch": side.torch, "PIL": image, "ns": SimpleNamespace})


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("expression", GEOMETRY + COLOUR + COMPOSED + FROM_PIL)
def test_pil(both, expression, mode):
    image = pil_picture(channels=3 if mode == "RGB" else 1)
    both.agree(lambda side: repr(make(side, expression, image)) if "Lambda" not in expression else "")
    for seed in range(4):
        exact = False if "AugMix" in expression else None  # it works on tensors inside
        both.agree(lambda side: make(side, expression, image)(image), seed, at=f"seed {seed}", exact=exact)


@pytest.mark.parametrize("kind", ["uint8", "float32", "gray", "batch"])
@pytest.mark.parametrize("expression", GEOMETRY + COLOUR + COMPOSED + FROM_TENSOR)
def test_tensor(both, expression, kind):
    pixels = picture(channels=1 if kind == "gray" else 3)
    pixels = pixels[None] if kind == "gray" else pixels.transpose(2, 0, 1)
    if kind == "batch":
        pixels = np.stack([pixels, pixels[:, ::-1]])
    if kind == "float32":
        pixels = (pixels / 255).astype(np.float32)
        if "Solarize" in expression:
            expression = expression.replace("120", "0.5")
        if expression.startswith(("T.AutoAug", "T.RandAug", "T.Trivial", "T.AugMix")):
            pytest.skip("policies are for 8 bits")
    if kind == "batch" and "ToPIL" in expression:
        pytest.skip("of one image")
    # Several operations after one another make steps of one into steps of a few.
    steps = 3 if expression.startswith(("T.RandAug", "T.AugMix")) else 1
    for seed in range(3):
        both.agree(
            lambda side: make(side, expression)(side.torch.from_numpy(pixels.copy())),
            seed,
            at=f"{kind}, seed {seed}",
            steps=steps,
        )


@pytest.mark.parametrize("expression", [e for e in GEOMETRY + COLOUR + FROM_TENSOR if "Equal" not in e and "Poster" not in e and "ToPIL" not in e and "Aug" not in e])
def test_gradients(both, expression):
    """A tensor that needs a gradient goes through Tensor operations: the same values, and the gradient torchvision gives."""
    if "Autocontrast" in expression:
        pytest.skip("torchvision has no gradient of it")
    pixels = (picture().transpose(2, 0, 1) / 255).astype(np.float32)
    expression = expression.replace("120", "0.5").replace("Solarize(120", "Solarize(0.5")

    def call(side):
        x = side.torch.from_numpy(pixels.copy()).requires_grad_()
        out = make(side, expression)(x)
        out = out if isinstance(out, tuple) else (out,)
        if not out[0].requires_grad:
            return out
        total = sum((o * o).sum() for o in out)
        total.backward()
        return [o.detach() for o in out], x.grad / 2

    both.agree(call)
