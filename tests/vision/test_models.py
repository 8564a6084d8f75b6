"""vision.models against torchvision: structure, initial weights, outputs, published weights, builders' manners.

Each family is represented by its light members; --slow takes every model.
"""
import warnings

import numpy as np
import pytest

import rushlight as torch
from rushlight.vision import models
from rushlight.vision.models._utils import IntermediateLayerGetter, _make_divisible
from rushlight.vision.models.feature_extraction import create_feature_extractor, get_graph_node_names

from .conftest import pil_picture

LIGHT = (
    "resnet18 resnext50_32x4d squeezenet1_0 squeezenet1_1 densenet121 googlenet mobilenet_v2 mobilenet_v3_large "
    "shufflenet_v2_x0_5 mnasnet0_5 efficientnet_b0 efficientnet_v2_s regnet_x_400mf fcn_resnet50 "
    "deeplabv3_mobilenet_v3_large convnext_tiny"
).split()
LIGHTEST = "resnet18 squeezenet1_1 mobilenet_v3_small shufflenet_v2_x0_5 mnasnet0_5 regnet_y_400mf".split()
SIDES = {"inception_v3": 299}  # its auxiliary classifier wants the paper's size

PARAMETERS = {  # as published weights have them
    "alexnet": 61_100_840, "vgg11": 132_863_336, "vgg16": 138_357_544, "vgg16_bn": 138_365_992, "vgg19": 143_667_240,
    "resnet18": 11_689_512, "resnet34": 21_797_672, "resnet50": 25_557_032, "resnet152": 60_192_808,
    "squeezenet1_0": 1_248_424, "densenet121": 7_978_856, "googlenet": 6_624_904, "inception_v3": 27_161_264,
    "mobilenet_v2": 3_504_872, "mobilenet_v3_large": 5_483_032, "shufflenet_v2_x1_0": 2_278_604,
    "efficientnet_b0": 5_288_548, "convnext_tiny": 28_589_128, "vit_b_16": 86_567_656, "mnasnet1_0": 4_383_312,
    "regnet_y_400mf": 4_344_144, "fcn_resnet50": 35_322_218,
}  # fmt: skip

# sums of |x| over all parameters and buffers of the models made after manual_seed(0), from torchvision 0.28
INITIAL_SUMS = {
    "resnet18": 240662.11503662038,
    "squeezenet1_1": 54056.98926081185,
    "mobilenet_v3_small": 98446.54483785758,
    "shufflenet_v2_x0_5": 40239.62592292543,
    "mnasnet0_5": 119669.16641001441,
    "regnet_y_400mf": 271518.24514305004,
}


def with_slow(light, every=None):
    names = models.list_models() if every is None else every
    return [pytest.param(n, marks=() if n in light else pytest.mark.slow) for n in names]


def smaller_than(limit):
    """The models of fewer parameters: drawing those of the giants takes too long."""
    size = {name: models.get_model_weights(name).DEFAULT.meta["num_params"] for name in models.list_models()}
    return [name for name in size if size[name] < limit]


DRAWN = [*smaller_than(70e6), "vgg11", "vgg16_bn", "vit_b_32", "convnext_base"]
TRAINED = [*smaller_than(30e6), "alexnet"]


def options(name, **more):
    """What a builder is told so that it downloads nothing and warns of nothing."""
    if name in models.list_models(module=models.segmentation):
        more.setdefault("weights_backbone", None)
    if name in ("googlenet", "inception_v3"):
        more.setdefault("init_weights", True)
    return more


def image(side=64, batch=1, dtype="float32"):
    return np.random.default_rng(0).standard_normal((batch, 3, side, side)).astype(dtype)


def arrays(result):
    """A model's result as arrays by name."""
    if hasattr(result, "_asdict"):
        result = result._asdict()
    if isinstance(result, dict):
        return {k: v.detach().numpy() for k, v in result.items() if v is not None}
    return {"out": result.detach().numpy()}


def side_of(name):
    if name.startswith("vit"):
        return 224
    return SIDES.get(name, 64)


@pytest.fixture
def uninitialised(monkeypatch, oracle):
    """Both libraries make models without drawing their weights: structure costs little then."""
    fillers = "kaiming_uniform_ kaiming_normal_ xavier_uniform_ trunc_normal_ normal_ uniform_ constant_ ones_ zeros_"
    for nn in (torch.nn, oracle.nn):
        for filler in fillers.split():
            monkeypatch.setattr(nn.init, filler, lambda tensor, *args, **kwargs: tensor)


