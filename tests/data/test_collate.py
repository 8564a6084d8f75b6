"""default_collate and default_convert: every type they know, and the errors for those that they do not."""

import collections
import decimal
import types

import numpy as np
import pytest

import rushlight as torch

Point = collections.namedtuple("Point", "x y")


class Named(dict):
    pass


class Listed(list):
    pass


class Odd(list):
    def __init__(self, items, more):
        super().__init__(items)


class Tupled(tuple):
    pass


BATCHES = {
    "ints": lambda t: [1, 2],
    "floats": lambda t: [1.5, 2],
    "bools": lambda t: [True, False],
    "bool and int": lambda t: [True, 2],
    "text": lambda t: ["a", "b"],
    "bytes": lambda t: [b"a", b"b"],
    "none": lambda t: [None, None],
    "scalars": lambda t: [t.tensor(1), t.tensor(2)],
    "tensors": lambda t: [t.tensor([1.0, 2]), t.tensor([3.0, 4])],
    "tensors of two sizes": lambda t: [t.zeros(1), t.zeros(2)],
    "bfloat16": lambda t: [t.zeros(1, dtype=t.bfloat16)] * 2,
    "float32 scalars": lambda t: [np.float32(1), np.float32(2)],
    "int8 scalars": lambda t: [np.int8(1), np.int8(2)],
    "bool scalars": lambda t: [np.bool_(True)],
    "0-d arrays": lambda t: [np.array(1.0), np.array(2.0)],
    "arrays": lambda t: [np.arange(2), np.arange(2)],
    "array views": lambda t: [np.arange(12).reshape(3, 4).T[1:], np.arange(12).reshape(3, 4).T[:3]],
    "arrays of two sizes": lambda t: [np.zeros(2), np.zeros(3)],
    "arrays of text": lambda t: [np.array(["a", "b"])],
    "arrays of objects": lambda t: [np.array([None])],
    "text scalars": lambda t: [np.str_("a")],
    "tuples": lambda t: [(1, 2.0), (3, 4.0)],
    "lists": lambda t: [[1, 2], [3, 4]],
    "tuples of two sizes": lambda t: [(1,), (1, 2)],
    "empty tuples": lambda t: [()],
    "dicts": lambda t: [{"a": 1, "b": [2.0]}, {"a": 2, "b": [3.0]}],
    "dicts that lack a key": lambda t: [{"a": 1, "b": 2}, {"a": 2}],
    "ordered dicts": lambda t: [collections.OrderedDict(a=1), collections.OrderedDict(a=2)],
    "default dicts": lambda t: [collections.defaultdict(int, a=1), collections.defaultdict(int, a=2)],
    "user's dicts": lambda t: [Named(a=1), Named(a=2)],
    "user's lists": lambda t: [Listed([1, 2]), Listed([3, 4])],
    "lists of another signature": lambda t: [Odd([1], 2), Odd([3], 4)],
    "user's tuples": lambda t: [Tupled([1, 2]), Tupled([3, 4])],
    "named tuples": lambda t: [Point(1, 2.0), Point(3, 4.0)],
    "deques": lambda t: [collections.deque([1, 2]), collections.deque([3, 4])],
    "ranges": lambda t: [range(2), range(2)],
    "sets": lambda t: [{1}],
    "complex": lambda t: [1 + 2j],
    "decimals": lambda t: [decimal.Decimal(1)],
    "nothing": lambda t: [],
    "nested": lambda t: [("a", {"b": (1, [2, t.tensor(3)])})] * 2,
    "text then int": lambda t: ["a", 1],
    "big ints": lambda t: [2**62],
}


@pytest.mark.parametrize("name", BATCHES)
def test_collate(name, same):
    same(lambda t: t.utils.data.default_collate(BATCHES[name](t)))


@pytest.mark.parametrize("name", BATCHES)
def test_convert(name, same):
    same(lambda t: t.utils.data.default_convert(BATCHES[name](t)))


def test_a_read_only_mapping_keeps_its_type():
    batch = torch.utils.data.default_collate([types.MappingProxyType({"a": 1})] * 2)
    assert type(batch) is types.MappingProxyType and batch["a"].tolist() == [1, 1]


def test_collate_leaves_its_samples_alone():
    samples = [collections.OrderedDict(a=1), collections.OrderedDict(a=2)]
    torch.utils.data.default_collate(samples)
    assert samples[0]["a"] == 1


def test_gradients_pass():
    leaf = torch.ones(2, requires_grad=True)
    torch.utils.data.default_collate([leaf, leaf]).sum().backward()
    assert leaf.grad.tolist() == [2.0, 2.0]


def test_teaching_it_a_type():
    from rushlight.utils.data._utils.collate import collate, default_collate_fn_map

    class Image:
        def __init__(self, value):
            self.value = value

    def collate_images(batch, *, collate_fn_map=None):
        return "images", [image.value for image in batch], collate_fn_map is not None

    taught = {**default_collate_fn_map, Image: collate_images}
    assert collate([(Image(1), 2), (Image(3), 4)], collate_fn_map=taught)[0] == ("images", [1, 3], True)

    default_collate_fn_map[Image] = collate_images
    try:
        loader = torch.utils.data.DataLoader([Image(5), Image(6)], batch_size=2)
        assert list(loader) == [("images", [5, 6], True)]
    finally:
        del default_collate_fn_map[Image]
