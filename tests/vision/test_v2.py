"""transforms.v2, transform by transform over kinds of input against torchvision from the same seed, and users' pipelines."""
import importlib
import re
from collections import OrderedDict, namedtuple

import numpy as np
import pytest

import rushlight
from rushlight.vision import tv_tensors
from rushlight.vision.transforms import v2

from .conftest import picture, pil_picture

HEIGHT, WIDTH = 37, 46
Pair = namedtuple('Pair', 'image mask')
BOXES = [[2, 3, 12, 17], [10, 5, 40, 36], [0, 0, 46, 37], [30, 20, 36, 33]]

# ---------------------------------------------------------------- generated
EVERYWHERE = [
    "v2.Identity()", "v2.Resize(20)", "v2.Resize([20])", "v2.Resize((20, 31))", "v2.Resize(None, max_size=30)", "v2.Resize(20, max_size=22)",
    "v2.Resize((60, 90), 'bicubic')", "v2.Resize((15, 50), v2.InterpolationMode.NEAREST)", "v2.Resize((15, 50), 'nearest-exact')",
    "v2.Resize((13, 17), antialias=False)", "v2.CenterCrop(20)", "v2.CenterCrop((50, 21))", "v2.CenterCrop((64, 60))",
    "v2.Pad(3)", "v2.Pad((1, 2), 7)", "v2.Pad((1, 2, 3, 4), fill=None)", "v2.Pad(2, fill={tv.Mask: 3, 'others': 9})", "v2.Pad(5, padding_mode='reflect')",
    "v2.Pad((2, 3), padding_mode='edge')",
    "v2.RandomCrop(20)", "v2.RandomCrop((37, 20))", "v2.RandomCrop((37, 46))", "v2.RandomCrop((30, 40), padding=4)", "v2.RandomCrop((30, 40), padding=[1, 2, 3, 4], fill=5)",
    "v2.RandomCrop((60, 50), pad_if_needed=True, fill=3)", "v2.RandomCrop((60, 10), padding=(1, 2), pad_if_needed=True)", "v2.RandomCrop(90)",
    "v2.RandomCrop(90, padding=2)", "v2.RandomHorizontalFlip()", "v2.RandomVerticalFlip()", "v2.RandomHorizontalFlip(1)", "v2.RandomVerticalFlip(1)",
    "v2.RandomResizedCrop(24)", "v2.RandomResizedCrop((20, 33), scale=(0.3, 0.4), ratio=(1.9, 2.1))", "v2.RandomResizedCrop(24, scale=(1, 1), ratio=(9, 10))",
    "v2.RandomZoomOut(p=1)", "v2.RandomZoomOut(4, (1.5, 2.5))", "v2.ScaleJitter((50, 60))", "v2.RandomShortestSize([20, 30, 40], 42)",
    "v2.RandomShortestSize(25)", "v2.RandomResize(10, 60)",
    "v2.RandomPerspective(p=1)", "v2.RandomPerspective(0.3, p=1, interpolation='nearest')", "v2.RandomPerspective(p=0.5, fill=100)",
    "v2.RandomRotation(40)", "v2.RandomRotation((10, 80), 'bilinear')", "v2.RandomRotation(60, expand=True)",
    "v2.RandomRotation(60, 'bilinear', expand=True, fill=77)", "v2.RandomRotation(50, center=(3, 4))",
    "v2.RandomAffine(30)", "v2.RandomAffine(30, (0.2, 0.3))", "v2.RandomAffine(0, scale=(0.5, 1.5), interpolation='bilinear')",
    "v2.RandomAffine(10, (0.1, 0.1), (0.8, 1.2), 20)", "v2.RandomAffine(10, shear=(5, 10, -20, 20), fill=12)", "v2.RandomAffine(30, center=(0, 0))",
    "v2.ElasticTransform(30.0, 3.0)", "v2.ElasticTransform([20.0, 50.0], [2.0, 3.0], 'nearest', fill=50)",
    "v2.FiveCrop(12)", "v2.TenCrop((12, 15))", "v2.TenCrop(12, vertical_flip=True)", "v2.FiveCrop(99)",
    "v2.RandomIoUCrop()", "v2.RandomIoUCrop(0.2, 0.7, sampler_options=[0.0, 0.3])", "v2.RandomIoUCrop(sampler_options=[0.5, 0.7], trials=3)",
    "v2.ColorJitter(0.4)", "v2.ColorJitter(contrast=0.4)", "v2.ColorJitter(saturation=(0.2, 1.8))", "v2.ColorJitter(hue=0.3)", "v2.ColorJitter(0.4, 0.4, 0.4, 0.2)",
    "v2.RandomPhotometricDistort()", "v2.RandomPhotometricDistort(p=1)", "v2.RandomChannelPermutation()", "v2.Grayscale()", "v2.Grayscale(3)",
    "v2.RandomGrayscale(0.5)", "v2.RGB()", "v2.GaussianBlur(5)", "v2.GaussianBlur((3, 7), (1.0, 2.0))", "v2.RandomInvert()", "v2.RandomPosterize(3, p=1)",
    "v2.RandomSolarize(0.4, p=1)", "v2.RandomAdjustSharpness(0.3, p=1)", "v2.RandomAdjustSharpness(2.5)", "v2.RandomAutocontrast(p=1)", "v2.RandomEqualize(p=1)",
    "v2.RandomErasing(1)", "v2.RandomErasing(1, value='random')", "v2.RandomErasing(1, value=(1, 2, 3))", "v2.RandomErasing(1, scale=(0.5, 0.9), ratio=(5, 9))", "v2.RandomErasing()",
    "v2.AutoAugment()", "v2.AutoAugment(v2.AutoAugmentPolicy.CIFAR10, fill=33)", "v2.AutoAugment(v2.AutoAugmentPolicy.SVHN, 'bilinear')",
    "v2.RandAugment()", "v2.RandAugment(4, 20, interpolation='bilinear')", "v2.TrivialAugmentWide()", "v2.AugMix()", "v2.AugMix(5, 2, 3, all_ops=False, interpolation='nearest')",
    "v2.ToImage()", "v2.ToPureTensor()", "v2.PILToTensor()", "v2.ToPILImage()", "v2.ToDtype(torch.float32, scale=True)", "v2.ToDtype(torch.float64)",
    "v2.ToDtype({tv.Image: torch.float32, tv.Mask: torch.int64, 'others': None}, scale=True)", "v2.ToDtype({torch.Tensor: torch.uint8})",
    "v2.ConvertImageDtype()", "v2.ConvertImageDtype(torch.uint8)", "v2.Normalize([0.5, 0.4, 0.3], [0.2, 0.3, 0.4])", "v2.Normalize([0.5], [0])",
    "v2.GaussianNoise()", "v2.GaussianNoise(0.1, 0.3, clip=False)", "v2.ClampBoundingBoxes()", "v2.ClampKeyPoints()", "v2.SetClampingMode(None)", "v2.ConvertBoundingBoxFormat('CXCYWH')",
    "v2.ConvertBoundingBoxFormat(tv.BoundingBoxFormat.XYWH)", "v2.SanitizeBoundingBoxes(labels_getter=None)", "v2.SanitizeBoundingBoxes(12, 150)",
    "v2.SanitizeKeyPoints()", "v2.UniformTemporalSubsample(2)", "v2.Lambda(lambda x: x)",
    "v2.RandomApply([v2.RandomCrop(9), v2.RandomHorizontalFlip()], p=0.6)", "v2.RandomChoice([v2.RandomCrop(9), v2.Grayscale(), v2.Resize(5)], p=[1, 2, 3])",
    "v2.RandomOrder([v2.RandomCrop(9), v2.RandomVerticalFlip(), v2.CenterCrop(7)])",
    "v2.Compose([v2.RandomCrop(30, padding=4), v2.RandomHorizontalFlip(), v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])",
    "v2.Compose([v2.SetClampingMode(None), v2.RandomRotation(30), v2.ClampBoundingBoxes('soft')])",
]  # fmt: skip
KINDS = ["PIL", "PIL-gray", "uint8", "float32", "Image", "batch", "Video", "sample", "detection", "XYWH", "CXCYWH", "rotated", "keypoints"]