class TestStructure:
    @pytest.mark.parametrize("name", with_slow(LIGHT))
    def test_state_and_repr(self, name, uninitialised, oracle_vision):
        ours = models.get_model(name, **options(name))
        theirs = oracle_vision.models.get_model(name, **options(name))
        assert [(k, tuple(v.shape), str(v.dtype)) for k, v in ours.state_dict().items()] == [
            (k, tuple(v.shape), str(v.dtype)) for k, v in theirs.state_dict().items()
        ]
        assert [k for k, _ in ours.named_parameters()] == [k for k, _ in theirs.named_parameters()]
        assert [k for k, _ in ours.named_modules()] == [k for k, _ in theirs.named_modules()]
        assert repr(ours) == repr(theirs)

    @pytest.mark.parametrize("name", with_slow(LIGHTEST, PARAMETERS))
    def test_number_of_parameters(self, name, monkeypatch):
        for filler in "kaiming_uniform_ kaiming_normal_ trunc_normal_ normal_ uniform_".split():
            monkeypatch.setattr(torch.nn.init, filler, lambda tensor, *args, **kwargs: tensor)
        heads = {"googlenet": {"aux_logits": False}, "fcn_resnet50": {"aux_loss": True}}.get(name, {})  # as published
        model = models.get_model(name, **options(name, **heads))
        assert sum(p.numel() for p in model.parameters()) == PARAMETERS[name]
        assert models.get_model_weights(name).DEFAULT.meta["num_params"] == PARAMETERS[name]

    def test_every_model_of_the_documents_is_listed(self):
        wanted = "alexnet vgg16 vgg19_bn resnet18 resnext50_32x4d wide_resnet50_2 squeezenet1_0 densenet121 googlenet"
        wanted += " inception_v3 mobilenet_v2 mobilenet_v3_large shufflenet_v2_x1_0 efficientnet_b0 convnext_tiny"
        wanted += " vit_b_16 fcn_resnet50 deeplabv3_resnet50 lraspp_mobilenet_v3_large"
        assert set(wanted.split()) <= set(models.list_models())

    def test_architectures_are_found_in_the_modules_dict(self):
        names = [n for n in models.__dict__ if n.islower() and not n.startswith("__") and callable(models.__dict__[n])]
        assert {"resnet18", "vgg16_bn", "alexnet", "densenet121", "squeezenet1_0"} <= set(names)

    @pytest.mark.parametrize("width", [8.0, 11.2, 17, 33.6, 100, 3])
    def test_make_divisible(self, width, oracle_vision):
        assert _make_divisible(width, 8) == oracle_vision.models._utils._make_divisible(width, 8)


class TestInitialWeights:
    @pytest.mark.parametrize("name", with_slow(LIGHTEST + ["efficientnet_b0"], DRAWN))
    def test_same_seed_same_weights(self, name, oracle, oracle_vision):
        torch.manual_seed(7)
        ours = models.get_model(name, **options(name, num_classes=10)).state_dict()
        oracle.manual_seed(7)
        theirs = oracle_vision.models.get_model(name, **options(name, num_classes=10)).state_dict()
        assert list(ours) == list(theirs)
        for key, value in ours.items():
            np.testing.assert_array_equal(value.numpy(), theirs[key].numpy(), err_msg=key)
        assert torch.rand(1).item() == oracle.rand(1).item()

    @pytest.mark.parametrize("name", INITIAL_SUMS)
    def test_known_sums(self, name):
        torch.manual_seed(0)
        state = models.get_model(name, **options(name)).state_dict()
        total = sum(np.abs(value.numpy().astype("float64")).sum() for value in state.values())
        assert total == pytest.approx(INITIAL_SUMS[name], rel=1e-9)

    def test_small_transformers(self, oracle, oracle_vision):
        shape = dict(image_size=32, patch_size=8, num_layers=2, num_heads=2, hidden_dim=16, mlp_dim=32)
        stem = [(8, 3, 2), (12, 3, 2), (16, 3, 2)]
        for more in ({}, {"representation_size": 12, "num_classes": 5}, {"dropout": 0.2, "conv_stem_configs": stem}):
            built = []
            for lib, vit in ((torch, models.vision_transformer), (oracle, oracle_vision.models.vision_transformer)):
                given = dict(more)
                if "conv_stem_configs" in given:
                    given["conv_stem_configs"] = [vit.ConvStemConfig(*layer) for layer in stem]
                lib.manual_seed(3)
                model = vit.VisionTransformer(**shape, **given).double()
                weights = {k: v.numpy().copy() for k, v in model.state_dict().items()}
                model(lib.from_numpy(image(32, 2, "float64"))).square().sum().backward()
                built.append((repr(model), weights, model.heads.head.weight.grad.numpy(), lib.rand(1).item()))
            ours, theirs = built
            assert ours[0] == theirs[0] and ours[3] == theirs[3]
            for key in theirs[1]:
                np.testing.assert_array_equal(ours[1][key], theirs[1][key], err_msg=key)
            np.testing.assert_allclose(ours[2], theirs[2], rtol=1e-7, atol=1e-12)

    def test_zero_init_residual(self):
        net = models.resnet.ResNet(models.resnet.BasicBlock, [1, 1, 1, 1], num_classes=2, zero_init_residual=True)
        assert net.layer2[0].bn2.weight.abs().sum() == 0 and net.layer2[0].bn1.weight.abs().sum() != 0


