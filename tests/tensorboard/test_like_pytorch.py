"""Whatever is logged, the event files say what PyTorch's writer says."""
import io
import os

import numpy as np
import pytest

SCENARIOS = {}


def scenario(function):
    SCENARIOS[function.__name__] = function
    return function


@scenario
def scalars(torch, w):
    w.add_scalar("a", 1.5, 1)
    w.add_scalar("a/b", torch.tensor(2.0), 2)
    w.add_scalar("a", np.float32(3), 3, walltime=5.0)
    w.add_scalar("new", 1.5, 1, new_style=True)
    w.add_scalar("double", 1.1, 1, new_style=True, double_precision=True)
    w.add_scalar("a b", torch.tensor([4.0]), None)
    w.add_scalar("grad", torch.tensor(0.5, requires_grad=True), 7)
    w.add_scalar("half", torch.tensor(0.5).to(torch.bfloat16), 7)
    w.add_scalars("many/of", {"x": 1, "y/z": torch.tensor(2.5)}, 7)


@scenario
def histograms(torch, w):
    normal = np.random.RandomState(0).randn(1000)
    w.add_histogram("range", torch.arange(10.0), 1)
    w.add_histogram("two dimensions", torch.arange(6.0).reshape(2, 3), 1)
    w.add_histogram("auto", normal[:100], 2, bins="auto")
    w.add_histogram("five", normal[:100], 2, bins=5)
    w.add_histogram("edges", normal[:50], 2, bins=[-1, 0, 0.5, 2])
    w.add_histogram("merged", normal, 2, max_bins=20)
    w.add_histogram("merged unevenly", normal, 2, bins=17, max_bins=5)
    w.add_histogram("zeros", np.zeros(3), 2)
    w.add_histogram("integers", torch.tensor([1, 2, 3]), 2)
    w.add_histogram("tiny", torch.full((3,), 1e-30), 2)
    w.add_histogram("one number", 5.0)
    w.add_histogram_raw("raw", 0.0, 1.0, 3, 1.5, 1.0, [0.5, 1.0], [1, 2], 3)


@scenario
def images(torch, w):
    picture = torch.from_numpy(np.linspace(0, 1, 3 * 8 * 10).reshape(3, 8, 10).astype("f4"))
    w.add_image("chw", picture, 1)
    w.add_image("hwc", picture.numpy().transpose(1, 2, 0), 1, dataformats="HWC")
    w.add_image("hw", picture[0], 1, dataformats="HW")
    w.add_image("bytes", (picture * 255).to(torch.uint8), 1)
    w.add_image("grey", picture[:1], 1)
    w.add_image("rgba", torch.ones(4, 4, 4), 1)
    w.add_image("out of range", picture * 3 - 1, 1)
    w.add_images("batch", torch.stack([picture, picture / 2, picture * 2]), 2)
    w.add_images("nhwc", np.full((9, 8, 10, 1), 100, "u1"), 2, dataformats="NHWC")
    w.add_images("grey batch", torch.ones(2, 1, 4, 4))


@scenario
def boxes(torch, w):
    w.add_image_with_boxes("b", torch.zeros(3, 32, 32), torch.tensor([[2.0, 3, 20, 25], [5, 5, 10, 10]]), 1, labels=["a", "b"])
    w.add_image_with_boxes("twice", torch.zeros(3, 32, 32), torch.tensor([[2.0, 3, 20, 25]]), 1, rescale=2)
    w.add_image_with_boxes("labels that do not fit", torch.zeros(1, 32, 32), torch.tensor([[2.0, 3, 20, 25]]), 1, labels=["a", "b"])


@scenario
def texts_and_sounds(torch, w):
    w.add_text("t", "hello **you**: ö", 1)
    w.add_text("t", "", None)
    w.add_audio("s", torch.linspace(-1, 1, 50), 1, sample_rate=100)
    w.add_audio("too loud", torch.linspace(-2, 2, 50).reshape(1, 50))


