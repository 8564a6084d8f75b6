"""What a checkpoint may not do under weights_only=True, and the words of the refusal."""
import collections
import os
import pickle
import struct

import pytest

import rushlight as torch


class Plain:
    def __init__(self):
        self.value = 1


class Slots:
    __slots__ = ("value",)


class WithState:
    def __getstate__(self):
        return (1, 2)

    def __setstate__(self, state):
        self.state = state


class Listed(list):
    pass


class Named(collections.OrderedDict):
    pass


class Calls:
    """Pickled as a call of any function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def message_of(library, stream, **options):
    """(type name, text) of what load raises."""
    stream.seek(0)
    with pytest.raises(Exception) as raised:
        library.load(stream, **options)
    return type(raised.value).__name__, str(raised.value)


REFUSED = {
    "own class": lambda: Plain(),
    "system": lambda: Calls(os.system, "echo harm"),
    "eval": lambda: Calls(eval, "1 + 1"),
    "getattr": lambda: Calls(getattr, 1, "real"),
    "print": lambda: {"a": [1, {"b": print}]},
    "defaultdict": lambda: collections.defaultdict(list),
    "deque": lambda: collections.deque([1]),
    "frozenset": lambda: frozenset([1]),
    "range": lambda: range(3),
    "int": lambda: int,
    "exception": lambda: ValueError("x"),
    "class": lambda: Plain,
    "path": lambda: __import__("pathlib").PurePosixPath("a"),
    "date": lambda: __import__("datetime").date(2020, 1, 1),
    "array": lambda: __import__("numpy").arange(3),
    "numpy scalar": lambda: __import__("numpy").float64(1.0),
    "numpy dtype": lambda: __import__("numpy").dtype("f4"),
    "list class": lambda: Listed([1]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_in_pytorchs_words(oracle, saved, case):
    stream = saved(REFUSED[case]())
    assert message_of(torch, stream) == message_of(oracle, stream)


def test_a_whole_module_is_refused_in_pytorchs_words(oracle, saved):
    stream = saved(oracle.nn.Linear(1, 1), oracle)
    assert message_of(torch, stream) == message_of(oracle, stream)
    assert message_of(torch, saved(torch.nn.Linear(1, 1))) == message_of(oracle, stream)


def test_the_refusal_without_an_oracle(saved):
    with pytest.raises(pickle.UnpicklingError) as raised:
        torch.load(saved(Plain()))
    text = str(raised.value)
    assert text.startswith("Weights only load failed. This file can still be loaded, to do so you have two options, ")
    assert f"Unsupported global: GLOBAL {Plain.__module__}.Plain was not an allowed global by default. Please use " in text
    assert text.endswith("https://pytorch.org/docs/stable/generated/torch.load.html.")


def test_a_payload_does_not_run(saved, tmp_path):
    victim = tmp_path / "harm"
    stream = saved(Calls(os.mkdir, str(victim)))
    with pytest.raises(pickle.UnpicklingError, match="whose module posix is blocked"):
        torch.load(stream)
    assert not victim.exists()
    stream.seek(0)
    torch.load(stream, weights_only=False)
    assert victim.exists()


def text(value):
    return b"X" + struct.pack("<I", len(value)) + value.encode()


HEAD = b"\x80\x02"
STORAGE = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("0") + text("cpu")
PICKLES = {
    "reduce of a number": b"K\x01)R.",
    "build of a list": b"]}b.",
    "build of a number": b"K\x01}b.",
    "build of a dict": b"}}b.",
    "setitem of a list": b"]K\x00K\x01s.",
    "setitems of a list": b"](K\x00K\x01u.",
    "append to a dict": b"}K\x01a.",
    "extend a dict": b"}(K\x01e.",
    "extend a set": b"c__builtin__\nset\n)R(K\x01e.",
    "new object of a number": b"K\x01)\x81.",
    "pop": b"K\x01K\x020.",
    "integer as text": b"I1\n.",
    "bytes of protocol 3": b"C\x02ab.",
    "short text of protocol 4": b"\x8c\x02ab.",
    "extension registry": b"\x82\x01.",
    "identity as text line": b"Pabc\n.",
    "identity of text": text("abc") + b"Q.",
    "identity of a module": text("module") + b"\x85Q.",
    "identity of a number": b"K\x01Q.",
    "too short identity": STORAGE + b"tQ.",
    "blocked sys": b"csys\nexit\n)R.",
    "blocked os": b"cos\nsystem\n.",
    "path of os": b"cos.path\njoin\n.",
    "unknown module": b"cnope\nnope\n.",
    "pytorch's load": b"ctorch\nload\n.",
    "pytorch's hub": b"ctorch.hub\nload\n.",
    "another name of Parameter": b"ctorch.nn\nParameter\n.",
    "storage from bytes": b"ctorch.storage\n_load_from_bytes\n.",
    "python 2's long": b"c__builtin__\nlong\n.",
    "python 2's exception": b"cexceptions\nOSError\n.",
    "python 2's pickle": b"ccPickle\nloads\n.",
    "python 2's map": b"citertools\nimap\n.",
    "storage called": b"ctorch\nFloatStorage\nK\x02\x85R.",
    "negative offset": b"ctorch._utils\n_rebuild_tensor\n(" + STORAGE + b"K\x02tQJ\xff\xff\xff\xffK\x02\x85K\x01\x85tR.",
    "unhashable key": b"}]K\x01s.",
}


@pytest.mark.parametrize("case", PICKLES)
def test_hand_made_pickles(oracle, saved, edited, case):
    """Type and words of the error are the oracle's; ours may go on to name the file."""
    import io

    content = edited(saved(torch.ones(2)).getvalue(), {"data.pkl": HEAD + PICKLES[case]})
    (kind, message), (expected_kind, expected) = (message_of(lib, io.BytesIO(content)) for lib in (torch, oracle))
    assert kind == expected_kind and message.startswith(expected)