class TestOutputs:
    @pytest.mark.parametrize("name", with_slow(LIGHTEST + ["lraspp_mobilenet_v3_large"], DRAWN))
    def test_evaluation(self, name, oracle, oracle_vision):
        results = []
        for lib, vision_models in ((torch, models), (oracle, oracle_vision.models)):
            lib.manual_seed(0)
            model = vision_models.get_model(name, **options(name)).eval()
            with lib.no_grad():
                results.append(arrays(model(lib.from_numpy(image(side_of(name))))))
        ours, theirs = results
        assert ours.keys() == theirs.keys()
        for key in theirs:
            scale = max(1.0, np.abs(theirs[key]).max())
            np.testing.assert_allclose(ours[key] / scale, theirs[key] / scale, rtol=0, atol=1e-5)

    @pytest.mark.parametrize(
        "name", with_slow(["squeezenet1_1", "mobilenet_v3_small", "shufflenet_v2_x0_5", "mnasnet0_5"], TRAINED)
    )
    def test_training(self, name, oracle, oracle_vision):
        """In double precision, for batch norm over few values magnifies rounding: outputs, gradients, statistics."""
        results = []
        segments = name in models.list_models(module=models.segmentation)
        more = {"aux_loss": True} if segments and not name.startswith("lraspp") else {}
        for lib, vision_models in ((torch, models), (oracle, oracle_vision.models)):
            lib.manual_seed(0)
            model = vision_models.get_model(name, **options(name, num_classes=7, **more)).double()
            result = model(lib.from_numpy(image(side_of(name), 2, "float64")))
            outputs = arrays(result)
            if hasattr(result, "_asdict"):
                result = result._asdict()
            logits = list(result.values()) if isinstance(result, dict) else [result]
            sum(each.square().mean() for each in logits).backward()
            gradients = {k: p.grad.numpy() for k, p in model.named_parameters() if p.grad is not None}
            buffers = {k: b.numpy() for k, b in model.named_buffers()}
            results.append((outputs, gradients, buffers, lib.rand(1).item()))
        ours, theirs = results
        assert ours[3] == theirs[3], "other numbers were drawn"
        for mine, there in zip(ours[:3], theirs[:3]):
            assert mine.keys() == there.keys()
            largest = max(np.abs(value).max() for value in there.values()) if there else 0
            for key in there:  # the gradient of a bias before batch norm is nothing but rounding
                allowed = 1e-6 * np.abs(there[key]).max() + 1e-9 * largest
                np.testing.assert_allclose(mine[key], there[key], rtol=0, atol=allowed, err_msg=key)

    @pytest.mark.parametrize("name", ["squeezenet1_1", "shufflenet_v2_x0_5", "mobilenet_v3_small"])
    def test_a_step_of_training_lowers_the_loss(self, name):
        model = models.get_model(name, num_classes=3).eval()  # eval: the same dropout and statistics every time
        images, target = torch.from_numpy(image(48, 2)), torch.tensor([0, 2])
        losses = []
        optimizer = torch.optim.SGD(model.parameters(), lr=0.001)
        for _ in range(3):
            loss = torch.nn.functional.cross_entropy(model(images), target)
            assert loss.shape == ()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        assert losses[2] < losses[0]

    def test_auxiliary_outputs(self):
        model = models.GoogLeNet(num_classes=4, init_weights=False)
        x = torch.from_numpy(image(64, 2))
        trained = model(x)
        assert type(trained) is models.GoogLeNetOutputs and trained._fields == ("logits", "aux_logits2", "aux_logits1")
        assert [tuple(t.shape) for t in trained] == [(2, 4)] * 3
        assert model.eval()(x).shape == (2, 4)
        assert models.GoogLeNet(num_classes=4, aux_logits=False, init_weights=False)(x).shape == (2, 4)

    def test_inputs_transformed_for_weights_from_tensorflow(self):
        x = torch.from_numpy(image(8))
        model = models.GoogLeNet(num_classes=2, transform_input=True, init_weights=False)
        mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
        pixels = image(8) * std.reshape(3, 1, 1) + mean.reshape(3, 1, 1)
        np.testing.assert_allclose(model._transform_input(x).numpy(), 2 * pixels - 1, rtol=0, atol=1e-5)

    def test_dilation_keeps_the_size(self):
        net = models.resnet.ResNet(
            models.resnet.Bottleneck, [1, 1, 1, 1], replace_stride_with_dilation=[False, True, True]
        )
        got = []
        net.layer4.register_forward_hook(lambda module, args, output: got.append(output.shape))
        net.eval()(torch.zeros(1, 3, 64, 64))
        assert got == [(1, 2048, 8, 8)]

    def test_memory_efficient_densenet_gives_the_same_gradients(self):
        grads = []
        for efficient in (False, True):
            torch.manual_seed(0)
            net = models.DenseNet(4, (2, 2), 8, num_classes=3, memory_efficient=efficient)
            net(torch.from_numpy(image(32, 2))).square().sum().backward()
            grads.append([p.grad.numpy() for p in net.parameters()])
        for a, b in zip(*grads):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