@scenario
def curves(torch, w):
    random = np.random.RandomState(0)
    w.add_pr_curve("p", torch.tensor([1, 0, 1, 1, 0]), torch.tensor([0.9, 0.3, 0.4, 0.7, 0.8]), 1)
    w.add_pr_curve("weighted", random.randint(2, size=50), random.rand(50), 1, num_thresholds=10, weights=random.rand(50))
    w.add_pr_curve("too many", np.array([1, 0]), np.array([0.5, 0.2]), 1, num_thresholds=300)
    w.add_pr_curve_raw("raw", [75.0, 64, 21, 5, 0], [150, 105, 18, 0, 0], [0, 45, 132, 150, 150], [0, 11, 54, 70, 75],
                       [0.3, 0.38, 0.5, 1, 0], [1, 0.85, 0.28, 0.06, 0], 0, num_thresholds=5)


@scenario
def hyperparameters(torch, w):
    w.add_hparams({"lr": 0.1, "batch": 2, "name": "x", "flag": True, "none": None}, {"acc": 0.5, "loss": torch.tensor(1.0)},
                  run_name="run", hparam_domain_discrete={"batch": [1, 2, 3], "name": ["x", "y"]}, global_step=4)


@scenario
def tensors(torch, w):
    w.add_tensor("f", torch.arange(6.0).reshape(2, 3), 1)
    w.add_tensor("d", torch.tensor(1.5, dtype=torch.float64), 1)
    for name in ("int8", "int16", "int32", "int64", "bool", "complex64"):
        w.add_tensor(name, torch.tensor([0, 1, 1]).to(getattr(torch, name)), 1)


@scenario
def layouts(torch, w):
    w.add_custom_scalars({"T": {"a": ["Multiline", ["x", "y"]], "b": ["Margin", ["value", "low", "high"]]}})


@scenario
def a_layout_of_one_chart(torch, w):
    w.add_custom_scalars_multilinechart(["x", "y"])


@scenario
def a_layout_with_margins(torch, w):
    w.add_custom_scalars_marginchart(["x", "y", "z"], "category", "title")


@scenario
def meshes(torch, w):
    vertices = torch.arange(12.0).reshape(1, 4, 3)
    w.add_mesh("m", vertices, colors=torch.full((1, 4, 3), 200), faces=torch.tensor([[[0, 2, 3], [0, 3, 1]]]),
               config_dict={"camera": 1}, global_step=2)
    w.add_mesh("vertices alone", vertices)


@scenario
def figures(torch, w):
    plt = pytest.importorskip("matplotlib.pyplot")
    figure = plt.figure(figsize=(1, 1))
    plt.plot([1, 2])
    w.add_figure("one", figure, 1)
    w.add_figure("two", [plt.figure(figsize=(1, 1)) for _ in range(2)], 1)
    assert not plt.get_fignums()


@scenario
def embeddings(torch, w):
    w.add_embedding(torch.arange(6.0).reshape(3, 2), metadata=["a", "b", "c"], label_img=torch.full((3, 3, 4, 5), 0.5), global_step=1)
    w.add_embedding(np.ones((2, 2)), metadata=[["a", "1"], ["b", "2"]], metadata_header=["letter", "number"], tag="other/tag ö")


def told(folder, events) -> dict:
    """What is in a folder of logs, without clock times: events as texts, other files as bytes, pictures as pixels."""
    from PIL import Image

    contents = {}
    for at, found in events(folder).items():
        for event in found:
            event.wall_time = 5.0 if event.wall_time == 5.0 else 0.0
            for value in event.summary.value:
                if value.HasField("image"):
                    pixels = np.asarray(Image.open(io.BytesIO(value.image.encoded_image_string)))
                    value.image.encoded_image_string = repr((pixels.shape, pixels.tobytes())).encode()
        contents[at] = [_without_order(str(event), event) for event in found]
    for parent, _, files in os.walk(folder):
        for name in files:
            path = os.path.join(parent, name)
            if "tfevents" not in name:
                with open(path, "rb") as file:
                    contents[os.path.relpath(path, folder)] = file.read()
    return contents


