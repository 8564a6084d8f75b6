"""The native driver: runs a table of kernels, all threads through it, a barrier after each.

A table entry is four words: function, its arguments, in how many parts it is called, and a counter from which threads
take the parts, so that a thread that the system holds up does less. Between steps a thread spins for about a
millisecond, then sleeps in a futex.
"""
import atexit
import ctypes
import functools
import os
import threading

from . import target

ENTRY = 4                       # words of a table entry: function, arguments, parts, counter
_LINE = 8                       # words of a cache line
# words of the control block, each on a line of its own
_EPOCH, _TABLE, _SLEEPING, _DONE, _ARRIVED, _GENERATION = (i * _LINE for i in range(6))
_COUNT, _THREADS, _SPIN = _TABLE + 1, _TABLE + 2, _TABLE + 3

_TEXT = f"""
declare i64 @syscall(i64, ...)
declare void @llvm.x86.sse2.pause()

define internal void @barrier(ptr %c, i64 %threads) #1 {{
entry:
  %arrived = getelementptr i64, ptr %c, i64 {_ARRIVED}
  %generation = getelementptr i64, ptr %c, i64 {_GENERATION}
  %old = load atomic i64, ptr %generation acquire, align 8
  %n = atomicrmw add ptr %arrived, i64 1 acq_rel
  %n1 = add i64 %n, 1
  %last = icmp eq i64 %n1, %threads
  br i1 %last, label %release, label %wait
release:
  store atomic i64 0, ptr %arrived release, align 8
  %g = atomicrmw add ptr %generation, i64 1 acq_rel
  ret void
wait:
  %i = phi i64 [ 0, %entry ], [ %i1, %again ]
  %now = load atomic i64, ptr %generation acquire, align 8
  %passed = icmp ne i64 %now, %old
  br i1 %passed, label %out, label %spin
spin:
  call void @llvm.x86.sse2.pause()
  %i1 = add i64 %i, 1
  %low = and i64 %i1, 63
  %tired = icmp eq i64 %low, 0
  br i1 %tired, label %yield, label %again
yield:
  %y = call i64 (i64, ...) @syscall(i64 24)
  br label %again
again:
  br label %wait
out:
  ret void
}}

define internal void @table(ptr %c, ptr %table, i64 %count, i64 %threads) #1 {{
entry:
  br label %entryhead
entryhead:
  %k = phi i64 [ 0, %entry ], [ %k1, %next ]
  %more = icmp slt i64 %k, %count
  br i1 %more, label %one, label %out
one:
  %word = mul i64 %k, {ENTRY}
  %at = getelementptr i64, ptr %table, i64 %word
  %function = load ptr, ptr %at, align 8
  %argsat = getelementptr i64, ptr %at, i64 1
  %args = load ptr, ptr %argsat, align 8
  %partsat = getelementptr i64, ptr %at, i64 2
  %parts = load i64, ptr %partsat, align 8
  %counter = getelementptr i64, ptr %at, i64 3
  br label %take
take:
  %part = atomicrmw add ptr %counter, i64 1 monotonic
  %mine = icmp slt i64 %part, %parts
  br i1 %mine, label %do, label %done
do:
  call void %function(i64 %part, i64 %parts, ptr %args)
  br label %take
done:
  %alone = icmp eq i64 %threads, 1
  br i1 %alone, label %next, label %meet
meet:
  call void @barrier(ptr %c, i64 %threads)
  br label %next
next:
  %k1 = add i64 %k, 1
  br label %entryhead
out:
  ret void
}}

define internal void @reset(ptr %table, i64 %count) #1 {{
entry:
  br label %head
head:
  %k = phi i64 [ 0, %entry ], [ %k1, %one ]
  %more = icmp slt i64 %k, %count
  br i1 %more, label %one, label %out
one:
  %word = mul i64 %k, {ENTRY}
  %word3 = add i64 %word, 3
  %counter = getelementptr i64, ptr %table, i64 %word3
  store i64 0, ptr %counter, align 8
  %k1 = add i64 %k, 1
  br label %head
out:
  ret void
}}

define void @work(ptr %c) #1 {{
entry:
  %spinat = getelementptr i64, ptr %c, i64 {_SPIN}
  %sleeping = getelementptr i64, ptr %c, i64 {_SLEEPING}
  %tableat = getelementptr i64, ptr %c, i64 {_TABLE}
  %countat = getelementptr i64, ptr %c, i64 {_COUNT}
  %threadsat = getelementptr i64, ptr %c, i64 {_THREADS}
  %done = getelementptr i64, ptr %c, i64 {_DONE}
  br label %idle
idle:
  %last = phi i32 [ 0, %entry ], [ %now, %run ]
  %limit = load i64, ptr %spinat, align 8
  br label %look
look:
  %i = phi i64 [ 0, %idle ], [ %i1, %again ]
  %now = load atomic i32, ptr %c acquire, align 8
  %new = icmp ne i32 %now, %last
  br i1 %new, label %start, label %spin
spin:
  call void @llvm.x86.sse2.pause()
  %i1 = add i64 %i, 1
  %tired = icmp ugt i64 %i1, %limit
  br i1 %tired, label %sleep, label %again
sleep:
  %s = atomicrmw add ptr %sleeping, i64 1 seq_cst
  %r = call i64 (i64, ...) @syscall(i64 202, ptr %c, i32 128, i32 %last, ptr null, ptr null, i32 0)
  %s2 = atomicrmw sub ptr %sleeping, i64 1 seq_cst
  br label %again
again:
  br label %look
start:
  %table = load ptr, ptr %tableat, align 8
  %stop = icmp eq ptr %table, null
  br i1 %stop, label %out, label %run
run:
  %count = load i64, ptr %countat, align 8
  %threads = load i64, ptr %threadsat, align 8
  call void @table(ptr %c, ptr %table, i64 %count, i64 %threads)
  %d = atomicrmw add ptr %done, i64 1 release
  br label %idle
out:
  ret void
}}

define void @run(ptr %c, ptr %table, i64 %count, i64 %threads) #1 {{
entry:
  call void @reset(ptr %table, i64 %count)
  %alone = icmp eq i64 %threads, 1
  br i1 %alone, label %here, label %together
here:
  call void @table(ptr %c, ptr %table, i64 %count, i64 1)
  ret void
together:
  call void @start(ptr %c, ptr %table, i64 %count, i64 %threads)
  call void @table(ptr %c, ptr %table, i64 %count, i64 %threads)
  %done = getelementptr i64, ptr %c, i64 {_DONE}
  %others = sub i64 %threads, 1
  br label %wait
wait:
  %d = load atomic i64, ptr %done acquire, align 8
  %all = icmp eq i64 %d, %others
  br i1 %all, label %out, label %spin
spin:
  call void @llvm.x86.sse2.pause()
  br label %wait
out:
  ret void
}}

define void @start(ptr %c, ptr %table, i64 %count, i64 %threads) #1 {{
entry:
  %tableat = getelementptr i64, ptr %c, i64 {_TABLE}
  %countat = getelementptr i64, ptr %c, i64 {_COUNT}
  %threadsat = getelementptr i64, ptr %c, i64 {_THREADS}
  %done = getelementptr i64, ptr %c, i64 {_DONE}
  %sleeping = getelementptr i64, ptr %c, i64 {_SLEEPING}
  store ptr %table, ptr %tableat, align 8
  store i64 %count, ptr %countat, align 8
  store i64 %threads, ptr %threadsat, align 8
  store atomic i64 0, ptr %done release, align 8
  %e = atomicrmw add ptr %c, i32 1 seq_cst
  %s = load atomic i64, ptr %sleeping seq_cst, align 8
  %asleep = icmp ne i64 %s, 0
  br i1 %asleep, label %wake, label %out
wake:
  %r = call i64 (i64, ...) @syscall(i64 202, ptr %c, i32 129, i32 1000, ptr null, ptr null, i32 0)
  br label %out
out:
  ret void
}}
"""


