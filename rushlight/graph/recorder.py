"""The recorder: ops are written down, and nothing runs until somebody looks or a boundary passes.

It walks a trie of traces. An Entry is one op in one place of a trace; its children are the ops that have followed it. What
identifies a child is the op, its attributes, and for each operand its slot in the trace and its view's pattern; so a step
that was seen before costs one dictionary look-up an op, and the entry reached at the end identifies the whole step. Its
plans hang on it.

Slots number what a trace has touched, in order: storages that entered, Python numbers, generator tickets, starts of slices
(all inputs), and the values that ops made or wrote.

An op is written down in one go: between `rec.entry = entry` and the end of its slots nothing is called, so neither a signal
nor another thread comes in between. If either comes before, what the op had begun is taken out again, or it begins anew.
"""
import os
import sys
import threading
from math import prod

from ..runtime.storage import UNHELD, Poison, Storage, is_exposed
from ..schedule.plan import plan_for
from . import primitives as P
from . import views
from .value import Value
from ..runtime import dtypes as dt
from ..runtime import interrupts
from ..runtime.generator import Ticket

SCALARS = {int, float, bool, complex, Ticket}      # operands that are no tensors: numbers, words owed by a generator
SOFT_SLOTS, HARD_SLOTS = 1200, 5000         # a loop with no boundary is cut between these, at one place
HELD_BYTES = 1 << 30                        # nor may a trace keep more than this alive that nobody else holds
MAX_ENTRIES = 100_000                       # then the trie is dropped whole
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


class Stats:
    """What `inspect.explain` counts."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.entries = self.plans = self.runs = self.misses = self.snapshots = self.cuts = self.variants = 0
        self.trie_resets = 0


stats = Stats()


class Entry:
    """A node of the trie. `values` are the graph values of the slots that this entry added."""

    __slots__ = ("children", "parent", "key", "metas", "roots", "first", "values", "ninputs", "nslots", "nbytes", "cut", "rules",
                 "plans", "made")

    def __init__(self, parent, key, metas, values, ninputs, nslots, nbytes):
        self.children = {}
        self.parent = parent
        self.key = key
        self.metas = metas
        self.roots = tuple([m.root for m in metas if m is not None])
        self.first = nslots - len(self.roots)   # the slot of the first result
        self.values = values
        self.ninputs = ninputs      # how many of them are inputs; the rest the op made
        self.nslots = nslots
        self.nbytes = nbytes
        self.cut = nslots > SOFT_SLOTS or nbytes > HELD_BYTES
        self.rules = {}
        self.plans = {}
        self.made = None            # the slots that ops made or wrote, once asked for


class Trace:
    """One run from a flush to the next; storages remember in which they have a slot."""

    __slots__ = ("recorder", "known", "done")

    def __init__(self, recorder):
        self.recorder = recorder
        self.known = None           # slot -> Value, kept while entries are being added
        self.done = False           # whether its plan has run


class Recorder:
    """One thread's recording: where it stands in the trie, and what fills the slots."""

    def __init__(self):
        self.grad = True            # grad mode lives here because every op asks for it
        self.inference = False
        self.cut_sites = set()
        self.weighed = 0            # the entry's nbytes when _held was last counted
        self.sites = []             # user lines of the ops whose values are checked when the plan runs
        self.entry = trie.root
        self.slots = []
        self.trace = Trace(self)

    def take(self):
        """What is pending, as (entry, slots, sites, trace); recording goes on from the root."""
        root, slots, sites, trace = trie.root, [], [], Trace(self)
        pending = self.entry, self.slots, self.sites, self.trace
        self.entry, self.slots, self.sites, self.trace = root, slots, sites, trace
        self.weighed = 0
        return pending


class Trie:
    """All traces seen. Shared by the threads."""

    def __init__(self):
        self.root = Entry(None, None, (), (), 0, 0, 0)
        self.size = 0

    def reset(self):
        """Forget all traces; one that is being recorded goes on where it is."""
        self.root.children = {}
        self.size = 0


trie = Trie()
_local = threading.local()
_run_lock = threading.RLock()