def rooms(side):
    """(v2, tv_tensors) of one of the two libraries."""
    return tuple(importlib.import_module(f"{side.vision.__name__}.{name}") for name in ("transforms.v2", "tv_tensors"))


def sample_of(kind, side):
    """An input of this kind: the same values on both sides."""
    torch, (_, tv) = side.torch, rooms(side)
    pixels = picture(HEIGHT, WIDTH)
    planes = torch.from_numpy(pixels.transpose(2, 0, 1).copy())
    classes = torch.from_numpy((picture(HEIGHT, WIDTH, 1, seed=2) // 60).astype(np.uint8))

    def boxes(format="XYXY", **kwargs):
        given = tv.BoundingBoxes(torch.tensor(BOXES, dtype=torch.float32), format="XYXY", canvas_size=(HEIGHT, WIDTH), **kwargs)
        return rooms(side)[0].functional.convert_bounding_box_format(given, new_format=tv.BoundingBoxFormat[format])

    if kind.startswith("PIL"):
        return pil_picture(HEIGHT, WIDTH, channels=1 if "gray" in kind else 3)
    if kind == "sample":  # an image with its mask, boxes and points, deep in a nest, and what no transform knows
        points = tv.KeyPoints(torch.tensor([[3.0, 4.0], [40.0, 30.5]]), canvas_size=(HEIGHT, WIDTH))
        target = {"mask": tv.Mask(classes), "boxes": boxes(), "labels": torch.tensor([1, 2, 3, 4]), "points": points, "id": "a"}
        return tv.Image(planes), (target, [3, None])
    if kind == "detection":  # as data sets give it: a PIL image, whole boxes, masks of objects
        masks = tv.Mask(torch.stack([classes == n for n in range(4)]))
        whole = tv.BoundingBoxes(torch.tensor(BOXES), format="XYXY", canvas_size=(HEIGHT, WIDTH))
        return pil_picture(HEIGHT, WIDTH), {"boxes": whole, "masks": masks, "labels": torch.tensor([1, 2, 3, 4])}
    if kind in ("XYWH", "CXCYWH"):
        return tv.Image(planes), boxes(kind)
    if kind == "rotated":
        turned = tv.BoundingBoxes(torch.tensor([[14.0, 12, 9, 6, 20], [30, 20, 12, 5, -35]]), format="CXCYWHR", canvas_size=(HEIGHT, WIDTH))
        return tv.Image(planes), turned
    if kind == "keypoints":
        return tv.Image(planes), tv.KeyPoints(torch.tensor([[[3.0, 4.0], [40.0, 30.5]]] * 2), canvas_size=(HEIGHT, WIDTH))
    return {
        "uint8": lambda: planes,
        "float32": lambda: planes / 255,
        "Image": lambda: tv.Image(planes),
        "batch": lambda: torch.stack([planes, planes.flip(-1)]),
        "Video": lambda: tv.Video(torch.stack([planes, planes.flip(-1), planes.flip(-2)])),
    }[kind]()


def described(x, side):
    """A result with each tv_tensor as what it is: its class, its canvas, its format and its values."""
    tv = rooms(side)[1]
    if isinstance(x, tv.TVTensor):
        known = {name: str(getattr(x, name)) for name in ("canvas_size", "format", "clamping_mode") if hasattr(x, name)}
        return {"class": type(x).__name__, "values": x.as_subclass(side.torch.Tensor), **known}
    if isinstance(x, dict):
        return {key: described(value, side) for key, value in x.items()}
    if isinstance(x, (tuple, list)):
        return [type(x).__name__, *(described(part, side) for part in x)]
    return x


def make(side, expression):
    names = dict(zip(("v2", "tv"), rooms(side)))
    return eval(expression, names | {"torch": side.torch})


def words_of(error):
    """The kind and the words of an error, without what tells the two libraries apart."""
    words = str(error).replace("rushlight.vision", "torchvision").replace("rushlight", "torch")
    return type(error).__name__, re.sub(" at 0x[0-9A-Fa-f]+", "", words)


def result(side, expression, kind):
    """What the transform makes of an input of this kind, or its error."""
    transform = make(side, expression)
    try:
        return described(transform(sample_of(kind, side)), side)
    except Exception as error:
        side.torch.manual_seed(0)  # how much was drawn before an error is not compared
        return words_of(error)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("expression", EVERYWHERE)
def test_against_torchvision(both, expression):
    failures = []
    both.agree(lambda side: repr(make(side, expression)))
    for kind in KINDS:
        given = expression
        if "Solarize" in expression and kind != "float32":
            given = expression.replace("0.4", "120")
        for seed in range(2):
            steps = 3 if "AugMix" in expression or "RandAug" in expression or "Distort" in expression else 1
            try:
                both.agree(
                    lambda side: result(side, given, kind),
                    seed,
                    exact=False if kind == "detection" or "AugMix" in expression else None,
                    steps=steps,
                )
            except AssertionError as error:
                failures.append(f"{kind}, seed {seed}: {str(error)[:400]}")
    assert not failures, "\n".join(failures)


# ---------------------------------------------------------------- errors and reprs
WRONG = [
    "v2.Compose(3)", "v2.Compose([])", "v2.RandomApply(3)", "v2.RandomApply([v2.Identity()], p=2)", "v2.RandomChoice([v2.Identity()], p=[1, 2])",
    "v2.Pad('a')", "v2.Pad([1.5, 2])", "v2.Pad(1, padding_mode='a')", "v2.Pad(3, fill='a')", "v2.Resize(None)", "v2.Resize([3, 4, 5])",
    "v2.CenterCrop([3, 4, 5])", "v2.RandomCrop(3, padding=[1, 2, 3])", "v2.RandomResizedCrop(3, scale=3)", "v2.RandomHorizontalFlip(2)",
    "v2.RandomZoomOut(side_range=(0.5, 2))", "v2.RandomRotation(-30)", "v2.RandomRotation([1, 2], center=3)", "v2.RandomAffine(30, translate=(3, 1))",
    "v2.RandomAffine(30, scale=(0, 1))", "v2.RandomPerspective(2)", "v2.ElasticTransform(None)", "v2.ElasticTransform([3., 4., 5.])",
    "v2.ColorJitter(-0.5)", "v2.ColorJitter(hue=0.6)", "v2.ColorJitter('a')", "v2.GaussianBlur((3, 4))", "v2.GaussianBlur(3, (2, 1))",
    "v2.RandomErasing(value='a')", "v2.RandomErasing(scale=(-1, 1))", "v2.AutoAugment('a')", "v2.AugMix(11)", "v2.JPEG(0)", "v2.JPEG(True)", "v2.JPEG((9, 3))",
    "v2.SetClampingMode('a')", "v2.SanitizeBoundingBoxes(min_size=0)", "v2.SanitizeBoundingBoxes(labels_getter=3)", "v2.ToDtype('a')",
    "v2.LinearTransformation(torch.eye(3), torch.zeros(4))", "v2.Normalize(0.5, 0.5)", "v2.MixUp(labels_getter=3)", "v2.Transform()(torch.zeros(3))",
    "v2.FiveCrop(3)(tv.Mask(torch.zeros(4, 4)))", "v2.AutoAugment()(3)", "v2.AutoAugment()(torch.zeros(3, 4, 4), tv.Mask(torch.zeros(4, 4)))",
    "v2.MixUp()(torch.zeros(3, 4, 4))", "v2.MixUp()(torch.zeros(3, 3, 4, 4), torch.zeros(3).long())", "v2.MixUp(num_classes=3)(torch.zeros(3, 4, 4), torch.zeros(3).long())",
    "v2.MixUp(num_classes=3)({'image': torch.zeros(3, 3, 4, 4), 'foo': 'a'})", "v2.CutMix(num_classes=3)(torch.zeros(3, 3, 4, 4), torch.zeros(2).long())",
    "v2.query_size([3])", "v2.query_chw([torch.zeros(3, 4, 5), torch.zeros(3, 4, 6)])", "v2.get_bounding_boxes([3])", "v2.get_keypoints([3])",
    "v2.SanitizeBoundingBoxes()({'labels': torch.zeros(3), 'boxes': tv.BoundingBoxes(torch.zeros(2, 4), format='XYXY', canvas_size=(3, 3))})",
    "v2.SanitizeBoundingBoxes()({'labels': [1, 2], 'boxes': tv.BoundingBoxes(torch.zeros(2, 4), format='XYXY', canvas_size=(3, 3))})",
    "v2.functional.resize(3, [2, 2])", "v2.functional.register_kernel('foo', tv.Image)",
]  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("expression", WRONG)
def test_errors_are_torchvisions(both, expression):
    def call(side):
        try:
            make(side, expression)
        except Exception as error:
            return words_of(error)
        raise AssertionError("no error")

    both.agree(call)


def test_names_are_torchvisions(both):
    for name in ("v2", "v2.functional"):
        ours, theirs = (importlib.import_module(f"{side.vision.__name__}.transforms.{name}") for side in (both.ours, both.theirs))
        missing = [key for key in dir(theirs) if not key.startswith("_") and not hasattr(ours, key)]
        assert missing == []


# ---------------------------------------------------------------- functions
# x is an image tensor, b boxes (XYXY), m a mask of classes, k points: plain tensors; B the same boxes as BoundingBoxes
CALLS = [
    "F.resize_image(x, [20, 30])", "F.resize_mask(m, [20, 30])", "F.resize_bounding_boxes(b, (37, 46), [20, 30])", "F.resize_keypoints(k, [20, 30], (37, 46))",
    "F.resize(B, [20])", "F.resize(B, size=None, max_size=90)", "F.horizontal_flip_bounding_boxes(b, XYXY, (37, 46))", "F.vertical_flip_keypoints(k, (37, 46))",
    "F.crop_bounding_boxes(b, XYXY, 3, 4, 20, 22)", "F.crop_bounding_boxes(b, XYXY, -3, 4, 60, 22, clamping_mode=None)", "F.crop_keypoints(k, 3, 4, 20, 22)",
    "F.crop_image(x, -5, 40, 60, 9)", "F.crop_mask(m, 30, 30, 20, 20)", "F.center_crop_bounding_boxes(b, XYXY, (37, 46), [20, 10])", "F.center_crop(B, 12)",
    "F.resized_crop_bounding_boxes(b, XYXY, 1, 2, 20, 21, [30, 40])", "F.resized_crop(B, 1, 2, 20, 21, [30, 40])", "F.pad_bounding_boxes(b, XYXY, (37, 46), [1, 2, 3, 4])",
    "F.pad_bounding_boxes(b, XYXY, (37, 46), [1], padding_mode='edge')", "F.pad_mask(m, 3, fill=[1, 2])", "F.pad_image(x, [1, 2], fill=[1.0, 2.0, 3.0])", "F.pad_image(x, [1, 2, 3])",
    "F.rotate_bounding_boxes(b, XYXY, (37, 46), 30.0, expand=True)", "F.rotate(B, 200, center=[3, 4])", "F.rotate_mask(m, 33, expand=True, fill=7)", "F.rotate_keypoints(k, (37, 46), 20, expand=True)",
    "F.affine_bounding_boxes(b, XYXY, (37, 46), 10, [1, 2], 1.2, [3, 4])", "F.affine(B, 10, [1, 2], 1.2, 3)", "F.affine(B, 'a', [1, 2], 1.2, 3)", "F.affine(x, 1, [1], 1.2, 3)",
    "F.perspective_bounding_boxes(b, XYXY, (37, 46), [[0, 0], [45, 0], [45, 36], [0, 36]], [[3, 2], [40, 4], [43, 30], [1, 35]])", "F.perspective(x, None, None)",
    "F.elastic(B, torch.full((1, 37, 46, 2), 0.1))", "F.elastic(B, torch.zeros(1, 2, 3, 2))", "F.five_crop(x, [10, 11])", "F.five_crop(B, 3)",
    "F.convert_bounding_box_format(b, XYXY, tv.BoundingBoxFormat.XYWH)", "F.convert_bounding_box_format(b, new_format=XYXY)", "F.convert_bounding_box_format(B, XYXY, XYXY)",
    "F.convert_bounding_box_format(B, new_format='cxcywhr')", "F.convert_bounding_box_format(B, new_format='XYXYXYXY')", "F.clamp_bounding_boxes(b + 20, XYXY, (37, 46), 'hard')", "F.clamp_bounding_boxes(b)",
    "F.clamp_keypoints(k * 2, (37, 46))", "F.sanitize_bounding_boxes(b + 8, XYXY, (37, 46), 2, 8)", "F.sanitize_bounding_boxes(b)", "F.sanitize_keypoints(k * 2, (37, 46))",
    "F.get_size(B)", "F.get_size(m)", "F.get_dimensions(x)", "F.get_num_channels(B)", "F.get_num_frames(x[None])", "F.to_dtype(x, torch.float32, scale=True)", "F.to_dtype(B, torch.float64, scale=True)",
    "F.to_image(x)", "F.to_image(3)", "F.to_pil_image(x)", "F.normalize(x, [0.5], [0.5])", "F.normalize(x.float(), [0.5] * 3, [0, 1, 1])", "F.erase(x, 1, 2, 3, 4, torch.tensor([9]))",
    "F.gaussian_blur(x, 3)", "F.gaussian_blur(x, [3, 4])", "F.permute_channels(x, [2, 0, 1])", "F.permute_channels(x, [0, 1])", "F.posterize(x, 9)", "F.solarize(x, 300)",
    "F.adjust_hue(x, 0.7)", "F.adjust_gamma(x, 1.4, 0.9)", "F.grayscale_to_rgb(x[:1])", "F.rgb_to_grayscale(x, 2)", "F.uniform_temporal_subsample(torch.stack([x, x, x]), 2)",
    "F.is_pure_tensor(x), F.is_pure_tensor(B)", "F.autocontrast(x)", "F.equalize(x)", "F.invert(x.short())", "F.convert_image_dtype(x, torch.int16)",
]  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("expression", CALLS)
def test_functions(both, expression):
    def call(side):
        torch, (room, tv) = side.torch, rooms(side)
        image, (target, _) = sample_of("sample", side)
        plain = {"x": image, "b": target["boxes"], "m": target["mask"], "k": target["points"]}
        names = {name: value.as_subclass(torch.Tensor) for name, value in plain.items()}
        names |= {"B": target["boxes"], "XYXY": tv.BoundingBoxFormat.XYXY, "F": room.functional, "tv": tv, "torch": torch}
        try:
            return described(eval(expression, names), side)
        except Exception as error:
            return words_of(error)

    both.agree(call)


@pytest.mark.parametrize("form", ["list", "OrderedDict", "namedtuple", "two", "nested"])
def test_structures(both, form):
    def call(side):
        image, (target, _) = sample_of("sample", side)
        mask, boxes = target["mask"], target["boxes"]
        given = {
            "list": ([image, mask, 3],),
            "OrderedDict": (OrderedDict(b=boxes, a=image),),
            "namedtuple": (Pair(image, mask),),
            "two": (image, boxes),
            "nested": ({"a": [(image, {"b": [boxes, None]})], "label": 3},),
        }[form]
        out = rooms(side)[0].RandomCrop(20)(*given)
        return type(out).__name__, described(dict(out) if isinstance(out, dict) else list(out), side)

    both.agree(call)


# ---------------------------------------------------------------- batches
@pytest.mark.parametrize("expression", ["v2.MixUp(num_classes=5)", "v2.CutMix(num_classes=5)", "v2.MixUp(alpha=0.2)", "v2.CutMix(alpha=0.4)"])
@pytest.mark.parametrize("form", ["pair", "dict", "video"])
def test_mixing(both, expression, form):
    def call(side):
        torch, (_, tv) = side.torch, rooms(side)
        images = torch.from_numpy(np.random.default_rng(0).random((4, 3, 8, 9), dtype=np.float32))
        labels = torch.tensor([0, 3, 1, 4])
        if "alpha" in expression:
            labels = torch.nn.functional.one_hot(labels, 5).float()
        mixing = make(side, expression)
        if form == "dict":
            return described(mixing({"image": tv.Image(images), "my_labels": labels, "weight": torch.ones(4)}), side)
        images = tv.Video(images[:, None].repeat(1, 2, 1, 1, 1)) if form == "video" else images
        return described(mixing(images, labels), side)

    for seed in range(4):
        both.agree(call, seed)


# ---------------------------------------------------------------- users' pipelines, which need no oracle
def test_training_pipeline_of_images():
    train = v2.Compose([
        v2.ToImage(),
        v2.RandomResizedCrop(24, antialias=True),
        v2.RandomHorizontalFlip(),
        v2.ColorJitter(0.2, 0.2),
        v2.ToDtype(rushlight.float32, scale=True),
        v2.Normalize([0.5] * 3, [0.25] * 3),
    ])  # fmt: skip
    rushlight.manual_seed(3)
    image, label = train(pil_picture(), 7)
    assert type(image) is tv_tensors.Image and image.shape == (3, 24, 24) and image.dtype == rushlight.float32
    assert label == 7 and -2 <= image.min() < image.max() <= 2
    rushlight.manual_seed(3)
    again, _ = train(pil_picture(), 7)
    assert (again == image).all()
    assert "RandomHorizontalFlip(p=0.5)" in repr(train)


def test_everything_moves_with_its_image():
    """A bright square, its box, its mask and its corners stay together under a flip, a crop, and a resize."""
    image = rushlight.zeros(3, 40, 60)
    image[:, 10:20, 30:45] = 1
    target = {
        "boxes": tv_tensors.BoundingBoxes([[30.0, 10, 45, 20]], format="XYXY", canvas_size=(40, 60)),
        "mask": tv_tensors.Mask(image[0] > 0),
        "corner": tv_tensors.KeyPoints([[30.0, 10.0]], canvas_size=(40, 60)),
    }
    pipeline = v2.Compose([v2.RandomHorizontalFlip(1), v2.Pad(4), v2.RandomCrop((44, 64)), v2.Resize((88, 128), "nearest")])
    out, moved = pipeline(tv_tensors.Image(image), target)
    rows, columns = np.nonzero(out[0].numpy())
    left, top, right, bottom = moved["boxes"][0].tolist()
    assert (columns.min(), columns.max() + 1, rows.min(), rows.max() + 1) == (left, right, top, bottom)
    assert moved["boxes"].canvas_size == (88, 128)
    assert (moved["mask"].numpy() == (out[0].numpy() > 0)).all()
    assert moved["corner"].canvas_size == (88, 128)
    assert abs(moved["corner"][0, 0] - right) <= 2 and moved["corner"][0, 1] == top


def test_detection_pipeline():
    pipeline = v2.Compose([
        v2.ToImage(), v2.RandomPhotometricDistort(p=1), v2.RandomZoomOut(fill={tv_tensors.Image: (123, 117, 104), "others": 0}),
        v2.RandomIoUCrop(), v2.RandomHorizontalFlip(), v2.SanitizeBoundingBoxes(), v2.ToDtype(rushlight.float32, scale=True),
    ])  # fmt: skip
    for seed in range(8):
        rushlight.manual_seed(seed)
        boxes = tv_tensors.BoundingBoxes(BOXES, format="XYXY", canvas_size=(HEIGHT, WIDTH))
        masks = tv_tensors.Mask(np.zeros((4, HEIGHT, WIDTH), bool))
        labels = rushlight.tensor([1, 2, 3, 4])
        image, target = pipeline(pil_picture(HEIGHT, WIDTH), {"boxes": boxes, "masks": masks, "labels": labels, "image_id": 9})
        height, width = image.shape[-2:]
        kept = target["boxes"]
        assert isinstance(kept, tv_tensors.BoundingBoxes) and kept.canvas_size == (height, width)
        assert len(kept) == len(target["labels"]) == len(target["masks"])
        assert target["masks"].shape[-2:] == (height, width) and target["image_id"] == 9
        assert (kept[:, 2:] <= rushlight.tensor([width, height])).all() and (kept >= 0).all()


def test_mixup_in_a_loader():
    mixing = v2.RandomChoice([v2.CutMix(num_classes=3), v2.MixUp(num_classes=3)])
    data = rushlight.utils.data.TensorDataset(rushlight.rand(8, 3, 6, 6), rushlight.arange(8) % 3)
    collate = rushlight.utils.data.default_collate
    loader = rushlight.utils.data.DataLoader(data, batch_size=4, collate_fn=lambda batch: mixing(*collate(batch)))
    for images, labels in loader:
        assert images.shape == (4, 3, 6, 6) and labels.shape == (4, 3)
        assert rushlight.allclose(labels.sum(1), rushlight.ones(4))


def test_a_transform_of_ones_own():
    class AddDrawn(v2.Transform):
        def make_params(self, flat_inputs):
            return {"amount": rushlight.rand(1).item()}

        def transform(self, inpt, params):
            return inpt + params["amount"] if not isinstance(inpt, tv_tensors.Mask) else inpt

    mask = tv_tensors.Mask(np.zeros((4, 4)))
    image, rest = AddDrawn()(tv_tensors.Image(rushlight.zeros(3, 4, 4)), {"m": mask, "plain": rushlight.zeros(2)})
    assert (image > 0).all() and rest["m"] is mask and (rest["plain"] == 0).all()


def test_a_kind_of_ones_own():
    class Depth(tv_tensors.TVTensor):
        pass

    @v2.functional.register_kernel(functional="hflip", tv_tensor_cls=Depth)
    def flipped(depth):
        return tv_tensors.wrap(depth.flip(-1), like=depth)

    depth = rushlight.arange(4.0).reshape(1, 2, 2).as_subclass(Depth)
    out = v2.RandomHorizontalFlip(1)(depth)
    assert type(out) is Depth and out.tolist() == [[[1, 0], [3, 2]]]
    assert v2.RandomVerticalFlip(1)(depth) is depth  # nothing is known of it


def test_labels_of_sanitized_boxes():
    boxes = tv_tensors.BoundingBoxes([[0.0, 0, 5, 5], [1, 1, 1, 1]], format="XYXY", canvas_size=(8, 8))
    given = {"boxes": boxes, "class": rushlight.tensor([4, 5]), "score": rushlight.tensor([0.1, 0.2])}
    out = v2.SanitizeBoundingBoxes(labels_getter=lambda d: (d["class"], d["score"]))(given)
    assert out["class"].tolist() == [4] and len(out["score"]) == 1 and out["boxes"].shape == (1, 4)
    with pytest.raises(ValueError, match="Could not infer where the labels are"):
        v2.SanitizeBoundingBoxes()({"boxes": boxes, "class": rushlight.tensor([4, 5])})


def test_jpeg_loses_a_little():
    image = rushlight.from_numpy(picture().transpose(2, 0, 1).copy())
    good, bad = (v2.JPEG(quality)(image) for quality in (95, 5))
    error = [(out.float() - image.float()).abs().mean() for out in (good, bad)]
    assert good.shape == image.shape and 0 < error[0] < error[1]


def test_noise_is_drawn_anew_and_clipped():
    image = rushlight.full((3, 8, 8), 0.5)
    out = v2.GaussianNoise(sigma=0.5)(image)
    assert not (out == v2.GaussianNoise(sigma=0.5)(image)).all()
    assert 0 <= out.min() and out.max() <= 1
    assert v2.GaussianNoise(sigma=0.5, clip=False)(image).max() > 1


def test_gradients_pass_through():
    image = rushlight.rand(3, 16, 16, requires_grad=True)
    out = v2.Compose([v2.Resize((8, 8)), v2.RandomHorizontalFlip(1), v2.Normalize([0.5] * 3, [0.5] * 3)])(image)
    out.sum().backward()
    assert image.grad is not None and image.grad.shape == image.shape
    assert float(image.grad.sum()) == pytest.approx(3 * 8 * 8 / 0.5, rel=1e-4)


def test_pickling():
    import pickle

    made = v2.Compose([v2.Resize(9), v2.AutoAugment(), v2.MixUp(num_classes=3), v2.SanitizeBoundingBoxes(), v2.RandomAffine(3, fill={"others": 2})])
    assert repr(pickle.loads(pickle.dumps(made))) == repr(made)


def test_importing_loads_little():
    import subprocess
    import sys

    code = "import sys; from rushlight.vision.transforms import v2; v2.Resize; print({'PIL', 'torch', 'scipy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "set()", done.stderr
