"""Stretches of the workspace that parts borrow while they run.

A part of its own for each would be touched once and be cold; here the stretch given back last, or one near it, is lent again, so
that as many stay in the caches as there are threads. What a part computes does not depend on which it got. A word in the workspace
has a bit for every free stretch; the phase "open" sets it before any part runs.
"""
from . import ir
from .winograd_tile import LINE

RESERVED = LINE                     # bytes at the workspace's start, for the word
MOST = 64                           # parts, each of which may hold a stretch


def opening(argument, parts):
    """The phase `open`, of one part, for the workspace that is the argument-th pointer of args."""
    f = ir.Function("open")
    bits = (1 << min(parts, MOST)) - 1
    f.store(ir.Reg(str(bits if bits < 1 << 63 else bits - (1 << 64)), "i64"), f.argument(argument))
    return f


def borrow(f, space):
    """The number of a free stretch."""
    head, out = f.fresh("borrow"), f.fresh("borrowed")
    f.raw(f"br label %{head}")
    f.label(head)
    free = f.emit(f"load atomic i64, ptr {space} monotonic, align 8", "i64")
    less = f.emit(f"and i64 {free}, {f.sub(free, 1)}", "i64")             # without its lowest bit
    pair = f.emit(f"cmpxchg ptr {space}, i64 {free}, i64 {less} acquire monotonic, align 8", "{ i64, i1 }")
    done = f.emit(f"extractvalue {{ i64, i1 }} {pair}, 1", "i1")
    f.raw(f"br i1 {done}, label %{out}, label %{head}")
    f.label(out)
    return f.intrinsic("llvm.cttz.i64", "i64", 0, free, ir.Reg("true", "i1"))


def give_back(f, space, number):
    bit = f.emit(f"shl i64 1, {number}", "i64")
    f.raw(f"atomicrmw or ptr {space}, i64 {bit} release, align 8")
