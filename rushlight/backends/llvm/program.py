"""A compiled plan: a table of kernels for the native driver, with host functions between where there is no kernel."""
import ctypes
import os
import struct
import threading
from math import prod
from time import perf_counter
from weakref import ref

import numpy as np

from ... import _settings
from ...runtime.storage import Storage
from ...schedule.fuse import Schedule
from ...schedule.rewrite import rewritten
from ..numpy import table as host_table
from . import driver, launches, library, narrow, nest
from .arena import arena, offsets
from .draws import drawn
from .lower import Lowering, kind
from .regions import contiguous
from .spares import address_of, fresh, spares_of

_running = threading.RLock()


def _after_fork():
    global _running
    _running = threading.RLock()        # it was held by the thread that forked, under another identity


# No other thread may be in the middle of a run when a process forks: its addresses would be half written.
os.register_at_fork(before=_running.acquire, after_in_parent=_running.release, after_in_child=_after_fork)


class Program:
    """Runs as backends.numpy.interpreter.Program does; `interpreted` serves inputs that are not laid out as expected.

    draws   slots of the tickets whose words its kernels draw: the caller does not take these
    """

    def __init__(self, graph, interpreted, tickets=(), once=False):
        """tickets: slots of all tickets; once: it may run only this once."""
        driver.functions()              # compiled now, not in the first step
        self.graph, self.interpreted = graph, interpreted
        self.seconds = None                                 # a list: add each launch's time to it (see inspect.explain)
        outputs = {v.id for _, v in graph.outputs}
        values, native = drawn(graph.values, tickets, once)
        self.draws = tuple(native.values())
        values = rewritten(narrow.widened(values), outputs, launches.supported)
        schedule = Schedule(values, outputs, kind)
        lowering = Lowering([schedule.values[v.id] for _, v in graph.outputs], schedule, native)
        self.launches, self.places = lowering.launches, lowering.places
        self.outputs = lowering.outputs
        self._lives()
        self._homes()
        with library.Helper(list(dict.fromkeys(launch.spec for launch in self.launches if launch.value is None))):
            self.kernels = [library.kernel(launch.spec) if launch.value is None else None for launch in self.launches]
        self._layout()
        self._compile_table()

    # ------------------------------------------------------------ what lies where
    def _lives(self):
        for i, launch in enumerate(self.launches):
            for place, *_ in launch.reads + launch.writes:
                if place.born is None:
                    place.born = i
                place.dies = i
        for output in self.outputs:
            place = getattr(output, "place", output)
            place.dies = len(self.launches)

    def _homes(self):
        """Results that may be written straight over the storage that they replace."""
        inputs = {place.key.attrs[0]: place for place in self.places if place.kind == "input"}
        last_check = max((i for i, launch in enumerate(self.launches) if launch.value is not None and launch.value.prim == "check"),
                         default=-1)
        leaving = {id(getattr(o, "place", o)) for o in self.outputs}
        for (slot, v), place in zip(self.graph.outputs, self.outputs):
            old = inputs.get(self.graph.home.get(slot))
            if old is None or getattr(place, "kind", "") != "result" or old.shape != place.shape or old.dtype is not place.dtype \
                    or id(old) in leaving:
                continue
            if self.outputs.count(place) == 1 and self._safe(place, old, last_check):
                place.home = old

    def _safe(self, place, old, last_check):
        """Whether nothing reads the old content once the first element of the new one is written."""
        writers = [i for i, launch in enumerate(self.launches) if any(w[0] is place for w in launch.writes)]
        if not writers or writers[0] < last_check:
            return False
        at = writers[0]
        _, strides, offset = next(w for w in self.launches[at].writes if w[0] is place)
        for i, launch in enumerate(self.launches):
            for read in launch.reads:
                if read[0] is old and (i > at or i == at and (read[3] or read[1] != strides or read[2] != offset)):
                    return False
        return True

    def _layout(self):
        """Offsets in the arena for what stays inside the step, and for the kernels' workspaces."""
        blocks, owners = [], []
        for place in self.places:
            if place.kind == "scratch" and place.born is not None:
                blocks.append((prod(place.shape) * place.dtype.itemsize, place.born, place.dies))
                owners.append(place)
        for i, kernel in enumerate(self.kernels):
            if kernel is not None and kernel.source.workspace:
                blocks.append((kernel.source.workspace, i, i))
                owners.append(i)
        found, self.scratch = offsets(blocks)
        self.at = {owner if isinstance(owner, int) else id(owner): offset for owner, offset in zip(owners, found)}

    # ------------------------------------------------------------ the table
    def _compile_table(self):
        """Lay out scalars, constants, arguments and the table; note which arguments change from run to run."""
        self.keep = []
        self.patches = {}                                   # id(place) -> positions in the arguments
        scalars = [p for p in self.places if p.kind == "input" and p.key.shape == () and p.born is not None]
        self.maybe_scalars = scalars
        self.numbers = (ctypes.c_int64 * max(1, len(scalars)))()
        number_at = {id(p): ctypes.addressof(self.numbers) + 8 * i for i, p in enumerate(scalars)}
        total = sum(len(launch.places) + 1 for launch in self.launches if launch.value is None)
        self.arguments = (ctypes.c_void_p * max(1, total))()
        base = ctypes.addressof(self.arguments)
        words, self.segments, self.spans = [], [], []       # spans: (first entry, entries) of each launch
        self.inner = []                                     # (position, arena offset)
        position, start = 0, 0
        work = 0
        for i, (launch, kernel) in enumerate(zip(self.launches, self.kernels)):
            if launch.value is not None:
                self._close(start, len(words) // driver.ENTRY, work)
                start, work = len(words) // driver.ENTRY, 0
                self.segments.append(self._host(launch))
                self.spans.append(None)
                continue
            first = position
            for place, offset in launch.places:
                self._address(place, offset * place.dtype.itemsize, position)
                position += 1
            if i in self.at:
                self.inner.append((position, self.at[i]))
            position += 1
            phases = kernel.phases if launch.length == 1 else [(f, nest.parts_for(launch.spec, launch.length)) for f, _ in kernel.phases]
            work = max([work] + [parts for _, parts in phases])
            self.spans.append((len(words) // driver.ENTRY, len(kernel.phases)))
            words += driver.entries(phases, base + 8 * first)
        self._close(start, len(words) // driver.ENTRY, work)
        self.table = (ctypes.c_int64 * max(1, len(words)))(*words)
        self.table_address = ctypes.addressof(self.table)
        self.generation = -1
        self.seen = {}                                      # slot -> (weak reference to the array last seen there, its address)
        self.number_at = number_at
        self._prepare_outputs()

    def _close(self, start, end, work):
        if end > start:
            self.segments.append((start, end - start, work > 1))

    def _address(self, place, offset, position):
        """Note where an argument's address comes from. offset: bytes."""
        if place.kind == "constant":
            array = self._constant(place)
            self.keep.append(array)
            self.arguments[position] = array.ctypes.data + offset
        elif place.kind == "scratch":
            self.inner.append((position, self.at[id(place)] + offset))
        else:
            self.patches.setdefault(place.index, []).append((position, offset))

    def _constant(self, place):
        v = place.key
        return np.ascontiguousarray(host_table.build(v)())

    def _host(self, launch):
        """(None, function, readers of its operands, value): what the host does between kernels."""
        v = launch.value
        return None, host_table.build(v), [self._reader(r) for r in launch.operands], v

    def _reader(self, region):
        """A function of the run's arrays that gives a region as an ndarray."""
        place = region.place
        index = place.index
        if prod(region.shape) == 0 and place.dtype is not None:
            nothing = np.empty(region.shape, place.dtype.numpy)
            return lambda arrays: nothing
        if place.kind == "constant":
            array = self._constant(place)
            shown = np.lib.stride_tricks.as_strided(array.reshape(-1)[region.offset:], region.shape, [s * array.itemsize for s in region.strides])
            return lambda arrays: shown
        if region.shape == place.shape and region.offset == 0 and place.dtype is None:
            return lambda arrays: arrays[index]
        whole = region.shape == place.shape and region.offset == 0 and all(
            a == b or n == 1 for a, b, n in zip(region.strides, contiguous(place.shape), place.shape))
        if whole:
            return lambda arrays: arrays[index]
        item = place.dtype.itemsize
        strides, offset, shape = tuple(s * item for s in region.strides), region.offset * item, region.shape

        def read(arrays):
            a = arrays[index]
            return np.ndarray(shape, a.dtype, a.reshape(-1) if a.ndim != 1 else a, offset, strides)

        if min(region.strides, default=0) < 0:
            return lambda arrays: np.lib.stride_tricks.as_strided(arrays[index].reshape(-1)[region.offset:], shape, strides)
        return read

    def _prepare_outputs(self):
        self.results = [(output, getattr(output, "place", output)) for output in self.outputs]
        self.made = []                                      # what kernels write: (output, place, patches, home, spare arrays)
        self.copies = []                                    # (output, the earlier output of the same value)
        first = {}
        for i, (_, place) in enumerate(self.results):
            if place.kind != "result":
                continue
            if first.setdefault(place.index, i) != i:
                self.copies.append((i, first[place.index]))
            else:
                self.made.append((i, place, self.patches.get(place.index, ()), place.home))
        self.made = [(*made, spare) for made, spare in zip(self.made, spares_of([place for _, place, _, _ in self.made]))]
        self.elsewhere = len(self.made) < len(self.results)
        self.on_host = self.elsewhere or any(segment[0] is None for segment in self.segments)

    # ------------------------------------------------------------ running
    def run(self, slots, sites):
        with _running:
            return self._run(slots, sites)

    def _run(self, slots, sites):
        arena.need(self.scratch)
        if self.generation != arena.generation:
            self._rebase()
        arrays = dict(self.scratch_arrays) if self.on_host else {}
        arguments, seen = self.arguments, self.seen
        for place, slot, positions, scalar in self.inputs:
            content = slots[slot]
            if content.__class__ is not Storage:                # a number, or a generator's ticket
                arrays[place.index] = content
                if positions:
                    if scalar is None:
                        return self._interpret(slots, sites)
                    scalar[1].pack_into(self.numbers, 8 * scalar[0], content)
                    for p, _ in positions:
                        arguments[p] = scalar[2]
                    seen[slot] = None
                continue
            array = arrays[place.index] = content.value
            known = seen.get(slot)
            if known is None or known[0]() is not array:
                if not array.flags.c_contiguous or array.shape != place.shape:
                    return self._interpret(slots, sites)
                address = address_of(array)
                seen[slot] = ref(array), address            # a reference would keep the array from being used again
                for p, offset in positions:
                    arguments[p] = address + offset
        results = [None] * len(self.results)
        for i, place, positions, home, spare in self.made:
            if home is not None and (array := arrays[home.index]).flags.writeable:
                address = seen[home.key.attrs[0]][1]
            else:
                array, address = fresh(place, spare)
            results[i] = arrays[place.index] = array
            for p, offset in positions:
                arguments[p] = address + offset
        if not self.draws:
            self._execute(arrays, sites)
        elif not self._draw_and_execute([slots[i] for i in self.draws], arrays, sites):
            return self._interpret(slots, sites)
        if self.elsewhere:
            self._collect(results, arrays)
        return results

    def _collect(self, results, arrays):
        """The outputs that no kernel wrote in place."""
        for i, (output, place) in enumerate(self.results):
            if place.kind != "result":
                results[i] = self._outcome(output, place, arrays)
        for i, same in self.copies:
            results[i] = results[same].copy()

    def _interpret(self, slots, sites):
        for i in self.draws:
            slots[i].take()
        return self.interpreted.run(slots, sites)

    def _draw_and_execute(self, tickets, arrays, sites):
        """Run with kernels that draw the words of these tickets; False, and nothing done, where the host must."""
        generator = tickets[0].generator
        if any(ticket.generator is not generator for ticket in tickets):
            return False
        with generator.lock:
            address = generator.native_state(*tickets)
            if address is None:
                return False
            for place in self.places:
                if place.kind == "engine":
                    for p, _ in self.patches[place.index]:
                        self.arguments[p] = address
            self._execute(arrays, sites)
        return True

    def _outcome(self, output, place, arrays):
        """An output that the host computed, or a view of something that it did."""
        array = arrays[place.index] if place is output else self._reader(output)(arrays)
        array = np.asarray(array)
        shared = any(array is other for index, other in arrays.items() if index != place.index)
        if place is not output or shared or not array.flags.c_contiguous or not array.flags.owndata or not array.flags.writeable:
            array = np.array(array, order="C", copy=True)
        return array

    def _execute(self, arrays, sites):
        count = _settings.get_num_threads()
        check = 0
        table = self.table_address
        pool = driver.pool(count)
        for segment in self.segments:
            if segment[0] is not None:
                start, entries, wide = segment
                if self.seconds is not None:
                    self._timed(pool, start, start + entries, count)
                    continue
                pool.run(table + 8 * driver.ENTRY * start, entries, count if wide else 1)
                continue
            _, function, readers, v = segment
            operands = [read(arrays) for read in readers]
            if v.prim == "check":
                try:
                    function(*operands)
                except Exception as error:
                    if check < len(sites):
                        error.add_note("recorded at %s:%d" % sites[check])
                    raise
                check += 1
                arrays[self.host_place[v.id]] = None
                continue
            with np.errstate(all="ignore"):
                result = function(*operands)
            if any(result is a for a in operands):
                result = result.copy()
            self._keep(v, result, arrays)

    def _timed(self, pool, start, end, threads):
        """The launches of a part of the table one after the other, the time that each took added to `seconds`."""
        table = ctypes.addressof(self.table)
        for i, span in enumerate(self.spans):
            if span is not None and start <= span[0] < end:
                wide = any(self.table[driver.ENTRY * (span[0] + k) + 2] > 1 for k in range(span[1]))     # others need not wake for it
                began = perf_counter()
                pool.run(table + 8 * driver.ENTRY * span[0], span[1], threads if wide else 1)
                self.seconds[i] += perf_counter() - began

    def _keep(self, v, result, arrays):
        index = self.host_place[v.id]
        if v.dtype is not None:
            result = np.ascontiguousarray(result) if v.shape else np.asarray(result)
            if not result.flags.owndata:
                result = result.copy()                      # a view of memory that the step uses again
            address = result.ctypes.data
            for p, offset in self.patches.get(index, ()):
                self.arguments[p] = address + offset
        arrays[index] = result

    def _rebase(self):
        """The arena has moved: every address in it is written again."""
        self.generation = arena.generation
        for position, offset in self.inner:
            self.arguments[position] = arena.address + offset
        self.scratch_arrays = {p.index: arena.array(self.at[id(p)], p.shape, p.dtype.numpy)
                               for p in self.places if p.kind == "scratch" and p.born is not None}
        self.host_place = {p.key.id: p.index for p in self.places if p.kind == "host"}
        formats = {"float64": "d", "int64": "q", "bool": "q", "float32": "f"}
        order = {id(p): i for i, p in enumerate(self.maybe_scalars)}
        self.inputs = []
        for place in self.places:
            if place.kind != "input":
                continue
            scalar = None
            if id(place) in order and place.dtype.name in formats:
                i = order[id(place)]
                scalar = i, struct.Struct(formats[place.dtype.name]), self.number_at[id(place)]
            self.inputs.append((place, place.key.attrs[0], tuple(self.patches.get(place.index, ())), scalar))