class TestFineTuning:
    def test_another_head_with_its_own_learning_rate(self):
        torch.manual_seed(0)
        net = models.resnet18()
        for parameter in net.parameters():
            parameter.requires_grad = False
        net.fc = torch.nn.Linear(net.fc.in_features, 2)
        trained = [p for p in net.parameters() if p.requires_grad]
        assert [tuple(p.shape) for p in trained] == [(2, 512), (2,)]
        before = net.conv1.weight.clone()
        optimizer = torch.optim.SGD([{"params": net.fc.parameters(), "lr": 0.1}], lr=0.01)
        net(torch.from_numpy(image(32, 2))).sum().backward()
        optimizer.step()
        assert torch.equal(before, net.conv1.weight) and net.conv1.weight.grad is None

    def test_convolutions_of_a_vgg(self, monkeypatch):
        monkeypatch.setattr(torch.nn.init, "normal_", lambda tensor, *args: tensor)
        features = models.vgg.make_layers(models.vgg.cfgs["A"], batch_norm=True)
        pretrained = models.vgg.VGG(features, num_classes=2, init_weights=False).features
        assert len(pretrained) == 29
        assert pretrained[:8](torch.from_numpy(image(32))).shape == (1, 128, 8, 8)


class TestSegmentation:
    @pytest.fixture
    def small(self, monkeypatch):
        """ResNet-50 as one block a stage."""
        from rushlight.vision.models.segmentation import fcn

        def one_block_a_stage(weights=None, **kwargs):
            return models.resnet.ResNet(models.resnet.Bottleneck, [1, 1, 1, 1], **kwargs)

        monkeypatch.setattr(fcn, "resnet50", one_block_a_stage)

    def test_fcn(self, small):
        net = models.segmentation.fcn_resnet50(weights_backbone=None, num_classes=5, aux_loss=True)
        out = net(torch.from_numpy(image(33, 2)))
        assert list(out) == ["out", "aux"]
        assert out["out"].shape == out["aux"].shape == (2, 5, 33, 33)
        target = torch.zeros(2, 33, 33, dtype=torch.long)
        (torch.nn.functional.cross_entropy(out["out"], target) + 0.5 * out["aux"].mean()).backward()
        assert net.backbone.conv1.weight.grad.abs().sum() > 0

    def test_without_auxiliary_classifier(self, small):
        net = models.segmentation.fcn_resnet50(weights_backbone=None)
        assert net.aux_classifier is None
        assert list(net.eval()(torch.from_numpy(image(32)))) == ["out"]

    def test_lraspp_has_no_auxiliary_loss(self):
        with pytest.raises(NotImplementedError, match="This model does not use auxiliary loss"):
            models.segmentation.lraspp_mobilenet_v3_large(weights_backbone=None, aux_loss=True)


def same_meta(a, b):
    """NaN is like NaN (the metrics of VGG16's features)."""
    return repr(a) == repr(b)