@pytest.mark.parametrize("piece", [
    b"(" + STORAGE + b"K\x02tQK\x01K\x02\x85K\x01\x85tR.",          # begins one late
    b"(" + STORAGE + b"K\x02tQK\x00K\x64\x85K\x01\x85tR.",          # 100 elements
    b"(" + STORAGE + b"K\x02tQK\x00K\x02\x85K\x09\x85tR.",          # far apart
    b"(" + STORAGE + b"K\x02tQK\x00K\x02\x85J\xff\xff\xff\xff\x85tR.",  # backwards
    b"(" + STORAGE + b"K\x02tQK\x00J\xff\xff\xff\xff\x85K\x01\x85tR.",  # a negative size
    b"(" + STORAGE + b"K\x05tQK\x00K\x02\x85K\x01\x85tR.",          # a storage longer than its record
])
def test_no_tensor_reaches_beyond_its_storage(oracle, saved, edited, piece):
    import io

    content = edited(saved(torch.ones(2)).getvalue(), {"data.pkl": HEAD + b"ctorch._utils\n_rebuild_tensor\n" + piece})
    for library in (torch, oracle):
        with pytest.raises(RuntimeError):
            library.load(io.BytesIO(content))


# ---------------------------------------------------------------- what the user allows
@pytest.fixture(autouse=True)
def cleared():
    yield
    torch.serialization.clear_safe_globals()


def test_classes_that_the_user_allows(saved):
    made = {"plain": Plain(), "slots": Slots(), "state": WithState()}
    made["slots"].value = 3
    with torch.serialization.safe_globals([Plain, Slots, WithState]):
        loaded = torch.load(saved(made))
    assert vars(loaded["plain"]) == {"value": 1} and loaded["slots"].value == 3 and loaded["state"].state == (1, 2)
    with pytest.raises(pickle.UnpicklingError):
        torch.load(saved(made))


def test_allowing_by_another_name(saved):
    with torch.serialization.safe_globals([(Slots, f"{Plain.__module__}.Plain")]):
        with pytest.raises(Exception):
            torch.load(saved(Plain()))
    with torch.serialization.safe_globals([(WithState, f"{Plain.__module__}.Plain")]):
        assert torch.load(saved(Plain())).state == {"value": 1}


def test_modules_and_numpy_can_be_allowed(oracle, saved):
    numpy = pytest.importorskip("numpy")
    from numpy._core.multiarray import _reconstruct, scalar

    with torch.serialization.safe_globals([torch.nn.Linear]):
        assert torch.load(saved(oracle.nn.Linear(2, 3), oracle)).weight.shape == (3, 2)
    with torch.serialization.safe_globals([_reconstruct, scalar, numpy.ndarray, numpy.dtype, numpy.dtypes.Int64DType,
                                           numpy.dtypes.Float64DType]):
        loaded = torch.load(saved([numpy.arange(3), numpy.float64(2.5)]))
    assert loaded[0].tolist() == [0, 1, 2] and loaded[1] == 2.5


