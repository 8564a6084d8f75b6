"""The gamma distribution."""
import rushlight as torch
from rushlight.distributions import constraints
from rushlight.distributions.exp_family import ExponentialFamily
from rushlight.distributions.utils import all_numbers, broadcast_all

__all__ = ["Gamma"]


class StandardGamma(torch.autograd.Function):
    """torch._standard_gamma with its gradient: by the implicit function theorem, -(dP/da) / (dP/dx) (Figurnov et al. 2018)."""

    @staticmethod
    def forward(ctx, concentration):
        out = torch._standard_gamma(concentration)
        ctx.save_for_backward(concentration, out)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad):
        concentration, out = ctx.saved_tensors
        a, x = concentration.double(), out.double()
        step = a * 1e-5
        slope = (torch.igamma(a + step, x) - torch.igamma(a - step, x)) / (2 * step)
        density = torch.exp((a - 1) * x.log() - x - torch.lgamma(a))
        return grad * (-slope / density).to(out.dtype)


def standard_gamma(concentration):
    """Gamma numbers of rate 1, differentiable in the concentration."""
    return StandardGamma.apply(concentration)


class Gamma(ExponentialFamily):
    """Density proportional to x^(concentration - 1) exp(-rate x)."""

    arg_constraints = {"concentration": constraints.positive, "rate": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True
    _parameters = {"concentration": 0, "rate": 0}
    _mean_carrier_measure = 0

    def __init__(self, concentration, rate, validate_args=None):
        number = all_numbers(concentration, rate)
        self.concentration, self.rate = broadcast_all(concentration, rate)
        super().__init__(() if number else self.concentration.size(), validate_args=validate_args)

    mean = property(lambda self: self.concentration / self.rate)
    mode = property(lambda self: ((self.concentration - 1) / self.rate).clamp(min=0))
    variance = property(lambda self: self.concentration / self.rate.pow(2))

    def rsample(self, sample_shape=()):
        shape = self._extended_shape(sample_shape)
        value = standard_gamma(self.concentration.expand(shape)) / self.rate.expand(shape)
        value.detach().clamp_(min=torch.finfo(value.dtype).tiny)        # the density may be infinite at 0
        return value

    def log_prob(self, value):
        value = torch.as_tensor(value, dtype=self.rate.dtype)
        if self._validate_args:
            self._validate_sample(value)
        return (torch.xlogy(self.concentration, self.rate) + torch.xlogy(self.concentration - 1, value) - self.rate * value
                - torch.lgamma(self.concentration))

    def entropy(self):
        return (self.concentration - torch.log(self.rate) + torch.lgamma(self.concentration)
                + (1.0 - self.concentration) * torch.digamma(self.concentration))

    def cdf(self, value):
        if self._validate_args:
            self._validate_sample(value)
        return torch.special.gammainc(self.concentration, self.rate * value)

    @property
    def _natural_params(self):
        return self.concentration - 1, -self.rate

    def _log_normalizer(self, x, y):
        return torch.lgamma(x + 1) + (x + 1) * torch.log(-y.reciprocal())
