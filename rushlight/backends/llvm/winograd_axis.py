"""Winograd's algorithms along the two axes: two neighbouring results of a correlation with so many taps, by few multiplications.

With three taps, F(2,3) takes 4 multiplications instead of 6; with two, F(2,2) takes 3 instead of 4. More taps are cut into threes
and a rest, whose results are added: five are 3 + 2, with 7 multiplications instead of 10. All factors are 1, -1 and 1/2, so errors
stay those of a sum. (Lavin and Gray, "Fast algorithms for convolutional neural networks", 2015; longer ones at once would be
F(2,5), whose factors lose digits.)

A product goes to both results, to one, or to their difference, which gives four points: result 0 is point 0 + 1 + 2, result 1 is
1 - 2 - 3. Products of one point are only ever added, so the parts share points: they are further terms of a sum over channels.
"""
from itertools import accumulate

POINTS = 16                     # pairs of points along the two axes


def _add(f, a, b):
    return f.binary("fadd", a, b)


def _sub(f, a, b):
    return f.binary("fsub", a, b)


def _half(f, a):
    return f.binary("fmul", a, f.constant(0.5, a.type, a.lanes))


class Three:
    """F(2,3). A linear form of pixels or gradients is written (instruction, first, second) or (None, the only one)."""

    taps, points = 3, (0, 1, 2, 3)
    source = ("fsub", 0, 2), ("fadd", 1, 2), ("fsub", 2, 1), ("fsub", 1, 3)

    @staticmethod
    def weights(f, a, b, c):
        outer, inner = _half(f, _add(f, a, c)), _half(f, b)
        return [a, _add(f, outer, inner), _sub(f, outer, inner), c]

    @staticmethod
    def gradient(f, a, b, c, d):
        outer = _half(f, _add(f, b, c))
        return [_add(f, a, outer), _half(f, _sub(f, b, c)), _sub(f, outer, d)]


class Two:
    """F(2,2)."""

    taps, points = 2, (0, 1, 3)
    source = ("fsub", 0, 1), (None, 1), ("fsub", 1, 2)

    @staticmethod
    def weights(f, a, b):
        return [a, _add(f, a, b), b]

    @staticmethod
    def gradient(f, a, b, d):
        return [_add(f, a, b), _sub(f, b, d)]


class One:
    """A tap left over: as many multiplications as results."""

    taps, points = 1, (0, 3)
    source = (None, 0), (None, 1)

    @staticmethod
    def weights(f, a):
        return [a, f.emit(f"fneg {a.full} {a}", a.type, a.lanes)]

    @staticmethod
    def gradient(f, a, d):
        return [_add(f, a, d)]


class Axis:
    """The algorithm for so many taps.

    pixels      of the source that a tile of two results reads
    source      B': the linear form of pixels of each component
    points      the point of each component
    """

    def __init__(self, taps):
        self.taps, self.pixels = taps, taps + 1
        rest = {0: [], 1: [One], 2: [Two]}[taps % 3]
        self._parts = [Three] * (taps // 3) + rest
        starts = accumulate((part.taps for part in self._parts), initial=0)
        self.source = [(form[0], *(start + i for i in form[1:])) for start, part in zip(starts, self._parts) for form in part.source]
        self.points = [point for part in self._parts for point in part.points]

    def _by_part(self, values, size):
        at = 0
        for part in self._parts:
            yield part, values[at:at + size(part)]
            at += size(part)

    def weights(self, f, *taps):
        """G: the weights' components."""
        return [value for part, some in self._by_part(taps, lambda part: part.taps) for value in part.weights(f, *some)]

    def gradient(self, f, *components):
        """G': the gradients of the components to those of the weights, point 3's with its sign turned as in RESULTS."""
        return [value for part, some in self._by_part(components, lambda part: len(part.points)) for value in part.gradient(f, *some)]


# A, point 3's sign turned: the gradients of two results to those of the four points
RESULTS = (None, 0), ("fadd", 0, 1), ("fsub", 0, 1), (None, 1)


def result(f, a, b, c, d):
    """A': four points to two results."""
    return [_add(f, _add(f, a, b), c), _sub(f, _sub(f, b, c), d)]


def both_ways(f, along_rows, along_columns, grid):
    """A grid of registers transformed along its columns, from row to row, then along its rows."""
    columns = [along_rows(f, *column) for column in zip(*grid)]
    return [along_columns(f, *row) for row in zip(*columns)]


class Algorithm:
    """Both axes together. A component is a pair of theirs.

    components  how many
    places      places[a][b]: (point, how many components of that point come before) of component (a, b)
    starts      how many components come before each point, and in all
    most        components of a point
    """

    def __init__(self, kernel):
        self.rows, self.columns = self.axes = tuple(Axis(taps) for taps in kernel)
        self.pixels = tuple(axis.pixels for axis in self.axes)
        counts = [0] * POINTS
        self.places = []
        for a in self.rows.points:
            self.places.append([])
            for b in self.columns.points:
                point = 4 * a + b
                self.places[-1].append((point, counts[point]))
                counts[point] += 1
        self.starts = list(accumulate(counts, initial=0))
        self.components, self.most = self.starts[-1], max(counts)

    def numbers(self):
        """numbers[a][b]: the components' numbers, those of a point together."""
        return [[self.starts[point] + place for point, place in row] for row in self.places]
