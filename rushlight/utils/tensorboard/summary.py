"""Summaries, in TensorBoard's sense: what one call of `SummaryWriter` writes, as a message of its event file.

The forms (field by field) are those that TensorBoard's plugins read; tests compare them with the files PyTorch writes.
"""
from __future__ import annotations

import numpy as np

import rushlight as torch
from rushlight.utils.tensorboard.arrays import make_np
from rushlight.utils.tensorboard.pictures import image, image_boxes, video

__all__ = ["audio", "custom_scalars", "histogram", "histogram_raw", "hparams", "image", "image_boxes", "mesh", "pr_curve",
           "pr_curve_raw", "scalar", "tensor_proto", "text", "video"]


def _protos():
    """TensorBoard's message types."""
    from tensorboard.compat.proto import summary_pb2, tensor_pb2, tensor_shape_pb2

    return summary_pb2, tensor_pb2, tensor_shape_pb2


def _shape_proto(shape):
    _, _, tensor_shape_pb2 = _protos()
    Shape = tensor_shape_pb2.TensorShapeProto
    return Shape(dim=[Shape.Dim(size=int(size)) for size in shape])


def _summary(tag, plugin=None, content=b"", **fields):
    """A summary of one value; `plugin` is the part of TensorBoard that shows it."""
    summary_pb2, _, _ = _protos()
    metadata = _plugin_metadata(plugin, content) if plugin else None
    return summary_pb2.Summary(value=[summary_pb2.Summary.Value(tag=tag, metadata=metadata, **fields)])


def _plugin_metadata(plugin, content=b""):
    summary_pb2, _, _ = _protos()
    Metadata = summary_pb2.SummaryMetadata
    return Metadata(plugin_data=Metadata.PluginData(plugin_name=plugin, content=content))


# ------------------------------------------------------------------ numbers
def scalar(name, tensor, collections=None, new_style=False, double_precision=False):
    """A number; in the new style as a tensor, of 64 bits if `double_precision`."""
    array = make_np(tensor).squeeze()
    if array.ndim != 0:
        raise AssertionError("Tensor should contain one element (0 dimensions).             "
                             f"Was given size: {array.size} and {array.ndim} dimensions.")
    number = float(array)
    if not new_style:
        return _summary(name, simple_value=number)
    _, tensor_pb2, _ = _protos()
    value = {"double_val": [number], "dtype": "DT_DOUBLE"} if double_precision else {"float_val": [number], "dtype": "DT_FLOAT"}
    return _summary(name, "scalars", tensor=tensor_pb2.TensorProto(**value))


# dtype: its name in TensorBoard, the field that holds the values
TENSOR_TYPES = {
    "float16": ("DT_HALF", "half_val"), "bfloat16": ("DT_BFLOAT16", "half_val"),
    "float32": ("DT_FLOAT", "float_val"), "float64": ("DT_DOUBLE", "double_val"),
    "int8": ("DT_INT8", "int_val"), "uint8": ("DT_UINT8", "int_val"), "int16": ("DT_INT16", "int_val"),
    "int32": ("DT_INT32", "int_val"), "int64": ("DT_INT64", "int64_val"), "bool": ("DT_BOOL", "bool_val"),
    "complex64": ("DT_COMPLEX64", "scomplex_val"), "complex128": ("DT_COMPLEX128", "dcomplex_val"),
}


def tensor_proto(tag, tensor):
    """A whole tensor, in the fields that TensorBoard reads (PyTorch writes halves and uint8 where it cannot)."""
    _, tensor_pb2, _ = _protos()
    type_name, field = TENSOR_TYPES[str(tensor.dtype).removeprefix("torch.")]
    flat = tensor.detach().cpu().contiguous().reshape(-1)
    if field == "half_val":
        values = (flat.view(torch.int16).to(torch.int64) & 0xFFFF).tolist()
    elif "complex" in field:
        values = [part for number in flat.tolist() for part in (number.real, number.imag)]
    else:
        values = flat.tolist()
    proto = tensor_pb2.TensorProto(dtype=type_name, tensor_shape=_shape_proto(tensor.shape), **{field: values})
    return _summary(tag, "tensor", tensor=proto)


# ------------------------------------------------------------------ histograms
def default_bins() -> list[float]:
    """TensorFlow's limits: from 1e-12 to 1e20 in steps of a tenth, on both sides of 0."""
    limits, limit = [], 1e-12
    while limit < 1e20:
        limits.append(limit)
        limit *= 1.1
    return [-limit for limit in reversed(limits)] + [0] + limits


def histogram_raw(name, min, max, num, sum, sum_squares, bucket_limits, bucket_counts):
    summary_pb2, _, _ = _protos()
    proto = summary_pb2.HistogramProto(min=min, max=max, num=num, sum=sum, sum_squares=sum_squares,
                                       bucket_limit=bucket_limits, bucket=bucket_counts)
    return _summary(name, histo=proto)