def test_containers_of_the_users_own_stay_refused(oracle, saved):
    for made, kind in ((Listed([1, 2]), Listed), (Named(a=1), Named)):
        stream = saved(made)
        with torch.serialization.safe_globals([kind]), oracle.serialization.safe_globals([kind]):
            assert message_of(torch, stream) == message_of(oracle, stream)


def test_the_list_of_what_is_allowed(saved):
    serialization = torch.serialization
    serialization.add_safe_globals([Plain, (Slots, "elsewhere.Slots")])
    assert set(serialization.get_safe_globals()) == {Plain, (Slots, "elsewhere.Slots")}
    serialization.clear_safe_globals()
    assert serialization.get_safe_globals() == []
    serialization.add_safe_globals([(Plain, 3)])
    with pytest.raises(TypeError, match="Expected second item in tuple to be str of callable full path"):
        torch.load(saved(1))
    serialization.clear_safe_globals()
    serialization.add_safe_globals([(Plain, "a", "b")])
    with pytest.raises(ValueError, match="Expected tuple of length 2"):
        torch.load(saved(1))
    with pytest.raises(TypeError):
        serialization.add_safe_globals(int)


def test_unsafe_names_of_a_checkpoint(oracle, saved):
    stream = saved({"a": Plain(), "b": torch.ones(1), "c": torch.nn.Linear(1, 1), "d": print})
    found = torch.serialization.get_unsafe_globals_in_checkpoint(stream)
    stream.seek(0)
    assert sorted(found) == sorted(oracle.serialization.get_unsafe_globals_in_checkpoint(stream))
    assert "torch.nn.modules.linear.Linear" in found and "builtins.print" in found
    with pytest.raises(ValueError, match="Expected input to be a checkpoint returned by torch.save"):
        torch.serialization.get_unsafe_globals_in_checkpoint(saved(1, _use_new_zipfile_serialization=False))


# ---------------------------------------------------------------- how the mode is chosen
@pytest.mark.parametrize("value,on", [("1", True), ("y", True), ("yes", True), ("TRUE", True), ("0", False), ("", False)])
def test_forced_off(saved, monkeypatch, value, on):
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", value)
    if on:
        with pytest.warns(UserWarning, match="Environment variable TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD detected, since the"):
            assert torch.load(saved(Plain())).value == 1
    else:
        with pytest.raises(pickle.UnpicklingError):
            torch.load(saved(Plain()))
    with pytest.raises(pickle.UnpicklingError):
        torch.load(saved(Plain()), weights_only=True)


def test_forced_on(saved, monkeypatch):
    monkeypatch.setenv("TORCH_FORCE_WEIGHTS_ONLY_LOAD", "1")
    with pytest.raises(pickle.UnpicklingError):
        torch.load(saved(Plain()), weights_only=False)
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    with pytest.raises(RuntimeError, match="Only one of `TORCH_FORCE_WEIGHTS_ONLY_LOAD` or"):
        torch.load(saved(1))


def test_a_pickle_module_means_trust(saved):
    assert torch.load(saved(Plain()), pickle_module=pickle).value == 1
    with pytest.raises(RuntimeError, match="Can not safely load weights when explicit pickle_module is specified"):
        torch.load(saved(1), pickle_module=pickle, weights_only=True)


def test_arguments_of_the_unpickler(saved):
    with pytest.warns(UserWarning, match="pickle_load_args only works if `weights_only=False`"):
        assert torch.load(saved(1), encoding="latin1") == 1
    assert torch.load(saved(1), weights_only=False, encoding="latin1") == 1
    with pytest.raises(TypeError, match="foo"):
        torch.load(saved(1), weights_only=False, foo=1)


def test_other_protocols_are_warned_of(saved):
    with pytest.warns(UserWarning, match="Detected pickle protocol 4 in the checkpoint"):
        with pytest.raises(pickle.UnpicklingError, match="Unsupported operand 149"):
            torch.load(saved({"a": 1}, pickle_protocol=4))