class TestPublishedWeights:
    @pytest.mark.parametrize("name", models.list_models())
    def test_what_is_said_about_them(self, name, oracle_vision):
        ours, theirs = models.get_model_weights(name), oracle_vision.models.get_model_weights(name)
        assert ours.__name__ == theirs.__name__
        assert list(ours.__members__) == list(theirs.__members__)
        for key, member in ours.__members__.items():
            other = theirs[key]
            assert (member.name, repr(member), str(member)) == (other.name, repr(other), str(other))
            assert member.url == other.url
            meta = {k: v for k, v in other.meta.items() if k != "_docs"}
            assert same_meta(sorted(member.meta.items()), sorted(meta.items()))
            assert repr(member.transforms()) == repr(other.transforms())

    def test_names(self):
        W = models.ResNet50_Weights
        assert W.DEFAULT is W.IMAGENET1K_V2 and [w.name for w in W] == ["IMAGENET1K_V1", "IMAGENET1K_V2"]
        assert len(W.DEFAULT.meta["categories"]) == 1000 and W.DEFAULT.meta["categories"][281] == "tabby"
        assert models.get_weight("ResNet50_Weights.IMAGENET1K_V1") is W.IMAGENET1K_V1
        assert models.get_model_weights("resnet50") is models.get_model_weights(models.resnet50) is W
        assert W.verify("ResNet50_Weights.DEFAULT") is W.verify("DEFAULT") is W.DEFAULT and W.verify(None) is None
        assert W.IMAGENET1K_V1.value != W.IMAGENET1K_V2.value

    def test_errors(self):
        W = models.ResNet18_Weights
        with pytest.raises(TypeError, match="expected ResNet18_Weights but received int"):
            W.verify(3)
        with pytest.raises(TypeError, match="expected ResNet18_Weights but received ResNet50_Weights"):
            models.resnet18(weights=models.ResNet50_Weights.DEFAULT)
        with pytest.raises(KeyError, match="nope"):
            models.resnet18(weights="nope")
        with pytest.raises(ValueError, match="The parameter 'num_classes' expected value 1000 but got 10 instead."):
            models.resnet18(weights=W.DEFAULT, num_classes=10)
        with pytest.raises(ValueError, match="expected value 224 but got 32"):
            models.vit_b_16(weights="DEFAULT", image_size=32)
        with pytest.raises(ValueError, match="Unknown model nope"):
            models.get_model("nope")
        with pytest.raises(ValueError, match="Invalid weight name provided: 'ResNet18_Weights'."):
            models.get_weight("ResNet18_Weights")
        with pytest.raises(ValueError, match="enum 'No_Weights' for the specific method couldn't be retrieved"):
            models.get_weight("No_Weights.DEFAULT")
        with pytest.raises(ValueError, match="The method is missing the 'weights' argument."):
            models.get_model_weights(models.list_models)

    def test_listing(self):
        assert models.list_models(include="resnet*") == ["resnet101", "resnet152", "resnet18", "resnet34", "resnet50"]
        assert models.list_models(include=["vgg1*"], exclude="*_bn") == ["vgg11", "vgg13", "vgg16", "vgg19"]
        assert "fcn_resnet50" in models.list_models(module=models.segmentation)
        assert "fcn_resnet50" not in models.list_models(module=models)
        assert models.get_model_builder("ResNet18") is models.resnet18

    def test_a_program_registers_its_own(self, monkeypatch):
        from rushlight.vision.models import _api

        monkeypatch.setattr(_api, "BUILTIN_MODELS", dict(_api.BUILTIN_MODELS))

        @_api.register_model("mine")
        def make(width=3):
            return torch.nn.Linear(width, width)

        assert models.get_model("mine", width=4).in_features == 4
        with pytest.raises(ValueError, match="An entry is already registered under the name 'mine'."):
            _api.register_model("mine")(make)


