"""`autocast`'s state and `GradScaler`, against PyTorch on a machine without CUDA."""

import copy
import pickle
import threading
import warnings

import pytest
import rushlight as torch
from rushlight.amp import _state


def outcome(function):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = function()
        except Exception as error:
            result = (type(error).__name__, str(error))
    return result, [(warning.category.__name__, str(warning.message)) for warning in caught]


def plain(library, value):
    """Library objects as text without the library's name."""
    if isinstance(value, dict):
        return {key: plain(library, entry) for key, entry in value.items() if key != "_per_optimizer_states"}
    if isinstance(value, library.Tensor):
        return value.tolist()
    if isinstance(value, library.dtype):
        return str(value)
    return value


# -- autocast ----------------------------------------------------------------------------------------------------

CONTEXTS = [
    ("cpu",),
    ("cpu", "bfloat16"),
    ("cpu", "float16"),
    ("cpu", "float32"),
    ("cuda",),
    ("cuda", "float16"),
    ("xpu",),
    ("mps",),
    ("hpu",),
    ("cuda:0",),
    ("nowhere",),
    ("meta",),
    (3,),
]


@pytest.mark.parametrize("arguments", CONTEXTS, ids=str)
@pytest.mark.parametrize("enabled", [True, False])
def test_contexts_are_pytorchs(arguments, enabled, oracle):
    if oracle.cuda.is_available():
        pytest.skip("compares the answers of a machine without CUDA")

    def describe(library):
        device, *dtype = arguments
        dtype = [getattr(library, name) for name in dtype]
        context = vars(library.amp.autocast(device, *dtype, enabled=enabled))
        return plain(library, {key: value for key, value in context.items() if key != "custom_backend_name"})

    assert outcome(lambda: describe(torch)) == outcome(lambda: describe(oracle))


def test_state_within_and_after():
    assert not _state.is_autocast_enabled("cpu")
    assert _state.cast_dtype("cpu") is None
    with torch.amp.autocast("cpu") as context:
        assert isinstance(context, torch.amp.autocast)
        assert _state.is_autocast_enabled("cpu") and not _state.is_autocast_enabled("cuda")
        assert not _state.is_autocast_enabled()
        assert _state.cast_dtype("cpu") == torch.bfloat16 and _state.cast_dtype("cuda") is None
        with torch.amp.autocast("cpu", torch.float16, cache_enabled=False):
            assert _state.cast_dtype("cpu") == torch.float16
            assert not _state.is_autocast_cache_enabled()
        assert _state.is_autocast_cache_enabled()
        with torch.amp.autocast("cpu", enabled=False):
            assert _state.cast_dtype("cpu") is None
            assert _state.get_autocast_dtype("cpu") == torch.bfloat16
        assert _state.cast_dtype("cpu") == torch.bfloat16
    assert _state.cast_dtype("cpu") is None
    assert _state.get_autocast_dtype("cpu") == torch.bfloat16
    with pytest.raises(KeyError):
        with torch.amp.autocast("cpu"):
            raise KeyError
    assert not _state.is_autocast_enabled("cpu")
    assert _state._enabled_count == 0


def test_state_belongs_to_a_thread():
    seen = []
    with torch.amp.autocast("cpu"):
        thread = threading.Thread(target=lambda: seen.append(_state.is_autocast_enabled("cpu")))
        thread.start()
        thread.join()
        assert _state.is_autocast_enabled("cpu")
    assert seen == [False]


def test_as_a_decorator():
    @torch.amp.autocast("cpu", dtype=torch.float16)
    def named(value, other=0):
        return value + other, _state.cast_dtype("cpu")

    assert named(1, other=2) == (3, torch.float16)
    assert named.__name__ == "named"
    assert _state.cast_dtype("cpu") is None


def test_defaults_of_devices(oracle):
    for device in ("cpu", "cuda", "xpu", "mps", "hpu", "xla", "nowhere", "meta"):
        ours = outcome(lambda device=device: str(_state.get_autocast_dtype(device)))
        theirs = outcome(lambda device=device: str(oracle.get_autocast_dtype(device)))
        assert ours == theirs
        assert outcome(lambda device=device: torch.amp.is_autocast_available(device)) == outcome(
            lambda device=device: oracle.amp.is_autocast_available(device)
        )


def test_contexts_pickle():
    context = pickle.loads(pickle.dumps(torch.amp.autocast("cpu")))
    assert vars(context) == vars(torch.amp.autocast("cpu"))


