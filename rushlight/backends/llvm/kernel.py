"""A kernel: generated source, then loaded code. What a generator gives, and what a table entry is made of."""
from dataclasses import dataclass

from . import target


@dataclass(frozen=True)
class Source:
    """What a generator makes of a specification.

    text        the module's IR
    phases      (function, parts): called in this order with a barrier after each, every part once. All share one array of
                arguments: the operands' addresses, then the results', then the workspace's
    workspace   bytes, aligned to 64, shared by all phases and parts; its content is undefined at the start
    flops       floating-point operations of one run
    traffic     bytes read and written at least
    """

    text: str
    phases: tuple
    workspace: int = 0
    flops: int = 0
    traffic: int = 0


class Kernel:
    """A compiled Source: the addresses of its phases."""

    __slots__ = ("source", "library", "phases")

    def __init__(self, source, code, host):
        self.source = source
        self.library = target.Library(code, host)
        self.phases = tuple((self.library.address(name), parts) for name, parts in source.phases)


def compile_source(source, host):
    return Kernel(source, target.compile_text(source.text, host), host)
