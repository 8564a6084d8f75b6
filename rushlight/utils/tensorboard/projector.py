"""The files of TensorBoard's embedding projector: vectors, labels, pictures, and the list of them."""
from __future__ import annotations

import math
import os

import numpy as np

from rushlight.utils.tensorboard.arrays import make_np
from rushlight.utils.tensorboard.pictures import make_grid, to_bytes


def write_embedding(log_dir, mat, metadata, label_img, global_step, tag, metadata_header) -> None:
    """Write what `SummaryWriter.add_embedding` was given below `log_dir`, in a folder named for step and tag."""
    vectors = make_np(mat)
    step = str(0 if global_step is None else global_step).zfill(5)
    subfolder = f"{step}/{escape(tag)}"
    folder = os.path.join(log_dir, subfolder)
    if os.path.isdir(folder):
        print("warning: Embedding dir exists, did you set global_step for add_embedding()?")
    os.makedirs(folder, exist_ok=True)
    info = {"tensor_name": f"{tag}:{step}", "tensor_path": f"{subfolder}/tensors.tsv"}
    if metadata is not None:
        if vectors.shape[0] != len(metadata):
            raise AssertionError("#labels should equal with #data points")
        write_table(os.path.join(folder, "metadata.tsv"), labels_table(metadata, metadata_header))
        info["metadata_path"] = f"{subfolder}/metadata.tsv"
    if label_img is not None:
        if vectors.shape[0] != label_img.shape[0]:
            raise AssertionError("#images should equal with #data points")
        write_sprite(os.path.join(folder, "sprite.png"), make_np(label_img))
        # the projector wants the width first
        info["sprite"] = {"image_path": f"{subfolder}/sprite.png", "single_image_dim": [label_img.shape[3], label_img.shape[2]]}
    if vectors.ndim != 2:
        raise AssertionError("mat should be 2D, where mat.size(0) is the number of data points")
    write_table(os.path.join(folder, "tensors.tsv"), vectors.tolist())
    add_to_config(os.path.join(log_dir, "projector_config.pbtxt"), info)


def escape(tag: str) -> str:
    """A tag as the name of a folder."""
    return tag.replace("%", "%25").replace("/", "%2f").replace("\\", "%5c")


def labels_table(metadata, header):
    """A row a label; with a header each label is a list of its columns."""
    if not header:
        return [[label] for label in metadata]
    if len(header) != len(metadata[0]):
        raise AssertionError("len of header must be equal to the number of columns in metadata")
    return [header, *metadata]


def write_table(path: str, rows) -> None:
    with open(path, "w", encoding="utf8") as file:
        file.writelines("\t".join(str(cell) for cell in row) + "\n" for row in rows)


def write_sprite(path: str, pictures: np.ndarray) -> None:
    """All the pictures (N, C, H, W) in one square sheet, as many down as across, filled up with black."""
    from PIL import Image

    grid = make_grid(pictures, ncols=math.ceil(math.sqrt(len(pictures))))
    side = max(grid.shape[1:])
    sheet = np.zeros((side, side, grid.shape[0]), grid.dtype)
    sheet[: grid.shape[1], : grid.shape[2]] = grid.transpose(1, 2, 0)
    Image.fromarray(to_bytes(sheet)).save(path)


def add_to_config(path: str, info: dict) -> None:
    """Name an embedding in the list; one of the same name is named anew."""
    from google.protobuf import text_format
    from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

    config = ProjectorConfig()
    if os.path.exists(path):
        with open(path, encoding="utf8") as file:
            text_format.Parse(file.read(), config)
    others = [embedding for embedding in config.embeddings if embedding.tensor_name != info["tensor_name"]]
    del config.embeddings[:]
    config.embeddings.extend(others)
    config.embeddings.add(**info)
    with open(path, "w", encoding="utf8") as file:
        file.write(text_format.MessageToString(config))