class TestLoading:
    """Weights come from the hub's folder, or are fetched into it."""

    @pytest.fixture
    def folder(self, tmp_path):
        before = torch.hub.get_dir()
        torch.hub.set_dir(str(tmp_path))
        yield tmp_path / "checkpoints"
        torch.hub.set_dir(before)

    def put(self, folder, enum_member, state):
        folder.mkdir(exist_ok=True)
        torch.save(state, str(folder / enum_member.url.rpartition("/")[2]))

    def test_from_the_folder(self, folder):
        torch.manual_seed(1)
        trained = models.squeezenet1_1().state_dict()
        self.put(folder, models.SqueezeNet1_1_Weights.DEFAULT, trained)
        for given in (models.SqueezeNet1_1_Weights.DEFAULT, "IMAGENET1K_V1", "SqueezeNet1_1_Weights.DEFAULT"):
            loaded = models.squeezenet1_1(weights=given).state_dict()
            assert all(torch.equal(loaded[k], trained[k]) for k in trained)
        assert models.get_model("squeezenet1_1", weights="DEFAULT").num_classes == 1000

    def test_old_names_of_densenet(self, folder):
        torch.manual_seed(1)
        small = (4, (2, 2, 2, 2), 8)
        weights = models.DenseNet121_Weights.DEFAULT
        trained = models.DenseNet(*small).state_dict()
        old = {k.replace("norm1.", "norm.1.").replace("conv2.", "conv.2."): v for k, v in trained.items()}
        assert "features.denseblock1.denselayer1.conv.2.weight" in old
        self.put(folder, weights, old)
        loaded = models.densenet._densenet(*small, weights, progress=False).state_dict()
        assert all(torch.equal(loaded[k], trained[k]) for k in trained)

    def test_googlenet_leaves_the_untrained_classifiers_out(self, folder):
        self.put(folder, models.GoogLeNet_Weights.DEFAULT, models.GoogLeNet(init_weights=False).state_dict())
        net = models.googlenet(weights="DEFAULT")
        assert net.aux1 is None and net.transform_input and not net.aux_logits
        with pytest.warns(UserWarning, match="auxiliary heads in the pretrained googlenet model are NOT pretrained"):
            assert models.googlenet(weights="DEFAULT", aux_logits=True).aux1 is not None

    def test_a_wrong_file_is_refused(self, folder, monkeypatch):
        from rushlight.vision.datasets import _download

        monkeypatch.setattr(_download, "fetch", lambda url, path, **more: open(path, "wb").write(b"x"))
        with pytest.raises(RuntimeError, match="invalid hash value"):
            models.squeezenet1_1(weights="DEFAULT")
        assert list(folder.iterdir()) == []

    def test_offline_says_where_the_file_belongs(self, folder, monkeypatch):
        from urllib.error import URLError

        from rushlight.vision.datasets import _download

        def fail(url, path, **more):
            raise URLError("no network")

        monkeypatch.setattr(_download, "fetch", fail)
        with pytest.raises(URLError) as caught:
            models.resnet18(weights="DEFAULT")
        assert str(folder / "resnet18-f37072fd.pth") in str(caught.value)


class TestOldCalls:
    """`pretrained=` and positional arguments still work, and warn."""

    POSITION = (
        "Using {} as positional parameter(s) is deprecated since 0.13 and may be removed in the future. "
        "Please use keyword parameter(s) instead."
    )
    PRETRAINED = (
        "The parameter 'pretrained' is deprecated since 0.13 and may be removed in the future, "
        "please use 'weights' instead."
    )
    TRUTH = (
        "Arguments other than a weight enum or `None` for 'weights' are deprecated since 0.13 and may be removed in "
        "the future. The current behavior is equivalent to passing `weights={}`."
    )
    BEST = " You can also use `weights=SqueezeNet1_1_Weights.DEFAULT` to get the most up-to-date weights."
    V1 = TRUTH.format("SqueezeNet1_1_Weights.IMAGENET1K_V1") + BEST

    @pytest.mark.parametrize(
        "args, kwargs, said, loads",
        [
            ((), {}, [], False),
            ((), {"weights": None}, [], False),
            ((), {"weights": "DEFAULT"}, [], True),
            ((), {"pretrained": True}, [PRETRAINED, V1], True),
            ((), {"pretrained": False}, [PRETRAINED, TRUTH.format(None)], False),
            ((True,), {}, [POSITION.format("'weights'"), V1], True),
            ((False, False), {}, [POSITION.format("'weights' and 'progress'"), TRUTH.format(None)], False),
            ((None,), {}, [POSITION.format("'weights'")], False),
            ((), {"weights": True}, [V1], True),
        ],
    )
    def test_warnings(self, args, kwargs, said, loads, monkeypatch):
        asked = []
        monkeypatch.setattr(torch.hub, "load_state_dict_from_url", lambda url, **more: asked.append((url, more)) or {})
        monkeypatch.setattr(models.SqueezeNet, "load_state_dict", lambda self, state: None)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            models.squeezenet1_1(*args, **kwargs)
        assert [str(w.message) for w in caught] == said
        assert all(w.category is UserWarning and w.filename == __file__ for w in caught)
        url = "https://download.pytorch.org/models/squeezenet1_1-b8a52dc0.pth"
        assert asked == ([(url, {"progress": True, "check_hash": True})] if loads else [])

    def test_unknown_arguments(self):
        with pytest.raises(TypeError, match="unexpected keyword argument 'foo'"):
            models.squeezenet1_1(foo=3)
        with pytest.raises(TypeError, match="unexpected keyword argument 'pretrained'"):
            models.squeezenet1_1(weights=None, pretrained=True)

    def test_backbones(self, monkeypatch):
        from rushlight.vision.models.segmentation import fcn

        asked = []
        monkeypatch.setattr(fcn, "resnet50", lambda weights, **more: asked.append(weights) or models.resnet18())
        monkeypatch.setattr(fcn, "_fcn_resnet", lambda backbone, num_classes, aux: backbone)
        models.segmentation.fcn_resnet50()
        with pytest.warns(UserWarning, match="'(pretrained|weights)_backbone' (is|are) deprecated"):
            models.segmentation.fcn_resnet50(pretrained_backbone=False)
        assert asked == [models.ResNet50_Weights.IMAGENET1K_V1, None]


