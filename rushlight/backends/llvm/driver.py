"""The native driver: runs a table of kernels, all threads through it, each kernel after the one before.

A table entry holds a function, its arguments, in how many parts it is called, a counter from which threads take the parts, and
how many are finished. Every second thread takes parts from the end (the counter's upper half counts these): what a kernel
reads, the same thread has mostly written in the kernel before, and has it in its own cache. A thread goes on when all parts are
finished, so one that the system holds up delays the others only if it holds a part; it finds its place when it comes back. A
run ends when the threads that entered it have left: one that has not woken by then finds it closed. Between steps a thread
spins for about two milliseconds, then sleeps in a futex.
"""
import atexit
import ctypes
import functools
import os
import sys
import threading

if sys.platform != "linux" or os.uname().machine != "x86_64":
    raise ImportError("the driver of compiled plans is written for Linux on x86-64")

from . import library                       # noqa: E402

ENTRY = 8                       # words of a table entry: function, arguments, parts, parts taken, parts finished
_LINE = 8                       # words of a cache line
# words of the control block, each on a line of its own
_EPOCH, _TABLE, _SLEEPING, _OPEN, _ACTIVE = (i * _LINE for i in range(5))
_COUNT, _SPIN = _TABLE + 1, _TABLE + 3
_TICKS = 6_000_000              # of the processor's clock that an idle thread spins: about 2 ms; waking one is dear in a virtual machine

# Between two looks of a loop `wait` with the counter %i: a pause, and now and then another thread's turn.
_SPIN_AND_YIELD = """spin:
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
"""
_TEXT = f"""
declare i64 @syscall(i64, ...)
declare void @llvm.x86.sse2.pause()
declare i64 @llvm.readcyclecounter()

define internal void @table(ptr %table, i64 %count, i64 %step) #1 {{
entry:
  %back = icmp ne i64 %step, 1
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
  %finished = getelementptr i64, ptr %at, i64 4
  br label %take
take:
  %old = atomicrmw add ptr %counter, i64 %step monotonic
  %before = and i64 %old, 4294967295
  %behind = lshr i64 %old, 32
  %taken = add i64 %before, %behind
  %mine = icmp slt i64 %taken, %parts
  %left = sub i64 %parts, %behind
  %last = sub i64 %left, 1
  %part = select i1 %back, i64 %last, i64 %before
  br i1 %mine, label %do, label %wait
do:
  call void %function(i64 %part, i64 %parts, ptr %args)
  %f = atomicrmw add ptr %finished, i64 1 release
  br label %take
wait:
  %i = phi i64 [ 0, %take ], [ %i1, %again ]
  %ready = load atomic i64, ptr %finished acquire, align 8
  %all = icmp eq i64 %ready, %parts
  br i1 %all, label %next, label %spin
{_SPIN_AND_YIELD}next:
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
  %finished = getelementptr i64, ptr %counter, i64 1
  store i64 0, ptr %finished, align 8
  %k1 = add i64 %k, 1
  br label %head
out:
  ret void
}}

define void @work(ptr %c, i64 %number) #1 {{
entry:
  %odd = and i64 %number, 1
  %far = shl i64 %odd, 32
  %near = xor i64 %odd, 1
  %step = add i64 %far, %near
  %spinat = getelementptr i64, ptr %c, i64 {_SPIN}
  %sleeping = getelementptr i64, ptr %c, i64 {_SLEEPING}
  %tableat = getelementptr i64, ptr %c, i64 {_TABLE}
  %countat = getelementptr i64, ptr %c, i64 {_COUNT}
  %active = getelementptr i64, ptr %c, i64 {_ACTIVE}
  %open = getelementptr i64, ptr %c, i64 {_OPEN}
  br label %idle
idle:
  %last = phi i32 [ 0, %entry ], [ %now, %leave ]
  %limit = load i64, ptr %spinat, align 8
  %since = call i64 @llvm.readcyclecounter()
  br label %look
look:
  %now = load atomic i32, ptr %c acquire, align 8
  %new = icmp ne i32 %now, %last
  br i1 %new, label %start, label %spin
spin:
  call void @llvm.x86.sse2.pause()
  %ticks = call i64 @llvm.readcyclecounter()
  %idled = sub i64 %ticks, %since
  %tired = icmp ugt i64 %idled, %limit
  br i1 %tired, label %sleep, label %again
sleep:
  %s = atomicrmw add ptr %sleeping, i64 1 seq_cst
  %r = call i64 (i64, ...) @syscall(i64 202, ptr %c, i32 128, i32 %last, ptr null, ptr null, i32 0)
  %s2 = atomicrmw sub ptr %sleeping, i64 1 seq_cst
  br label %again
again:
  br label %look
start:
  %a = atomicrmw add ptr %active, i64 1 seq_cst
  %opened = load atomic i32, ptr %open seq_cst, align 8
  %early = icmp eq i32 %opened, %now
  br i1 %early, label %enter, label %leave
enter:
  %table = load ptr, ptr %tableat, align 8
  %stop = icmp eq ptr %table, null
  br i1 %stop, label %out, label %run
run:
  %count = load i64, ptr %countat, align 8
  call void @table(ptr %table, i64 %count, i64 %step)
  br label %leave
leave:
  %d = atomicrmw sub ptr %active, i64 1 seq_cst
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
  call void @table(ptr %table, i64 %count, i64 1)
  ret void
together:
  call void @start(ptr %c, ptr %table, i64 %count)
  call void @table(ptr %table, i64 %count, i64 1)
  %open = getelementptr i64, ptr %c, i64 {_OPEN}
  %active = getelementptr i64, ptr %c, i64 {_ACTIVE}
  store atomic i32 0, ptr %open seq_cst, align 8
  br label %wait
wait:
  %i = phi i64 [ 0, %together ], [ %i1, %again ]
  %d = load atomic i64, ptr %active seq_cst, align 8
  %none = icmp eq i64 %d, 0
  br i1 %none, label %out, label %spin
{_SPIN_AND_YIELD}out:
  ret void
}}

define void @start(ptr %c, ptr %table, i64 %count) #1 {{
entry:
  %tableat = getelementptr i64, ptr %c, i64 {_TABLE}
  %countat = getelementptr i64, ptr %c, i64 {_COUNT}
  %open = getelementptr i64, ptr %c, i64 {_OPEN}
  %sleeping = getelementptr i64, ptr %c, i64 {_SLEEPING}
  store ptr %table, ptr %tableat, align 8
  store i64 %count, ptr %countat, align 8
  %epoch = load i32, ptr %c, align 8
  %following = add i32 %epoch, 1
  %zero = icmp eq i32 %following, 0
  %later = select i1 %zero, i32 1, i32 %following
  store atomic i32 %later, ptr %open seq_cst, align 8
  store atomic i32 %later, ptr %c seq_cst, align 8
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
def functions():
    """The kernel that holds the driver's own functions. Called early, it takes the compiling out of the first run."""
    return library.fixed("driver", _TEXT, ("run", "start", "work"))