def current():
    """This thread's recorder."""
    try:
        return _local.recorder
    except AttributeError:
        _local.recorder = Recorder()
        return _local.recorder


# ------------------------------------------------------------------ recording
def enter(slots, trace, storage, meta):
    """Give a storage its slot in a trace. Returns (slot, pattern), the pattern if it is not that of meta."""
    settle(storage)
    slot = len(slots)
    if storage.export is not None and storage.export != "shared" and is_exposed(storage):
        stats.snapshots += 1
        dense = views.root_meta(meta.shape, meta.dtype)
        slots.append(Storage(dense, read_view(storage.value, meta).copy()))
        return slot, dense.pattern
    slots.append(storage)
    storage.trace = trace
    storage.slot = slot
    return slot, None


def settle(storage):
    """Make sure that a storage has its value now, whichever thread recorded it."""
    trace = storage.trace
    if trace is not None and not trace.done:
        if trace.recorder.trace is trace:
            flush(trace.recorder)
        else:
            with _run_lock:         # another thread is running it
                pass
    value = storage.value
    if value.__class__ is Poison:
        raise_poison(value)
    if value is None:
        raise RuntimeError("rushlight: a storage that was taken for dead was used again")


def raise_poison(poison):
    error = poison.error
    raise RuntimeError(f"this value was never computed: the step that should have made it failed with "
                       f"{type(error).__name__}: {error}") from error


def read_view(array, meta):
    """A storage's ndarray seen through a view, sharing memory."""
    import numpy as np

    if not meta.path:
        return array
    if meta.dtype is not meta.root.dtype:
        array = array.reshape(-1).view(meta.dtype.numpy)
    k = meta.dtype.itemsize
    flat = array.reshape(-1)
    if meta.numel == 0:
        return np.empty(meta.shape, meta.dtype.numpy)
    return np.lib.stride_tricks.as_strided(flat[meta.offset:], meta.shape, tuple(s * k for s in meta.strides))


def record(rec, thing, attrs, operands):
    """Write down thing(operands). operands: Tensors (or what has _storage and _meta), Python numbers, None.

    thing.lower(values, attrs) gives the result's values. Returns the entry, whose `metas` describe the results, and a list
    of their storages (a result that is None has none).
    """
    slots = rec.slots
    trace = rec.trace
    parent = rec.entry
    if len(slots) != parent.nslots:
        mend(slots, trace, parent)
    key = [thing, attrs]
    for t in operands:
        cls = t.__class__
        if cls in SCALARS:
            slots.append(t)
            key.append(cls)
        elif t is None:
            key.append(None)
        else:
            storage = t._storage
            meta = t._meta
            if storage.trace is trace:
                key.append(storage.slot)
                key.append(meta.pattern)
            else:
                slot, pattern = enter(slots, trace, storage, meta)
                key.append(slot)
                if pattern is not None:
                    key.append(pattern)
                    continue
                key.append(meta.pattern)
            if meta.starts:
                slots.extend(meta.starts)
    key = tuple(key)
    entry = parent.children.get(key)
    if entry is None:
        entry = _miss(slots, trace, parent, key, thing, attrs, None)
    made = []
    slot = entry.first
    for root in entry.roots:
        storage = Storage(root)
        storage.trace = trace
        storage.slot = slot
        slot += 1
        made.append(storage)
    if rec.trace is not trace:
        return record(rec, thing, attrs, operands)
    rec.entry = entry
    slots += made
    return entry, made