class TestMiddleFeatures:
    @pytest.fixture
    def net(self):
        torch.manual_seed(0)
        return models.resnet.ResNet(models.resnet.BasicBlock, [1, 1, 1, 1], num_classes=3).eval()

    def test_layers_in_order(self, net):
        x = torch.from_numpy(image(64))
        getter = IntermediateLayerGetter(net, {"layer1": "low", "layer3": 7})
        assert list(getter) == ["conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3"]
        out = getter(x)
        assert [(k, tuple(v.shape)) for k, v in out.items()] == [("low", (1, 64, 16, 16)), (7, (1, 256, 4, 4))]
        with pytest.raises(ValueError, match="return_layers are not present in model"):
            IntermediateLayerGetter(net, {"nope": "x"})

    def test_any_module(self, net):
        x = torch.from_numpy(image(64))
        nodes = {"layer3": "high", "layer1.0.relu": "first", "layer1.0.relu_1": "again"}
        extractor = create_feature_extractor(net, nodes)
        with torch.no_grad():
            out = extractor(x)
            assert list(out) == ["first", "again", "high"]  # as they come in the run
            torch.testing.assert_close(out["high"], IntermediateLayerGetter(net, {"layer3": "y"})(x)["y"])
            assert not torch.equal(out["first"], out["again"])
        assert {k: tuple(v.shape) for k, v in create_feature_extractor(net, ["avgpool"])(x).items()} == {
            "avgpool": (1, 512, 1, 1)
        }

    def test_the_run_ends_with_the_last_feature(self, net):
        called = []
        net.layer4.register_forward_hook(lambda *_: called.append("layer4"))
        create_feature_extractor(net, ["layer2"])(torch.from_numpy(image(32)))
        assert called == []
        assert len(net.layer2._forward_hooks) == 0

    def test_gradients_and_modes(self, net):
        extractor = create_feature_extractor(net, train_return_nodes=["layer1"], eval_return_nodes=["layer2"])
        x = torch.from_numpy(image(32, 2))
        assert list(extractor.eval()(x)) == ["layer2"]
        out = extractor.train()(x)
        out["layer1"].sum().backward()
        assert net.conv1.weight.grad is not None and net.layer2[0].conv1.weight.grad is None
        assert extractor.state_dict().keys() == net.state_dict().keys()

    def test_errors(self, net):
        with pytest.raises(ValueError, match="node: 'nope' is not present in model. Hint: nodes are the"):
            create_feature_extractor(net, ["nope"])
        with pytest.raises(ValueError, match="Either `return_nodes` or `train_return_nodes` and"):
            create_feature_extractor(net)
        with pytest.raises(ValueError, match="then both should be specified"):
            create_feature_extractor(net, train_return_nodes=["layer1"])
        with pytest.raises(NotImplementedError, match="traces no graph"):
            get_graph_node_names(net)


