"""erf and erfc. Near zero a polynomial of the square; farther out the error function's complement, as a power of two.

The polynomials are least in their greatest error (Lawson's iteration over Chebyshev's points, in 50 digits).
"""
import math

from . import mathematics as m
from ..numpy.special_tables import ERFCX
from .mathematics_powers import SHORT_EXP2_TERMS, two_to
from .mathematics_values import in_double, of, polynomial, where

_NEAR = 0.9
# erf(x) / x - 1 in x^2, up to 0.9
_ERF = {
    "float": (0.1283791553183524, -0.37612532440408925, 0.11282229915204536, -0.02678195531834518, 0.005016226128087316,
              -0.0006111280956709771),
    "double": (0.1283791670955126, -0.3761263890318373, 0.1128379167095382, -0.026866170644828793, 0.005223977621820335,
               -0.0008548326767343442, 0.00012055321485752547, -1.4925309916242023e-05, 1.6455364004219582e-06, -1.6276850922214557e-07,
               1.4053167483603041e-08, -8.497779349709803e-10)}
# up to where; log2(erfc(x)) in x - 0.9
_LOG2_ERFC = {
    "float": (4.0, (-2.2997962038036315, -3.5658130067553326, -1.19747844507206, -0.0659532811909917, 0.015757966552981086,
                    -0.0028721502293722065, 0.00028447483447215967)),
    "double": (6.0, (-2.2997961923347323, -3.5658141640193097, -1.1974610760798279, -0.0660423331268034, 0.015952244457086553,
                     -0.003048605586678161, 0.00030365175929499905, 7.461073077468192e-05, -5.304310766211969e-05, 1.6962730757718678e-05,
                     -3.15601675199626e-06, 4.2516548429340736e-08, 2.100096155634099e-07, -8.50805163387999e-08, 1.95957706557649e-08,
                     -2.8695450119844458e-09, 2.495471864688784e-10, -9.855782159817636e-12))}
# (1 + 2 x) erfcx(x) in (x - 4) / (x + 4), for floats
_ERFCX = (1.232995119843861, -0.1396210632968176, 0.01537945914761796, 0.0680939745209094, -0.10103574806337956, 0.0937831591713237,
          -0.06632487183597106, 0.036852952032724554, -0.01647383501902666, 0.005667713084949657, 0.00023039299711993195)


def _erf(x):
    t = x.abs()
    near = x.fma(polynomial(x * x, _ERF[x.type]), x)
    end, table = _LOG2_ERFC[x.type]
    far = 1 - two_to(polynomial(where(t > end, t.like(end), t) - _NEAR, table))
    return where(t > _NEAR, far.copysign(x), near)


def _erfc(x, full):
    t = x.abs()
    t = where(t > 28, t.like(28), t)
    near = 1 - x.fma(polynomial(x * x, _ERF["double" if full else "float"]), x)
    square = t * t
    below = 1 + 2 * t
    ratio = (t - 4) / (t + 4)
    if full:                                        # what the square, the sum and the quotient lost
        low, high, table = ERFCX
        above = polynomial(ratio.fma(2 / (high - low), -(high + low) / (high - low)), table[::-1])
        q = above / below
        lost = ((-q).fma(below, above) - q * ((1 - below) + 2 * t)) / below - q * t.fma(t, -square)
        fall = (-square).through(m.exp)
        far = fall * q + fall * lost
    else:
        fall = two_to(square * (-1 / math.log(2)), terms=SHORT_EXP2_TERMS)
        far = fall * (polynomial(ratio, _ERFCX) / below)
    return where(t < 0.5, near, where(x < 0, 2 - far, far))


erf, erfc = of(_erf), in_double(_erfc)
