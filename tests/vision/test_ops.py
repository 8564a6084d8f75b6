"""vision.ops: boxes, losses and blocks against torchvision; its compiled operators by plain definitions."""
import numpy as np
import pytest

import rushlight as torch
from rushlight.vision import ops

RNG = np.random.default_rng(3)
CORNERS = np.sort(RNG.uniform(0, 50, (2, 12, 2)), axis=0).transpose(1, 0, 2).reshape(12, 4).astype(np.float32)
MORE = np.sort(RNG.uniform(0, 50, (2, 7, 2)), axis=0).transpose(1, 0, 2).reshape(7, 4).astype(np.float32)
WHOLE = (CORNERS * 4).astype(np.int32)
SCORES = RNG.normal(size=(12,)).astype(np.float32)
FEATURES = RNG.normal(size=(2, 6, 9, 11)).astype(np.float32)
MASKS = np.zeros((2, 9, 11), bool)
MASKS[0, 2:5, 3:9] = MASKS[1, 8, 10] = True

CALLS = [
    *(f"O.box_convert(a, {i!r}, {o!r})" for i in ("xyxy", "xywh", "cxcywh") for o in ("xyxy", "xywh", "cxcywh")),
    "O.box_convert(n, 'xyxy', 'cxcywh')", "O.box_convert(n, 'xywh', 'xyxy')", "O.box_convert(a, 'xyxy', 'zz')", "O.box_area(a)", "O.box_area(n)", "O.box_area(a, 'xywh')", "O.box_area(a, 'zz')",
    "O.box_area(a.half())", "O.box_iou(a, b)", "O.box_iou(n, n)", "O.box_iou(a, b, 'cxcywh')", "O.box_iou(a, b, 'zz')", "O.generalized_box_iou(a, b)", "O.distance_box_iou(a, b)", "O.complete_box_iou(a, b)",
    "O.remove_small_boxes(a, 12.0)", "O.clip_boxes_to_image(a, (20, 30))", "O.clip_boxes_to_image(n, (20, 30))", "O.masks_to_boxes(m)", "O.masks_to_boxes(m[:0])",
    *(f"O.{kind}_box_iou_loss(a, a.flip(0), {reduction!r})" for kind in ("generalized", "distance", "complete") for reduction in ("none", "mean", "sum", "zz")),
    "O.generalized_box_iou_loss(a[:0], a[:0], 'mean')", "O.sigmoid_focal_loss(f, (f > 0).float())", "O.sigmoid_focal_loss(f, (f > 0).float(), -1, 3, 'mean')", "O.sigmoid_focal_loss(f, f, 2)", "O.sigmoid_focal_loss(f, f, reduction='zz')",
    "O.stochastic_depth(f, 0.5, 'row')", "O.stochastic_depth(f, 0.5, 'batch')", "O.stochastic_depth(f, 1.0, 'row')", "O.stochastic_depth(f, 0.5, 'row', False)", "O.stochastic_depth(f, 2, 'row')", "O.stochastic_depth(f, 0.5, 'zz')",
    "O.drop_block2d(f, 0.3, 3)", "O.drop_block2d(f, 0.3, 3, training=False)", "O.drop_block2d(f[0], 0.3, 3)", "O.drop_block2d(f, 2, 3)", "O.drop_block3d(f[None], 0.3, 3)", "O.drop_block2d(f.clone(), 0.3, 3, inplace=True)",
    "O.FrozenBatchNorm2d(6)(f)", "O.Permute([0, 2, 3, 1])(f)",
]  # fmt: skip
MODULES = [
    "O.StochasticDepth(0.3, 'row')", "O.DropBlock2d(0.3, 3)", "O.DropBlock3d(0.3, 3, True)", "O.FrozenBatchNorm2d(3)", "O.Permute([1, 2])", "O.SqueezeExcitation(4, 2)",
    "O.MLP(3, [4, 5], norm_layer=nn.BatchNorm1d, inplace=True, dropout=0.2)", "O.MLP(3, [4], bias=False)", "O.Conv2dNormActivation(3, 4)",
    "O.Conv2dNormActivation(3, 4, (3, 5), 2, dilation=2, norm_layer=None, activation_layer=None)", "O.Conv2dNormActivation(4, 4, 5, padding=1, groups=2, activation_layer=nn.GELU, inplace=None)",
    "O.Conv2dNormActivation(4, 4, bias=True, dilation=(1, 2)).out_channels", "O.Conv3dNormActivation(3, 4)", "O.RoIAlign(3, 1.0, 2)", "O.RoIPool((3, 4), 1.0)",
]  # fmt: skip


@pytest.mark.parametrize("text", CALLS)
def test_functions(both, text):
    def call(side):
        arrays = dict(a=CORNERS, b=MORE, n=WHOLE, m=MASKS, f=FEATURES)
        return eval(text, {"O": side.vision.ops} | {k: side.torch.from_numpy(v.copy()) for k, v in arrays.items()})

    both.agree(call, at=text)


@pytest.mark.parametrize("text", MODULES)
@pytest.mark.filterwarnings("ignore")
def test_modules(both, text):
    def call(side):
        module = eval(text, {"O": side.vision.ops, "nn": side.torch.nn})
        weights = module.state_dict() if hasattr(module, "state_dict") else {}
        return repr(module), {name: value.numpy() for name, value in weights.items()}

    both.agree(call, at=text)