def test_functions_see_the_state_of_their_forward():
    log = []

    class Double(torch.autograd.Function):
        @staticmethod
        @torch.amp.custom_fwd(device_type="cpu")
        def forward(ctx, x):
            log.append(("forward", _state.is_autocast_enabled("cpu"), str(x.dtype)))
            return x * 2

        @staticmethod
        @torch.amp.custom_bwd(device_type="cpu")
        def backward(ctx, grad):
            log.append(("backward", _state.is_autocast_enabled("cpu")))
            return grad * 2

    x = torch.ones(2, requires_grad=True)
    with torch.amp.autocast("cpu"):
        y = Double.apply(x)
    y.sum().backward()
    assert log == [("forward", True, "torch.float32"), ("backward", True)]
    assert x.grad.tolist() == [2.0, 2.0]


def test_functions_may_cast_their_inputs():
    log = []

    class Keep(torch.autograd.Function):
        @staticmethod
        @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.float32)
        def forward(ctx, x, others):
            log.append((_state.is_autocast_enabled("cpu"), str(x.dtype), [str(o.dtype) for o in others]))
            return x * 2

        @staticmethod
        @torch.amp.custom_bwd(device_type="cpu")
        def backward(ctx, grad):
            log.append(_state.is_autocast_enabled("cpu"))
            return grad * 2, None

    x = torch.ones(2, dtype=torch.bfloat16).requires_grad_()
    others = [torch.ones(1, dtype=torch.float64), torch.ones(1, dtype=torch.bfloat16), torch.ones(1, dtype=torch.int64)]
    with torch.amp.autocast("cpu"):
        y = Keep.apply(x, others)
    y.sum().backward()
    assert log == [(False, "torch.float32", ["torch.float64", "torch.float32", "torch.int64"]), False]
    with pytest.raises(ValueError, match="Expected `device_type` of type `str`, got: `<class 'int'>`"):
        torch.amp.custom_fwd(lambda ctx: ctx, device_type=3)


# -- GradScaler --------------------------------------------------------------------------------------------------


def story(library):
    """Losses that are fine, then an inf, then a nan, then fine again: what the scaler does."""
    scaler = library.amp.GradScaler("cpu", init_scale=4.0, growth_interval=2)
    param = library.ones(3).requires_grad_()
    optimizer = library.optim.SGD([param], lr=0.1)
    rows = []
    for bad in (None, None, float("inf"), None, float("nan"), None, None, None):
        optimizer.zero_grad()
        loss = (param * param).sum()
        scaler.scale(loss).backward()
        if bad is not None:
            param.grad[1] = bad
        scaler.step(optimizer)
        scaler.update()
        rows.append((scaler.get_scale(), scaler._get_growth_tracker(), [round(x, 6) for x in param.tolist()]))
    return rows, scaler.state_dict()


def test_scaler_is_pytorchs(oracle):
    assert story(torch) == story(oracle)


def test_scaler_by_hand():
    rows, state = story(torch)
    assert [row[0] for row in rows] == [4.0, 8.0, 4.0, 4.0, 2.0, 2.0, 4.0, 4.0]
    assert rows[1][2] == rows[2][2] != rows[3][2]
    assert state == {
        "scale": 4.0,
        "growth_factor": 2.0,
        "backoff_factor": 0.5,
        "growth_interval": 2,
        "_growth_tracker": 1,
    }


def test_unscaling_before_clipping():
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
    param = torch.ones(2).requires_grad_()
    optimizer = torch.optim.SGD([param], lr=0.5)
    scaler.scale(param.sum()).backward()
    assert param.grad.tolist() == [8.0, 8.0]
    scaler.unscale_(optimizer)
    assert param.grad.tolist() == [1.0, 1.0]
    scaler.step(optimizer)
    assert param.tolist() == [0.5, 0.5]


def scaler_parts(library, **options):
    scaler = library.amp.GradScaler("cpu", **options)
    param = library.ones(2).requires_grad_()
    return scaler, param, library.optim.SGD([param], lr=0.5)