@functools.cache
def _library():
    host = target.host()
    return target.Library(target.compile_text(_TEXT, host), host)


class Pool:
    """`threads` threads, the caller's among them, that run tables together."""

    def __init__(self, threads):
        self.threads = threads
        self._memory = (ctypes.c_int64 * (8 * _LINE))()
        self._control = (ctypes.addressof(self._memory) + 63) // 64 * 64
        self._set(_SPIN, 30_000)
        library = _library()
        void, word = ctypes.c_void_p, ctypes.c_int64
        self._run = ctypes.CFUNCTYPE(None, void, void, word, word)(library.address("run"))
        self._start = ctypes.CFUNCTYPE(None, void, void, word, word)(library.address("start"))
        work = ctypes.CFUNCTYPE(None, void)(library.address("work"))
        self._lock = threading.Lock()
        self._workers = [threading.Thread(target=work, args=(self._control,), daemon=True, name=f"rushlight-{i}")
                         for i in range(1, threads)]
        for worker in self._workers:
            worker.start()

    def _set(self, word, value):
        ctypes.c_int64.from_address(self._control + 8 * word).value = value

    def run(self, table, count, threads):
        """Run `count` entries of the table at an address with so many of the threads: one, or all."""
        with self._lock:
            self._run(self._control, table, count, self.threads if threads > 1 else 1)

    def stop(self):
        if self._workers:
            self._start(self._control, None, 0, self.threads)
            for worker in self._workers:
                worker.join()
            self._workers = []


_pool = None


def pool(threads):
    """The pool, made or made again when the number of threads changes."""
    global _pool
    if _pool is None or _pool.threads != threads:
        if _pool is not None:
            _pool.stop()
        _pool = Pool(threads)
    return _pool


@atexit.register
def _stop():
    if _pool is not None:
        _pool.stop()


def _after_fork():
    global _pool
    _pool = None            # its threads stayed in the parent


os.register_at_fork(after_in_child=_after_fork)