def histogram(name, values, bins, max_bins=None):
    """Values counted by `numpy.histogram`, merged down to about `max_bins`, without the empty buckets at both ends."""
    values = make_np(values).astype(float).reshape(-1)
    if values.size == 0:
        raise ValueError("The input has no element.")
    counts, edges = np.histogram(values, bins=bins)
    if max_bins is not None and len(counts) > max_bins:
        counts, edges = _merge_buckets(counts, edges, len(counts) // max_bins)
    filled = np.flatnonzero(counts)
    if filled.size == 0:
        raise ValueError("The histogram is empty, please file a bug report.")
    first, last = filled[0], filled[-1]
    # A bucket is told by its upper limit; the empty one put in front tells the lower limit of the first.
    limits = edges[first : last + 2]
    counts = np.concatenate([[0], counts[first : last + 1]])
    return histogram_raw(name, values.min(), values.max(), len(values), values.sum(), values.dot(values), limits, counts)


def _merge_buckets(counts, edges, group):
    """Every `group` neighbouring buckets as one."""
    padded = np.pad(counts, (0, -len(counts) % group))
    return padded.reshape(-1, group).sum(axis=1), np.append(edges[:-1][::group], edges[-1])


# ------------------------------------------------------------------ precision against recall
MOST_THRESHOLDS = 127  # TensorBoard's plugin reads no more
LEAST_COUNT = 1e-7  # keeps the quotients defined where nothing was counted


def pr_curve_raw(tag, tp, fp, tn, fn, precision, recall, num_thresholds=MOST_THRESHOLDS, weights=None):
    return _pr_summary(tag, np.stack((tp, fp, tn, fn, precision, recall)), min(num_thresholds, MOST_THRESHOLDS))


def pr_curve(tag, labels, predictions, num_thresholds=MOST_THRESHOLDS, weights=None):
    num_thresholds = min(num_thresholds, MOST_THRESHOLDS)
    return _pr_summary(tag, compute_curve(labels, predictions, num_thresholds, weights), num_thresholds)


def _pr_summary(tag, data, num_thresholds):
    from tensorboard.plugins.pr_curve.plugin_data_pb2 import PrCurvePluginData

    _, tensor_pb2, _ = _protos()
    proto = tensor_pb2.TensorProto(dtype="DT_FLOAT", float_val=data.reshape(-1).tolist(), tensor_shape=_shape_proto(data.shape))
    content = PrCurvePluginData(version=0, num_thresholds=num_thresholds).SerializeToString()
    return _summary(tag, "pr_curves", content, tensor=proto)


def compute_curve(labels, predictions, num_thresholds=MOST_THRESHOLDS, weights=None):
    """Rows: true and false positives, true and false negatives, precision, recall; a column a threshold of [0, 1]."""
    weights = 1.0 if weights is None else weights
    buckets = np.floor(predictions * (num_thresholds - 1)).astype(np.int32)
    positive = labels.astype(float)

    def at_or_above(weight_of_each):
        counts, _ = np.histogram(buckets, bins=num_thresholds, range=(0, num_thresholds - 1), weights=weight_of_each)
        return np.cumsum(counts[::-1])[::-1]

    tp, fp = at_or_above(positive * weights), at_or_above((1.0 - positive) * weights)
    tn, fn = fp[0] - fp, tp[0] - tp
    precision = tp / np.maximum(LEAST_COUNT, tp + fp)
    recall = tp / np.maximum(LEAST_COUNT, tp + fn)
    return np.stack((tp, fp, tn, fn, precision, recall))


# ------------------------------------------------------------------ texts, sounds, layouts
def text(tag, text):
    _, tensor_pb2, _ = _protos()
    proto = tensor_pb2.TensorProto(dtype="DT_STRING", string_val=[text.encode("utf8")], tensor_shape=_shape_proto([1]))
    return _summary(f"{tag}/text_summary", "text", tensor=proto)


def audio(tag, tensor, sample_rate=44100):
    """A sound of one channel as a WAV file of 16 bits."""
    import io
    import wave

    array = make_np(tensor).squeeze()
    if np.abs(array).max() > 1:
        print("warning: audio amplitude out of range, auto clipped.")
        array = array.clip(-1, 1)
    if array.ndim != 1:
        raise AssertionError("input tensor should be 1 dimensional.")
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(sample_rate)
        sound.writeframes((array * np.iinfo(np.int16).max).astype("<i2").tobytes())
    summary_pb2, _, _ = _protos()
    proto = summary_pb2.Summary.Audio(sample_rate=sample_rate, num_channels=1, length_frames=array.shape[-1],
                                      encoded_audio_string=file.getvalue(), content_type="audio/wav")
    return _summary(tag, audio=proto)


def custom_scalars(layout):
    """layout: {category: {title: ["Multiline", [tag, ...]] or ["Margin", [value, lower, upper]]}}."""
    from tensorboard.plugins.custom_scalar import layout_pb2

    _, tensor_pb2, _ = _protos()
    categories = []
    for category, charts in layout.items():
        protos = []
        for title, (kind, tags) in charts.items():
            if kind == "Margin":
                series = layout_pb2.MarginChartContent.Series(value=tags[0], lower=tags[1], upper=tags[2])
                protos.append(layout_pb2.Chart(title=title, margin=layout_pb2.MarginChartContent(series=[series])))
            else:
                protos.append(layout_pb2.Chart(title=title, multiline=layout_pb2.MultilineChartContent(tag=tags)))
        categories.append(layout_pb2.Category(title=category, chart=protos))
    content = layout_pb2.Layout(category=categories).SerializeToString()
    proto = tensor_pb2.TensorProto(dtype="DT_STRING", string_val=[content], tensor_shape=_shape_proto([]))
    return _summary("custom_scalars__config__", "custom_scalars", tensor=proto)


# ------------------------------------------------------------------ hyperparameters
def _hparam_kind(value):
    """float or string in TensorBoard's words, and the value as it is written; None for what cannot be.

    True and False are 1.0 and 0.0, as PyTorch writes them.
    """
    if isinstance(value, (int, float)):
        return "float64", float(value)
    if isinstance(value, str):
        return "string", value
    if isinstance(value, torch.Tensor):
        return "float64", float(make_np(value).reshape(-1)[0])
    return None


def hparams(hparam_dict=None, metric_dict=None, hparam_domain_discrete=None):
    """Three summaries: what is varied in the experiment, this run's values, and its end."""
    from google.protobuf.struct_pb2 import ListValue, Value
    from tensorboard.plugins.hparams.api_pb2 import DataType, Experiment, HParamInfo, MetricInfo, MetricName, Status
    from tensorboard.plugins.hparams.metadata import (EXPERIMENT_TAG, PLUGIN_DATA_VERSION, SESSION_END_INFO_TAG,
                                                      SESSION_START_INFO_TAG)
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionEndInfo, SessionStartInfo

    if not isinstance(hparam_dict, dict):
        raise TypeError("parameter: hparam_dict should be a dictionary, nothing logged.")
    if not isinstance(metric_dict, dict):
        raise TypeError("parameter: metric_dict should be a dictionary, nothing logged.")
    domains = hparam_domain_discrete or {}
    for name, domain in domains.items():
        if name not in hparam_dict or not isinstance(domain, list) or not all(isinstance(v, type(hparam_dict[name])) for v in domain):
            raise TypeError(f"parameter: hparam_domain_discrete[{name}] should be a list of same type as hparam_dict[{name}].")

    fields = {"float64": "number_value", "string": "string_value"}
    infos, start = [], SessionStartInfo()
    for name, value in hparam_dict.items():
        if value is None:
            continue
        kind = _hparam_kind(value)
        if kind is None:
            raise ValueError("value should be one of int, float, str, bool, or torch.Tensor")
        kind, written = kind
        setattr(start.hparams[name], fields[kind], written)
        domain = None
        if name in domains:
            domain = ListValue(values=[Value(**{fields[kind]: v}) for v in domains[name]])
        infos.append(HParamInfo(name=name, type=DataType.Value(f"DATA_TYPE_{kind.upper()}"), domain_discrete=domain))

    metrics = [MetricInfo(name=MetricName(tag=name)) for name in metric_dict]
    messages = {
        EXPERIMENT_TAG: {"experiment": Experiment(hparam_infos=infos, metric_infos=metrics)},
        SESSION_START_INFO_TAG: {"session_start_info": start},
        SESSION_END_INFO_TAG: {"session_end_info": SessionEndInfo(status=Status.Value("STATUS_SUCCESS"))},
    }
    return tuple(_summary(tag, "hparams", HParamsPluginData(version=PLUGIN_DATA_VERSION, **message).SerializeToString())
                 for tag, message in messages.items())


# ------------------------------------------------------------------ meshes
def mesh(tag, vertices, colors, faces, config_dict, display_name=None, description=None):
    """Vertices, and faces and colours where given, as three values that TensorBoard joins again by their names."""
    import json

    from tensorboard.plugins.mesh import metadata
    from tensorboard.plugins.mesh.plugin_data_pb2 import MeshPluginData

    summary_pb2, tensor_pb2, _ = _protos()
    parts = [(MeshPluginData.VERTEX, vertices), (MeshPluginData.FACE, faces), (MeshPluginData.COLOR, colors)]
    parts = [(kind, array) for kind, array in parts if array is not None]
    for _, array in parts:
        if array.ndim != 3 or array.shape[-1] != 3:
            raise ValueError(f"Tensor shape should be of shape BxNx3, but got {array.shape}.")
    components = metadata.get_components_bitmask([kind for kind, _ in parts])
    config = json.dumps(config_dict or {}, sort_keys=True)
    values = []
    for kind, array in parts:
        array = make_np(array)
        proto = tensor_pb2.TensorProto(dtype="DT_FLOAT", float_val=array.reshape(-1).tolist(), tensor_shape=_shape_proto(array.shape))
        about = metadata.create_summary_metadata(tag, display_name, kind, components, array.shape, description, json_config=config)
        values.append(summary_pb2.Summary.Value(tag=metadata.get_instance_name(tag, kind), tensor=proto, metadata=about))
    return summary_pb2.Summary(value=values)