def test_blocks_compute_alike(both):
    def call(side):
        O, x = side.vision.ops, side.torch.from_numpy(FEATURES)
        norm = O.FrozenBatchNorm2d(6)
        state = {"weight": x[0, :, 0, 0], "bias": x[0, :, 0, 1], "running_mean": x[0, :, 0, 2], "running_var": x[0, :, 0, 3].abs()}
        norm.load_state_dict(state | {"num_batches_tracked": side.torch.tensor(3)})
        return norm(x), O.SqueezeExcitation(6, 3)(x), O.Conv2dNormActivation(6, 4)(x).detach(), O.MLP(11, [5, 4])(x).detach()

    both.agree(call)


# ---------------------------------------------------------------- compiled there: plain definitions here
def test_nms_is_greedy():
    boxes, scores = torch.from_numpy(CORNERS), torch.from_numpy(SCORES)
    iou = ops.box_iou(boxes, boxes).numpy()
    for threshold in (0.0, 0.1, 0.3, 0.7):
        keep = []
        for k in np.argsort(-SCORES, kind="stable"):
            if all(iou[k, j] <= threshold for j in keep):
                keep.append(k)
        assert ops.nms(boxes, scores, threshold).tolist() == keep
    kinds = torch.from_numpy(np.arange(12) % 3)
    batched = ops.batched_nms(boxes, scores, kinds, 0.1).tolist()
    apart = boxes + (kinds * 1000)[:, None]
    assert batched == ops.nms(apart, scores, 0.1).tolist()
    assert ops.batched_nms(boxes[:0], scores[:0], kinds[:0], 0.1).shape == (0,)
    assert ops.nms(boxes[:0], scores[:0], 0.1).dtype == torch.int64
    for args, words in (
        ((boxes[0], scores), "boxes should be a 2d tensor, got 1D"),
        ((boxes[:, :3], scores), "boxes should have 4 elements in dimension 1, got 3"),
        ((boxes, scores[:3]), "same number of elements in dimension 0, got 12 and 3"),
    ):
        with pytest.raises(RuntimeError, match=words):
            ops.nms(*args, 0.5)


def plain_roi_align(features, rois, size, scale, ratio, aligned):
    out = np.zeros((len(rois), features.shape[1], size, size), np.float64)
    height, width = features.shape[-2:]

    def read(image, y, x):
        if y < -1 or y > height or x < -1 or x > width:
            return np.zeros(features.shape[1])
        y, x = min(max(y, 0), height - 1), min(max(x, 0), width - 1)
        y0, x0 = int(y), int(x)
        y1, x1 = min(y0 + 1, height - 1), min(x0 + 1, width - 1)
        dy, dx = y - y0, x - x0
        f = features[image]
        return f[:, y0, x0] * (1 - dy) * (1 - dx) + f[:, y0, x1] * (1 - dy) * dx + f[:, y1, x0] * dy * (1 - dx) + f[:, y1, x1] * dy * dx

    for k, (image, *box) in enumerate(rois):
        x1, y1, x2, y2 = np.array(box) * scale - (0.5 if aligned else 0)
        h, w = (y2 - y1, x2 - x1) if aligned else (max(y2 - y1, 1), max(x2 - x1, 1))
        ny, nx = (ratio, ratio) if ratio > 0 else (int(np.ceil(h / size)), int(np.ceil(w / size)))
        for i in range(size):
            for j in range(size):
                points = [
                    read(int(image), y1 + (i + (a + 0.5) / ny) * h / size, x1 + (j + (b + 0.5) / nx) * w / size)
                    for a in range(ny)
                    for b in range(nx)
                ]
                out[k, :, i, j] = np.mean(points, 0) if points else 0
    return out


ROIS = np.array([[0, 0, 0, 20, 16], [1, 3, 2, 9, 30], [1, -8, -9, 5, 5], [0, 18, 14, 40, 40]], np.float32)


@pytest.mark.parametrize("ratio", [2, -1])
@pytest.mark.parametrize("aligned", [False, True])
def test_roi_align(ratio, aligned):
    features = torch.from_numpy(FEATURES).requires_grad_()
    out = ops.roi_align(features, torch.from_numpy(ROIS), 3, 0.5, ratio, aligned)
    np.testing.assert_allclose(out.detach().numpy(), plain_roi_align(FEATURES, ROIS, 3, 0.5, ratio, aligned), atol=1e-5)
    out.sum().backward()
    assert features.grad.shape == features.shape
    boxes = [torch.from_numpy(ROIS[:1, 1:].copy()), torch.from_numpy(ROIS[1:3, 1:].copy())]
    listed = ops.RoIAlign(3, 0.5, ratio, aligned)(features, boxes)
    assert torch.allclose(listed, out[:3], atol=1e-6)


def test_roi_pool():
    features = np.arange(2 * 1 * 6 * 6, dtype=np.float32).reshape(2, 1, 6, 6)
    rois = torch.tensor([[0.0, 0, 0, 3, 3], [1, 2, 1, 5, 4], [0, 9, 9, 12, 12]])
    out = ops.roi_pool(torch.from_numpy(features), rois, 2)
    assert out[0, 0].tolist() == [[7.0, 9.0], [19.0, 21.0]]
    # rows 1..4 and columns 2..5 of the second image, in halves
    assert out[1, 0].tolist() == [[51.0, 53.0], [63.0, 65.0]]
    assert out[2].abs().sum().item() == 0
    assert ops.roi_pool(torch.from_numpy(features), rois[:0], 2).shape == (0, 1, 2, 2)


def test_what_is_missing_says_so():
    with pytest.raises(AttributeError, match="deform_conv2d is not part of Rushlight"):
        ops.deform_conv2d
    import importlib

    importlib.import_module("rushlight.vision.ops.roi_align")
    assert callable(ops.roi_align) and callable(ops.stochastic_depth)
