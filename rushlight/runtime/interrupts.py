"""Ctrl-C while a plan runs: answered when the plan is through, so that no storage is left half written.

Pressed a second time it stops the plan where it is.
"""
import sys
from _signal import SIGINT, signal       # without the conversions to enums of `signal`, for this happens every step

_pressed = False


def _note(number, frame):
    global _pressed
    if _pressed:
        raise KeyboardInterrupt
    _pressed = True


def hold():
    """Put Ctrl-C off. Returns what `release` wants."""
    try:
        before = signal(SIGINT, _note)
    except ValueError:              # not the main thread: it gets no signals
        return None
    if before is _note or not callable(before):     # held already, ignored, or not Python's affair
        signal(SIGINT, before)
        return None
    return before


def release(before):
    """Take Ctrl-C again, and answer one that came meanwhile."""
    global _pressed
    if before is None:
        return
    signal(SIGINT, before)
    if _pressed:
        _pressed = False
        before(SIGINT, sys._getframe(1))