def _without_order(text, event):
    """The hyperparameters of a run are a map, which protobuf writes in any order: parse it."""
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    if len(event.summary.value) == 1 and event.summary.value[0].metadata.plugin_data.plugin_name == "hparams":
        data = HParamsPluginData.FromString(event.summary.value[0].metadata.plugin_data.content)
        hparams = sorted((name, str(value)) for name, value in data.session_start_info.hparams.items())
        data.session_start_info.hparams.clear()
        return event.summary.value[0].tag, event.step, hparams, str(data)
    return text


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_files_are_those_of_pytorch(name, oracle, tmp_path, events, capsys):
    import rushlight
    from rushlight.utils.tensorboard import SummaryWriter
    from torch.utils.tensorboard import SummaryWriter as TheirWriter

    printed = []
    for module, writer, folder in ((oracle, TheirWriter, "theirs"), (rushlight, SummaryWriter, "ours")):
        with writer(tmp_path / folder) as w:
            SCENARIOS[name](module, w)
        printed.append(capsys.readouterr().out)
    assert told(tmp_path / "ours", events) == told(tmp_path / "theirs", events)
    assert printed[0] == printed[1]


WRONG_CALLS = [
    lambda torch, w: w.add_scalar("a", [1.0]),
    lambda torch, w: w.add_scalar("a", torch.ones(2)),
    lambda torch, w: w.add_scalar("a", None),
    lambda torch, w: w.add_scalar("a", "x"),
    lambda torch, w: w.add_histogram("a", np.ones(0)),
    lambda torch, w: w.add_histogram("a", torch.tensor([1e30])),
    lambda torch, w: w.add_histogram_raw("a", 0, 1, 1, 1, 1, [1], [1, 2]),
    lambda torch, w: w.add_image("a", torch.ones(3, 4, 4), dataformats="HW"),
    lambda torch, w: w.add_image("a", torch.ones(4, 4)),
    lambda torch, w: w.add_image("a", torch.ones(3, 4, 4), dataformats="CCH"),
    lambda torch, w: w.add_image("a", None),
    lambda torch, w: w.add_images("a", torch.ones(2, 5, 4, 4)),
    lambda torch, w: w.add_images("a", [torch.ones(3, 4, 4)]),
    lambda torch, w: w.add_hparams([], {}),
    lambda torch, w: w.add_hparams({"a": [1]}, {}),
    lambda torch, w: w.add_hparams({"a": 1}, {}, {"a": 5}),
    lambda torch, w: w.add_hparams({"a": 1}, {}, {"b": [5]}),
    lambda torch, w: w.add_hparams({"a": 1}, {}, {"a": ["x"]}),
    lambda torch, w: w.add_embedding(torch.ones(3)),
    lambda torch, w: w.add_embedding(torch.ones(3, 2), metadata=["a"]),
    lambda torch, w: w.add_embedding(torch.ones(3, 2), label_img=torch.ones(2, 3, 4, 4)),
    lambda torch, w: w.add_embedding(torch.ones(2, 2), metadata=[["a", "b"], ["c", "d"]], metadata_header=["x"]),
    lambda torch, w: w.add_pr_curve("p", [1, 0], [0.5, 0.2]),
    lambda torch, w: w.add_audio("a", torch.ones(2, 4)),
    lambda torch, w: w.add_mesh("m", torch.ones(4, 3)),
    lambda torch, w: w.add_custom_scalars_marginchart(["x"]),
    lambda torch, w: w.add_text("t", 5),
]


@pytest.mark.parametrize("number", range(len(WRONG_CALLS)))
def test_wrong_calls_fail_as_in_pytorch(number, oracle, tmp_path):
    import rushlight
    from rushlight.utils.tensorboard import SummaryWriter
    from torch.utils.tensorboard import SummaryWriter as TheirWriter

    said = []
    for module, writer in ((oracle, TheirWriter), (rushlight, SummaryWriter)):
        with writer(tmp_path / module.__name__) as w, pytest.raises(Exception) as error:
            WRONG_CALLS[number](module, w)
        said.append((error.type, str(error.value).replace("rushlight.", "torch.")))
    assert said[0] == said[1]