def record_write(rec, thing, attrs, target, operands):
    """Write down that the view `target` takes thing(operands). The storage of target gets a new slot."""
    slots = rec.slots
    trace = rec.trace
    parent = rec.entry
    if len(slots) != parent.nslots:
        mend(slots, trace, parent)
    storage = target._storage
    if storage.trace is not trace:
        settle(storage)
        storage.slot = len(slots)
        storage.trace = trace
        slots.append(storage)
    meta = target._meta
    key = [thing, attrs, "write", storage.slot, meta.pattern]
    if meta.starts:
        slots.extend(meta.starts)
    for t in operands:
        cls = t.__class__
        if cls in SCALARS:
            slots.append(t)
            key.append(cls)
        elif t is None:
            key.append(None)
        else:
            other = t._storage
            meta = t._meta
            if other.trace is trace:
                key.append(other.slot)
                key.append(meta.pattern)
            else:
                slot, pattern = enter(slots, trace, other, meta)
                key.append(slot)
                if pattern is not None:
                    key.append(pattern)
                    continue
                key.append(meta.pattern)
            if meta.starts:
                slots.extend(meta.starts)
    key = tuple(key)
    entry = parent.children.get(key)
    if entry is None:
        entry = _miss(slots, trace, parent, key, thing, attrs, target)
    if rec.trace is not trace:
        return record_write(rec, thing, attrs, target, operands)
    rec.entry = entry
    if storage.value is None:
        slots[storage.slot] = None  # made in this trace, so the slot held a value that nobody can name any more
    storage.slot = entry.first
    slots.append(storage)
    if storage.export is not None and is_exposed(storage):
        flush(rec)
    elif entry.cut:
        maybe_cut(rec, entry)


def mend(slots, trace, entry):
    """Take out what an op that was refused or interrupted has left behind entry's slots."""
    n = entry.nslots
    for content in slots[n:]:
        if content.__class__ is Storage and content.trace is trace and content.slot >= n:
            content.trace = None
    del slots[n:]


def _miss(slots, trace, parent, key, thing, attrs, target):
    """A place of the trie not seen before: build the graph values and add an entry."""
    stats.misses += 1
    if trie.size > MAX_ENTRIES:
        stats.trie_resets += 1
        trie.reset()
    known = trace.known
    if known is None or len(known) != parent.nslots:    # another thread may have added entries meanwhile
        known = path_values(parent)
    added = [_input_value(slots[i], i) for i in range(len(known), len(slots))]
    operands = []
    base = len(known)
    known = known + added
    at = [base]          # the next slot that an operand may have taken
    i = 2
    if target is not None:
        slot, pattern = key[3], key[4]
        if slot == at[0]:
            at[0] += 1
        target_starts = known[at[0]:at[0] + pattern.nstarts]
        at[0] += pattern.nstarts
        i = 5
    while i < len(key):
        part = key[i]
        if part is None:
            operands.append(None)
            i += 1
        elif part.__class__ is type:
            operands.append(known[at[0]])
            at[0] += 1
            i += 1
        else:
            p = key[i + 1]
            if part == at[0]:
                at[0] += 1
            starts = known[at[0]:at[0] + p.nstarts]
            at[0] += p.nstarts
            operands.append(P.read_path(known[part], p, starts))
            i += 2
    if target is None:
        results = thing.lower(operands, attrs)
    else:
        whole = known[slot]
        seen = P.read_path(whole, pattern, target_starts)
        result = thing.lower_into(seen, operands, attrs)
        results = [P.write_path(whole, pattern, target_starts, result)]
    metas = tuple(views.root_meta(v.shape, v.dtype) if v is not None else None for v in results)
    if target is None and thing.layout is not None and metas[0].ndim:
        metas, results = _laid_out(thing, key, metas, results)
    outputs = [v for v in results if v is not None]
    nbytes = parent.nbytes + sum(m.nbytes for m in metas if m is not None) + sum(_bytes(v) for v in added)
    entry = Entry(parent, key, metas, added + outputs, len(added), len(slots) + len(outputs), nbytes)
    parent.children[key] = entry
    trie.size += 1
    stats.entries += 1
    trace.known = known + outputs
    return entry


def _laid_out(thing, key, metas, results):
    """The metas and values of the results of an op that has a layout of its own, each in its order in memory."""
    patterns = [part for part in key[2:] if part.__class__ is not int]
    shape = metas[0].shape
    strides = thing.layout(thing, key[1], patterns, shape)
    laid, values = [], []
    for meta, value in zip(metas, results):
        if meta is not None and meta.shape == shape:
            meta, order = views.laid_out(meta, strides)
            value = P.permute(value, order)
        laid.append(meta)
        values.append(value)
    return tuple(laid), values


