"""What the vision tests share: pictures, both libraries side by side, and comparisons of what they give."""
import types

import numpy as np
import pytest

from PIL import Image as PIL_Image


def picture(height=37, width=46, channels=3, seed=0):
    """A smooth picture with some noise, uint8 (H, W) or (H, W, C)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    planes = [(np.sin(x / (5 + c)) * np.cos(y / (7 - c)) * 90 + 128 + rng.integers(-30, 30, x.shape)) for c in range(channels)]
    stacked = np.clip(np.stack(planes, -1), 0, 255).astype(np.uint8)
    return stacked[:, :, 0] if channels == 1 else stacked


def pil_picture(*args, **kwargs):
    return PIL_Image.fromarray(picture(*args, **kwargs))


def values(x):
    """A result as plain arrays, numbers and words, so that both libraries' results can be compared."""
    if isinstance(x, PIL_Image.Image):
        return ("PIL", x.mode, x.size, np.asarray(x), x.getpalette() if x.mode == "P" else None)
    if hasattr(x, "detach"):
        return ("tensor", str(x.dtype), tuple(x.shape), x.detach().numpy())
    if isinstance(x, np.ndarray):
        return ("array", str(x.dtype), x.shape, x)
    if isinstance(x, (list, tuple)):
        return [type(x).__name__, *(values(v) for v in x)]
    if isinstance(x, dict):
        return {k: values(v) for k, v in x.items()}
    return x


def same(a, b, exact=None, at="", steps=1):
    """Equal: tensors within `steps` of 255 (and nearly everywhere closer), PIL images exactly, unless `exact` says."""
    assert type(a) is type(b), (at, a, b)
    if isinstance(a, tuple) and a and a[0] in ("PIL", "tensor", "array"):
        assert a[:3] == b[:3], (at, a[:3], b[:3])
        close(a[3], b[3], a[0] == "PIL" if exact is None else exact, at, steps)
        assert a[4:] == b[4:]
    elif isinstance(a, (list, tuple)):
        assert len(a) == len(b), at
        for i, (x, y) in enumerate(zip(a, b)):
            same(x, y, exact, f"{at}[{i}]", steps)
    elif isinstance(a, dict):
        assert a.keys() == b.keys(), at
        for key in a:
            same(a[key], b[key], exact, f"{at}[{key!r}]", steps)
    elif isinstance(a, float):
        assert a == pytest.approx(b, rel=1e-6, abs=1e-9), at
    else:
        assert a == b, at


def close(a, b, exact=False, at="", steps=1):
    if exact or a.dtype == bool:
        np.testing.assert_array_equal(a, b, err_msg=at)
        return
    step = steps if a.dtype.kind in "iu" else steps / 255
    step = max(step, 3e-6 * np.abs(b.astype(np.float64)).max(initial=0))  # large integers are computed in float32
    difference = np.abs(a.astype(np.float64) - b.astype(np.float64))
    difference = np.where(np.isnan(a.astype(np.float64)) & np.isnan(b.astype(np.float64)), 0, difference)
    assert difference.max(initial=0) <= step * 1.001, (at, difference.max(), np.argwhere(difference > step)[:5])
    off = difference > (0 if a.dtype.itemsize == 1 else step if a.dtype.kind in "iu" else step / 30)
    assert not off.size or off.mean() <= 0.02, f"{at}: {off.mean():.1%} of the values differ"


def outcome(call):
    """What a call gives, or the kind and words of its error."""
    try:
        return "gives", call()
    except Exception as error:
        return "raises", type(error).__name__, str(error)


@pytest.fixture
def both(oracle, oracle_vision):
    """`ours` and `theirs` (torch, vision, transforms, functional), and `run(side, seed, call)`."""
    import random

    import rushlight as torch
    import rushlight.vision.transforms.functional as our_functional
    import torchvision.transforms.functional as their_functional
    from rushlight import vision

    ours = types.SimpleNamespace(torch=torch, vision=vision, T=vision.transforms, F=our_functional)
    theirs = types.SimpleNamespace(
        torch=oracle, vision=oracle_vision, T=oracle_vision.transforms, F=their_functional
    )

    def run(side, seed, call):
        random.seed(seed)
        side.torch.manual_seed(seed)
        return call(side)

    def agree(call, seed=0, exact=None, at="", steps=1):
        """Both sides give the same from the same seed, and leave their generators alike; or raise alike."""
        results = []
        for side in (ours, theirs):
            kind, *rest = outcome(lambda: run(side, seed, call))
            state = side.torch.rand(1).item() if kind == "gives" else None
            results.append((kind, rest, state))
        (kind, mine, state), (kind_there, there, state_there) = results
        assert kind == kind_there, (at, mine, there)
        if kind == "raises":
            assert mine == there, at
        else:
            same(values(mine[0]), values(there[0]), exact, at, steps)
            assert state == state_there, f"{at}: other draws were made"

    return types.SimpleNamespace(ours=ours, theirs=theirs, run=run, agree=agree)
