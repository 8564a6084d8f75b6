"""erf and erfc. Near zero a polynomial of the square; farther out the error function's complement, as a power of two.

The polynomials are least in their greatest error (Lawson's iteration over Chebyshev's points, in 50 digits).
"""
from . import mathematics as m
from ..numpy.special_tables import ERFCX
from .mathematics_powers import two_to
from .mathematics_values import in_double, of, polynomial, where

_NEAR = 0.9
# erf(x) / x in x^2, up to 0.9
_ERF = {
    "float": (1.1283791553183524, -0.37612532440408925, 0.11282229915204536, -0.02678195531834518, 0.005016226128087316,
              -0.0006111280956709771),
    "double": (1.1283791670955126, -0.3761263890318373, 0.1128379167095382, -0.026866170644828793, 0.005223977621820335,
               -0.0008548326767343442, 0.00012055321485752547, -1.4925309916242023e-05, 1.6455364004219582e-06, -1.6276850922214557e-07,
               1.4053167483603041e-08, -8.497779349709803e-10)}
# up to where; log2(erfc(x)) in x brought from [0.9, there] to [-1, 1]
_LOG2_ERFC = {
    "float": (4.0, (-10.88014614695968, -11.75868983025079, -3.2658036378888453, -0.05984387532318431, 0.021648279556886182,
                    -0.0020267136836279102, 0.003944882230404803)),
    "double": (6.0, (-19.83929103705155, -26.375542597842415, -9.061752692102965, -0.129277158214842, 0.05559814066190716,
                     -0.02408559605437421, 0.010228405400076865, -0.004142899882423236, 0.001763672717010073, -0.00028123120896479843,
                     0.00018073562948272298, -0.0011271684522543184, -0.0027530444929270304, -0.0037303436077131035,
                     -0.0032293968465673256, -0.001759678686718227, -0.0005679795323296109, -8.032933342453571e-05))}
# (1 + 2 x) erfcx(x) in (x - 4) / (x + 4), for floats
_ERFCX = (1.232995119843861, -0.1396210632968176, 0.01537945914761796, 0.0680939745209094, -0.10103574806337956, 0.0937831591713237,
          -0.06632487183597106, 0.036852952032724554, -0.01647383501902666, 0.005667713084949657, 0.00023039299711993195)


def _shifted(x, low, high):
    """x from [low, high] to [-1, 1]."""
    return x.fma(2 / (high - low), -(high + low) / (high - low))


def _erf(x):
    t = x.abs()
    near = x * polynomial(x * x, _ERF[x.type])
    end, table = _LOG2_ERFC[x.type]
    far = 1 - two_to(polynomial(_shifted(where(t > end, t.like(end), t), _NEAR, end), table))
    return where(t > _NEAR, far.copysign(x), near)


def _erfc(x, full):
    t = x.abs()
    t = where(t > 28, t.like(28), t)
    near = 1 - x * polynomial(x * x, _ERF["double" if full else "float"])
    if full:
        low, high, table = ERFCX
        scaled = polynomial(_shifted(1 - 8 / (t + 4), low, high), table[::-1])
    else:
        scaled = polynomial((t - 4) / (t + 4), _ERFCX)
    square = t * t
    fall = (-square).through(m.exp)
    fall = fall - fall * t.fma(t, -square) if full else fall
    far = fall * (scaled / (1 + 2 * t))
    return where(t < 0.5, near, where(x < 0, 2 - far, far))


erf, erfc = of(_erf), in_double(_erfc)