def misuse(library, what):
    scaler, param, optimizer = scaler_parts(library)
    if what == "update first":
        scaler.update()
    elif what == "step first":
        scaler.step(optimizer)
    elif what == "unscale first":
        scaler.unscale_(optimizer)
    elif what == "scale a number":
        scaler.scale(3)
    elif what == "scale numbers":
        scaler.scale([3])
    elif what == "load nothing":
        scaler.load_state_dict({})
    elif what == "load half":
        scaler.load_state_dict({"scale": 2})
    elif what == "growth":
        library.amp.GradScaler("cpu", growth_factor=1)
    elif what == "backoff":
        library.amp.GradScaler("cpu", backoff_factor=1)
    else:
        scaler.scale(param.sum()).backward()
        if what == "unscale twice":
            scaler.unscale_(optimizer)
            scaler.unscale_(optimizer)
        elif what == "step twice":
            scaler.step(optimizer)
            scaler.step(optimizer)
        elif what == "unscale after step":
            scaler.step(optimizer)
            scaler.unscale_(optimizer)
        elif what == "update twice":
            scaler.step(optimizer)
            scaler.update()
            scaler.update()
        elif what == "closure":
            scaler.step(optimizer, closure=lambda: 1)
        elif what == "no gradients":
            param.grad = None
            scaler.step(optimizer)
        elif what == "pickle in between":
            scaler.unscale_(optimizer)
            pickle.dumps(scaler)
        elif what == "half gradients":
            half = library.ones(1, dtype=library.float16).requires_grad_()
            half.grad = library.ones(1, dtype=library.float16)
            scaler.step(library.optim.SGD([half]))
        elif what == "two scales":
            scaler.update(library.tensor([7.0, 3.0]))


MISUSES = [
    "update first",
    "step first",
    "unscale first",
    "scale a number",
    "scale numbers",
    "load nothing",
    "load half",
    "growth",
    "backoff",
    "unscale twice",
    "step twice",
    "unscale after step",
    "update twice",
    "closure",
    "no gradients",
    "pickle in between",
    "half gradients",
    "two scales",
]


@pytest.mark.parametrize("what", MISUSES)
def test_misuse_is_told_in_pytorchs_words(what, oracle):
    ours = outcome(lambda: misuse(torch, what))
    assert ours[0] is not None
    assert ours == outcome(lambda: misuse(oracle, what))


def test_scaler_without_cuda(oracle):
    if oracle.cuda.is_available():
        pytest.skip("compares the answers of a machine without CUDA")
    assert outcome(lambda: vars(torch.amp.GradScaler())) == outcome(lambda: vars(oracle.amp.GradScaler()))
    with pytest.warns(UserWarning, match="GradScaler is enabled, but CUDA is not available.  Disabling."):
        scaler = torch.amp.GradScaler()
    assert not scaler.is_enabled() and scaler.get_scale() == 1.0 and scaler.state_dict() == {}
    param = torch.ones(1).requires_grad_()
    optimizer = torch.optim.SGD([param], lr=0.5)
    loss = param.sum()
    assert scaler.scale(loss) is loss and scaler.scale(3) == 3
    loss.backward()
    scaler.unscale_(optimizer)
    scaler.step(optimizer)
    scaler.update()
    assert param.item() == 0.5
    scaler.load_state_dict({})


def test_scaler_settings_and_copies():
    scaler, param, optimizer = scaler_parts(torch, init_scale=16.0)
    assert vars(copy.deepcopy(scaler))["_init_scale"] == 16.0
    scaled = scaler.scale([param.sum(), (param.sum() * 2,)])
    assert scaled[0].item() == 32.0 and isinstance(scaled[1], tuple) and scaled[1][0].item() == 64.0
    assert [loss.item() for loss in scaler.scale(iter([param.sum()]))] == [32.0]
    scaler.update(5.0)
    assert scaler.get_scale() == 5.0
    scaler.update(torch.tensor(7.0))
    assert scaler.get_scale() == 7.0
    scaler.set_growth_factor(3.0)
    scaler.set_backoff_factor(0.25)
    scaler.set_growth_interval(9)
    again = pickle.loads(pickle.dumps(scaler))
    assert again.state_dict() == scaler.state_dict()
    assert (again.get_growth_factor(), again.get_backoff_factor(), again.get_growth_interval()) == (3.0, 0.25, 9)
    fresh = torch.amp.GradScaler("cpu")
    fresh.load_state_dict(scaler.state_dict())
    assert fresh.state_dict() == scaler.state_dict()


def test_optimizers_that_unscale_for_themselves():
    scaler, param, optimizer = scaler_parts(torch, init_scale=4.0)
    seen = []
    optimizer._step_supports_amp_scaling = True
    optimizer.register_step_pre_hook(
        lambda o, args, kwargs: seen.append((o.grad_scale.item(), o.found_inf.item(), param.grad.tolist()))
    )
    scaler.scale(param.sum()).backward()
    scaler.step(optimizer)
    scaler.update()
    assert seen == [(4.0, 0.0, [4.0, 4.0])]
    assert not hasattr(optimizer, "grad_scale")