def _bytes(value):
    return prod(value.shape) * value.dtype.itemsize


def _input_value(content, slot):
    cls = content.__class__
    if cls is Storage:
        return Value("input", (), (slot,), content.root.shape, content.root.dtype)
    if cls is Ticket:
        return Value("input", (), (slot,), (content.count,), dt.uint32)
    return Value("input", (), (slot,), (), dt.SCALAR_DTYPES[cls], True)


# ------------------------------------------------------------------ boundaries
def user_site():
    """(code, position) of the frames from the first line outside this package inwards: names a place in a program."""
    frame = sys._getframe(1)
    site = []
    while frame is not None:
        code = frame.f_code
        site.append((code, frame.f_lasti))
        if not code.co_filename.startswith(_PACKAGE):
            break
        frame = frame.f_back
    return tuple(site)


def user_line():
    """(file, line) of the innermost frame outside this package."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    return (frame.f_code.co_filename, frame.f_lineno) if frame is not None else ("?", 0)


def maybe_cut(rec, entry):
    """Cut an endless trace, each time at the same place of the program, so that it gives the same plans."""
    site = user_site()[2:]
    full = entry.nslots > HARD_SLOTS
    if entry.nbytes > rec.weighed + HELD_BYTES:
        rec.weighed = entry.nbytes
        full = full or _held(rec) > HELD_BYTES
    if site in rec.cut_sites or full:
        rec.cut_sites.add(site)
        stats.cuts += 1
        flush(rec)


def _held(rec):
    """Bytes of storages that only the trace keeps: it reads them, and the program has let go of them. What ops make costs
    nothing yet, and most of it never will: a plan keeps what it must.
    """
    count, total = sys.getrefcount, 0
    slots = rec.slots
    for i in range(len(slots)):
        s = slots[i]
        if s.__class__ is Storage and s.value is not None and count(s) <= UNHELD:
            total += s.root.nbytes
    return total


def boundary():
    """Run what is pending in this thread."""
    rec = current()
    if rec.slots:
        flush(rec)


def _default_dtype_changed():
    """What was recorded before holds for the former default dtype."""
    boundary()
    trie.reset()


dt.when_default_changes.append(_default_dtype_changed)


def flush(rec):
    """Run a recorder's pending trace, and give the storages that anyone still holds their values."""
    with _run_lock:
        if not rec.slots:
            return
        entry, slots, sites, trace = rec.take()
        if len(slots) != entry.nslots:
            mend(slots, trace, entry)
            if not slots:
                return
        made = entry.made
        if made is None:
            made = entry.made = _made_slots(entry)
        count = sys.getrefcount
        live = []
        for i in made:
            # held by more than `slots` and `s`; a storage that entered and was written stands twice in slots, and so
            # always counts as held
            s = slots[i]
            if s is not None and s.slot == i and count(s) > UNHELD:
                live.append(i)
        s = None
        before = interrupts.hold()
        try:
            plan_for(entry, slots, tuple(live)).run(slots, sites)
        except BaseException as error:
            poison = Poison(error)
            for s in slots:
                if s.__class__ is Storage:
                    if s.value is None:
                        s.value = poison
                    s.trace = None
            raise
        finally:
            stats.runs += 1
            trace.done = True
            interrupts.release(before)


def path_values(entry):
    """The graph values of all slots of the trace that ends at entry."""
    chain = []
    while entry is not None:
        chain.append(entry.values)
        entry = entry.parent
    return [v for part in reversed(chain) for v in part]


def _made_slots(entry):
    """The slots of the trace that ops made or wrote: all but the inputs."""
    made = []
    while entry.parent is not None:
        made.extend(range(entry.parent.nslots + entry.ninputs, entry.nslots))
        entry = entry.parent
    return tuple(sorted(made))


def before_fork():
    boundary()


os.register_at_fork(before=before_fork)


def _after_fork_in_child():
    global _run_lock
    _run_lock = threading.RLock()


os.register_at_fork(after_in_child=_after_fork_in_child)
