"""SummaryWriter as a program uses it; the files are read with what the tensorboard program reads them with."""
import os
import re
import subprocess
import sys

import numpy as np
import pytest

import rushlight as torch
from rushlight.utils.tensorboard import FileWriter, SummaryWriter


def test_a_training_log_is_read_back(tmp_path, accumulated):
    with SummaryWriter(tmp_path / "logs") as writer:
        for step in range(100):
            writer.add_scalar("y=2x", 2 * step, step)
        writer.add_histogram("weights", torch.arange(100.0), 3)
        writer.add_image("picture", torch.ones(3, 5, 7), 1)
        writer.add_text("note", "a *text*", 2)
    run = accumulated(tmp_path / "logs")
    assert run.Tags()["scalars"] == ["y=2x"] and run.Tags()["images"] == ["picture"] and run.Tags()["histograms"] == ["weights"]
    assert [(event.step, event.value) for event in run.Scalars("y=2x")] == [(step, 2.0 * step) for step in range(100)]
    weights = run.Histograms("weights")[0].histogram_value
    assert (weights.min, weights.max, weights.num, weights.sum) == (0, 99, 100, 4950) and sum(weights.bucket) == 100
    picture = run.Images("picture")[0]
    assert (picture.height, picture.width, picture.step) == (5, 7, 1)
    assert run.Tensors("note/text_summary")[0].tensor_proto.string_val == [b"a *text*"]


def test_the_default_folder_names_time_and_host(tmp_path, monkeypatch):
    import socket

    monkeypatch.chdir(tmp_path)
    writer = SummaryWriter(comment="-mine")
    writer.close()
    assert re.fullmatch(rf"runs/[A-Z][a-z]{{2}}\d\d_\d\d-\d\d-\d\d_{re.escape(socket.gethostname())}-mine", writer.log_dir)
    assert writer.get_logdir() == writer.log_dir and len(os.listdir(writer.log_dir)) == 1


def test_the_suffix_ends_the_name_of_the_file(tmp_path):
    SummaryWriter(tmp_path, filename_suffix=".mine").close()
    assert os.listdir(tmp_path)[0].endswith(".mine")


def test_purge_step_forgets_what_a_broken_run_logged_later(tmp_path, accumulated):
    with SummaryWriter(tmp_path) as writer:
        for step in range(10):
            writer.add_scalar("loss", step, step)
    with SummaryWriter(tmp_path, purge_step=6, filename_suffix=".zz") as writer:
        writer.add_scalar("loss", 60, 6)
    run = accumulated(tmp_path)
    assert [(event.step, event.value) for event in run.Scalars("loss")] == [*[(i, i) for i in range(6)], (6, 60)]


def test_flush_makes_it_readable_while_the_writer_is_open(tmp_path, accumulated):
    writer = SummaryWriter(tmp_path)
    writer.add_scalar("a", 1, 1)
    writer.flush()
    assert accumulated(tmp_path).Scalars("a")[0].value == 1
    writer.close()


def test_after_close_it_goes_on_in_a_new_file(tmp_path, values):
    writer = SummaryWriter(tmp_path)
    writer.add_scalar("a", 1, 1)
    writer.close()
    writer.close()
    writer.flush()
    writer.add_scalar("a", 2, 2)
    writer.close()
    assert len(os.listdir(tmp_path)) == 2
    assert sorted(value.simple_value for value in values(tmp_path)) == [1, 2]


def test_several_curves_are_runs_beside(tmp_path, accumulated):
    with SummaryWriter(tmp_path) as writer:
        for step in range(3):
            writer.add_scalars("loss", {"train": step, "test": 2 * step}, step)
    for name, factor in (("train", 1), ("test", 2)):
        run = accumulated(tmp_path / f"loss_{name}")
        assert [event.value for event in run.Scalars("loss")] == [0, factor, 2 * factor]


@pytest.mark.parametrize("dtype", ["float16", "uint8", "int8", "int64", "float32", "float64", "bool", "complex64"])
def test_tensors_are_written_as_tensorboard_reads_them(tmp_path, values, dtype):
    from tensorboard.util.tensor_util import make_ndarray

    tensor = torch.tensor([[0.0, 1.0], [100.0, 2.0]]).to(getattr(torch, dtype))
    with SummaryWriter(tmp_path) as writer:
        writer.add_tensor("t", tensor)
    array = make_ndarray(values(tmp_path)[0].tensor)
    assert str(array.dtype) == dtype and array.tolist() == tensor.tolist()


def test_a_log_of_a_value_is_of_that_moment(tmp_path, accumulated):
    weight = torch.zeros(1)
    with SummaryWriter(tmp_path) as writer:
        for step in range(3):
            weight += 1
            writer.add_scalar("w", weight, step)
    assert [event.value for event in accumulated(tmp_path).Scalars("w")] == [1, 2, 3]


def test_videos(tmp_path, values, capsys):
    from rushlight.utils.tensorboard.pictures import arrange_videos

    videos = np.arange(3)[:, None, None, None, None] * np.ones((1, 2, 3, 4, 6))
    frames = arrange_videos(videos)
    assert frames.shape == (2, 8, 12, 3)  # three videos, and a black one, two by two
    assert frames[0, :4, :6].max() == 0 and frames[0, :4, 6:].min() == 1 and frames[0, 4:, :6].min() == 2 and frames[0, 4:, 6:].max() == 0
    with SummaryWriter(tmp_path) as writer:
        writer.add_video("v", torch.zeros(1, 2, 3, 4, 4), 1)
    try:
        import moviepy  # noqa: F401
    except ImportError:
        assert capsys.readouterr().out == "add_video needs package moviepy\n" and values(tmp_path) == []
    else:
        assert values(tmp_path)[0].image.encoded_image_string[:3] == b"GIF"


def test_file_writer(tmp_path, accumulated):
    from rushlight.utils.tensorboard.summary import scalar

    writer = FileWriter(tmp_path)
    assert writer.get_logdir() == str(tmp_path)
    writer.add_summary(scalar("a", 3.0), 1, walltime=7.0)
    writer.close()
    writer.reopen()
    writer.close()
    event = accumulated(tmp_path).Scalars("a")[0]
    assert (event.value, event.step, event.wall_time) == (3.0, 1, 7.0)


def test_without_tensorboard_the_import_says_what_to_install(tmp_path):
    code = ("import sys, importlib.util as u; find = u.find_spec\n"
            "u.find_spec = lambda name, *a: None if name == 'tensorboard' else find(name, *a)\n"
            "try:\n    import rushlight.utils.tensorboard\nexcept ImportError as e:\n    print(e)")
    home = os.path.dirname(os.path.dirname(torch.__file__))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": home})
    assert "pip install 'rushlight[tensorboard]'" in done.stdout, done.stderr


def test_the_import_does_not_load_tensorboard(tmp_path):
    code = "import sys, rushlight.utils.tensorboard; print([m for m in ('tensorboard', 'PIL', 'google.protobuf') if m in sys.modules])"
    home = os.path.dirname(os.path.dirname(torch.__file__))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": home})
    assert done.stdout == "[]\n", done.stderr
