"""ONNX, which Rushlight does not write. Source: torch.onnx."""
from enum import IntEnum


class TrainingMode(IntEnum):
    EVAL, PRESERVE, TRAINING = 0, 1, 2


class OperatorExportTypes(IntEnum):
    ONNX, ONNX_ATEN, ONNX_ATEN_FALLBACK, ONNX_FALLTHROUGH = 0, 1, 2, 3


class OnnxExporterError(RuntimeError):
    """An export failed."""


def is_in_onnx_export():
    return False


def export(model, args=(), f=None, **kwargs):
    raise NotImplementedError("torch.onnx.export: rushlight writes no ONNX files. Save model.state_dict() with torch.save, load it "
                              "into the same model under PyTorch, and export there.")


_export = dynamo_export = export


def select_model_mode_for_export(model, mode):
    raise NotImplementedError("torch.onnx: rushlight writes no ONNX files")