def entries(phases, arguments):
    """The words of a kernel's table entries. arguments: the address of its array of addresses."""
    return [word for function, parts in phases for word in (function, arguments, parts, *[0] * (ENTRY - 3))]


class Pool:
    """`threads` threads, the caller's among them, that run tables together; fewer where the system gives no more."""

    def __init__(self, threads):
        self.asked = threads
        self._memory = (ctypes.c_int64 * (8 * _LINE))()
        self._control = (ctypes.addressof(self._memory) + 63) // 64 * 64
        self._set(_SPIN, _TICKS)
        void, word = ctypes.c_void_p, ctypes.c_int64
        self._code = functions()                    # it may not go while threads are in it
        (run, _), (start, _), (work, _) = self._code.phases
        self._run = ctypes.CFUNCTYPE(None, void, void, word, word)(run)
        self._start = ctypes.CFUNCTYPE(None, void, void, word)(start)
        work = ctypes.CFUNCTYPE(None, void, word)(work)
        self._lock = threading.Lock()
        self._workers = []
        for i in range(1, threads):
            worker = threading.Thread(target=work, args=(self._control, i), daemon=True, name=f"rushlight-{i}")
            try:
                worker.start()
            except RuntimeError:                    # a limit of the system's, or the interpreter is ending
                break
            self._workers.append(worker)

    @property
    def threads(self):
        return 1 + len(self._workers)

    def _set(self, word, value):
        ctypes.c_int64.from_address(self._control + 8 * word).value = value

    def run(self, table, count, threads):
        """Run `count` entries of the table at an address with so many of the threads: one, or all. A stopped pool has one."""
        with self._lock:
            self._run(self._control, table, count, self.threads if threads > 1 else 1)

    def stop(self):
        """Wait for a run in another thread, then end the threads."""
        with self._lock:
            if self._workers:
                self._start(self._control, None, 0)
                for worker in self._workers:
                    worker.join()
                self._workers = []


_pool = None
_making = threading.Lock()
_ending = False


def pool(threads):
    """The pool, made or made again when the number of threads changes."""
    global _pool
    with _making:
        if _pool is None or _pool.asked != threads and not _ending:
            if _pool is not None:
                _pool.stop()
            _pool = Pool(1 if _ending else threads)
        return _pool


@atexit.register
def _stop():
    """What runs after this, in another thread or at the program's end, has one thread."""
    global _ending
    _ending = True
    with _making:
        if _pool is not None:
            _pool.stop()


def _after_fork():
    global _pool, _making
    _pool, _making = None, threading.Lock()         # its threads stayed in the parent


os.register_at_fork(after_in_child=_after_fork)