class TestErrors:
    """Bad constructions are refused with torchvision's words."""

    CALLS = {
        "block groups": lambda m: m.resnet.BasicBlock(3, 3, groups=2),
        "block dilation": lambda m: m.resnet.BasicBlock(3, 3, dilation=2),
        "dilations": lambda m: m.ResNet(m.resnet.BasicBlock, [1, 1, 1, 1], replace_stride_with_dilation=[1]),
        "squeezenet": lambda m: m.SqueezeNet("2"),
        "mobilenet stride": lambda m: m.mobilenetv2.InvertedResidual(1, 1, 3, 1),
        "mobilenet v2": lambda m: m.MobileNetV2(inverted_residual_setting=[]),
        "mobilenet v3": lambda m: m.MobileNetV3([], 10),
        "mobilenet v3 rows": lambda m: m.MobileNetV3([3], 10),
        "mobilenet v3 name": lambda m: m.mobilenetv3._mobilenet_v3_conf("x"),
        "efficientnet": lambda m: m.EfficientNet([], 0.1),
        "efficientnet rows": lambda m: m.EfficientNet([3], 0.1),
        "efficientnet name": lambda m: m.efficientnet._efficientnet_conf("x"),
        "convnext": lambda m: m.ConvNeXt([]),
        "convnext rows": lambda m: m.ConvNeXt([2]),
        "shufflenet stride": lambda m: m.shufflenetv2.InvertedResidual(3, 4, 4),
        "shufflenet width": lambda m: m.shufflenetv2.InvertedResidual(3, 4, 1),
        "shufflenet repeats": lambda m: m.ShuffleNetV2([1], [1]),
        "shufflenet channels": lambda m: m.ShuffleNetV2([1, 1, 1], [1]),
        "mnasnet": lambda m: m.MNASNet(0),
        "mnasnet kernel": lambda m: m.mnasnet._InvertedResidual(1, 1, 7, 1, 1),
        "regnet": lambda m: m.regnet.BlockParams.from_init_params(1, 1, 1, 1, 1),
        "vit patches": lambda m: m.VisionTransformer(225, 16, 1, 1, 16, 16),
        "googlenet": lambda m: m.GoogLeNet(init_weights=False, blocks=[1]),
        "inception": lambda m: m.Inception3(init_weights=False, inception_blocks=[1]),
        "aux": lambda m: m.inception_v3(weights="DEFAULT", aux_logits=False),
        "init": lambda m: m.googlenet(weights="DEFAULT", init_weights=True),
        "groups": lambda m: m.resnext50_32x4d(groups=4),
        "segmentation aux": lambda m: m.segmentation.fcn_resnet50(weights="DEFAULT", aux_loss=False),
    }

    @pytest.mark.parametrize("case", CALLS)
    def test_same_error(self, case, oracle_vision):
        raised = []
        for side in (models, oracle_vision.models):
            with pytest.raises(Exception) as caught:
                self.CALLS[case](side)
            raised.append((type(caught.value), str(caught.value)))
        assert raised[0] == raised[1]

    def test_wrong_size_of_image(self):
        net = models.VisionTransformer(32, 16, 1, 1, 16, 16)
        with pytest.raises(AssertionError, match="Wrong image height! Expected 32 but got 48!"):
            net(torch.zeros(1, 3, 48, 48))

    def test_default_initialisation_warns(self, monkeypatch):
        monkeypatch.setattr(torch.nn.init, "trunc_normal_", lambda tensor, *args, **kwargs: tensor)
        with pytest.warns(FutureWarning, match="The default weight initialization of GoogleNet will be changed"):
            models.googlenet(num_classes=2)

    @pytest.mark.parametrize("name", ["quantization", "video", "swin_t", "maxvit_t"])
    def test_what_is_missing(self, name):
        with pytest.raises(AttributeError, match=f"torchvision.models.{name} is not part of Rushlight's vision"):
            getattr(models, name)

    def test_detection(self):
        with pytest.raises(NotImplementedError, match="detection.maskrcnn_resnet50_fpn is not part of Rushlight"):
            models.detection.maskrcnn_resnet50_fpn(weights="DEFAULT")
        with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
            models.detection.nonsense


class TestPresets:
    @pytest.mark.parametrize("model", ["resnet50", "efficientnet_b0", "fcn_resnet50"])
    def test_same_pixels(self, model, oracle, oracle_vision):
        ours = models.get_model_weights(model).DEFAULT.transforms()
        theirs = oracle_vision.models.get_model_weights(model).DEFAULT.transforms()
        photograph = pil_picture(300, 260)
        np.testing.assert_allclose(ours(photograph).numpy(), theirs(photograph).numpy(), rtol=0, atol=1e-6)
        pixels = np.asarray(photograph).transpose(2, 0, 1).copy()
        mine = ours(torch.from_numpy(pixels)).numpy()
        np.testing.assert_allclose(mine, theirs(oracle.from_numpy(pixels)).numpy(), rtol=0, atol=1.001 / 255 / 0.22)
        assert "normalised" in ours.describe()


class TestEmbeddings:
    def test_interpolated_places(self, oracle, oracle_vision):
        places = np.random.default_rng(0).standard_normal((1, 17, 6)).astype("float32")
        results = []
        for lib, vit in ((torch, models.vision_transformer), (oracle, oracle_vision.models.vision_transformer)):
            state = {"encoder.pos_embedding": lib.from_numpy(places), "heads.head.weight": lib.zeros(2)}
            for mode in ("bilinear", "bicubic"):
                new = vit.interpolate_embeddings(48, 8, dict(state), interpolation_mode=mode, reset_heads=True)
                results.append((list(new), new["encoder.pos_embedding"].numpy()))
        assert results[0][0] == results[2][0] == ["encoder.pos_embedding"]
        np.testing.assert_allclose(results[0][1], results[2][1], atol=1e-5)
        np.testing.assert_allclose(results[1][1], results[3][1], atol=1e-5)
