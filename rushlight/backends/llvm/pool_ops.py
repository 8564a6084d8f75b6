"""What poolings do with the terms of a result: maximum, sum, or those of one tap.

Each has sources and results, pairs (argument, type), and a state for a vector of results, a tuple of registers. `start`
is the state before any term; `term(state=None)` makes that of the first one. `tap_type` is the type of a lane of the
numbers of taps, None where they do not matter.
"""


class Sum:
    def __init__(self, type):
        self.type, self.tap_type = type, None
        self.sources, self.results = ((0, type),), ((1, type),)

    def start(self, f, lanes, first):
        return (f.zero(self.type, lanes),)

    def term(self, f, state, operands, tap):
        return (operands[0] if state is None else f.binary("fadd", state[0], operands[0]),)

    def finish(self, f, state):
        return state


class Max:
    """The maximum, NaN if there is one. which: the type of the numbers of the taps that it is found at, or None."""

    def __init__(self, type, which, host):
        self.type, self.which = type, which
        self.sources, self.results = ((0, type),), ((1, type),) + (((2, which),) if which else ())
        # Masks of AVX-512 choose among bytes as well; elsewhere a mask is as wide as what was compared.
        wide = {"float": "i32", "double": "i64"}[type]
        self.bytes_chosen = host.vector == 64
        self.tap_type = which and (which if self.bytes_chosen else wide)

    def start(self, f, lanes, first):
        """first: the first tap's number in every lane."""
        return (f.constant(float("-inf"), self.type, lanes),) + ((first,) if self.which else ())

    def term(self, f, state, operands, tap):
        x, = operands
        if state is None:
            return (x, tap) if self.which else (x,)
        if not self.which:
            # the second of a hardware maximum wins if either is NaN: right unless it is the first
            most = f.select(f.test("fcmp ogt", state[0], x), state[0], x)
            return (f.select(f.test("fcmp uno", state[0], state[0]), state[0], most),)
        wins = f.binary("or", f.test("fcmp ogt", x, state[0]), f.test("fcmp uno", x, x))
        if self.bytes_chosen or self.tap_type == "i64":
            return f.select(wins, x, state[0]), f.select(wins, tap, state[1])
        # taps come in rising order: the last that won is the greatest, and a maximum is cheaper than a choice
        won = f.select(wins, tap, f.zero(self.tap_type, x.lanes))
        return f.select(wins, x, state[0]), f.select(f.test("icmp sgt", won, state[1]), won, state[1])

    def finish(self, f, state):
        if not self.which or self.tap_type == self.which:
            return state
        return state[0], f.convert("trunc", state[1], self.which)


class Pick:
    """The sum of the terms whose `which` is the tap."""

    def __init__(self, type, which):
        self.type, self.tap_type = type, which
        self.sources, self.results = ((0, type), (1, which)), ((2, type),)

    def start(self, f, lanes, first):
        return (f.zero(self.type, lanes),)

    def term(self, f, state, operands, tap):
        g, which = operands
        chosen = f.test("icmp eq", which, tap)
        if state is None:
            return (f.select(chosen, g, f.zero(self.type, g.lanes)),)
        return (f.select(chosen, f.binary("fadd", state[0], g), state[0]),)

    def finish(self, f, state):
        return state
