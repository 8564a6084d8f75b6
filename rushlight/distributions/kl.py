"""Kullback-Leibler divergences. Source: torch.distributions.kl."""
import functools
import math

import rushlight as torch
from rushlight import distributions as D
from rushlight.distributions.utils import sum_rightmost

__all__ = ["register_kl", "kl_divergence"]

_REGISTRY = {}


def register_kl(type_p, type_q):
    """A decorator: the function gives the divergence of p of one class from q of another (or of their subclasses)."""
    for given, which in ((type_p, "type_p"), (type_q, "type_q")):
        if not isinstance(given, type) or not issubclass(given, D.Distribution):
            raise TypeError(f"Expected {which} to be a Distribution subclass but got {given}")

    def decorator(fun):
        _REGISTRY[type_p, type_q] = fun
        _find.cache_clear()
        return fun

    return decorator


@functools.lru_cache(maxsize=None)
def _find(type_p, type_q):
    """The function of the nearest registered superclasses; None if there is none."""
    for p in type_p.__mro__:
        for q in type_q.__mro__:
            if (p, q) in _REGISTRY:
                return _REGISTRY[p, q]
    return None


def kl_divergence(p, q):
    """E[log p(x) - log q(x)] for x from p, of the shape of their batch."""
    fun = _find(type(p), type(q))
    if fun is None:
        raise NotImplementedError(f"No KL(p || q) is implemented for p type {p.__class__.__name__} and q type {q.__class__.__name__}")
    return fun(p, q)


def _infinite(like):
    return torch.full_like(like, math.inf)


# ------------------------------------------------------------------ of a distribution from its own kind
@register_kl(D.Bernoulli, D.Bernoulli)
def _bernoulli(p, q):
    softplus = torch.nn.functional.softplus
    t1 = p.probs * (softplus(-q.logits) - softplus(-p.logits))
    t1 = torch.where(q.probs == 0, torch.full_like(t1, math.inf), t1)
    t1 = torch.where(p.probs == 0, torch.zeros_like(t1), t1)
    t2 = (1 - p.probs) * (softplus(q.logits) - softplus(p.logits))
    t2 = torch.where(q.probs == 1, torch.full_like(t2, math.inf), t2)
    return t1 + torch.where(p.probs == 1, torch.zeros_like(t2), t2)


@register_kl(D.Binomial, D.Binomial)
def _binomial(p, q):
    if bool((p.total_count < q.total_count).any()):
        raise NotImplementedError("KL between Binomials where q.total_count > p.total_count is not implemented")
    kl = p.total_count * (p.probs * (p.logits - q.logits) + (-p.probs).log1p() - (-q.probs).log1p())
    return torch.where(p.total_count > q.total_count, _infinite(kl), kl)


@register_kl(D.Categorical, D.Categorical)
def _categorical(p, q):
    t = p.probs * (p.logits - q.logits)
    t = torch.where((q.probs == 0).expand_as(t), torch.full_like(t, math.inf), t)
    return torch.where((p.probs == 0).expand_as(t), torch.zeros_like(t), t).sum(-1)


@register_kl(D.OneHotCategorical, D.OneHotCategorical)
def _one_hot(p, q):
    return _categorical(p._categorical, q._categorical)


@register_kl(D.Beta, D.Beta)
def _beta(p, q):
    total_p, total_q = p.concentration1 + p.concentration0, q.concentration1 + q.concentration0
    t1 = q.concentration1.lgamma() + q.concentration0.lgamma() + total_p.lgamma()
    t2 = p.concentration1.lgamma() + p.concentration0.lgamma() + total_q.lgamma()
    t3 = (p.concentration1 - q.concentration1) * torch.digamma(p.concentration1)
    t4 = (p.concentration0 - q.concentration0) * torch.digamma(p.concentration0)
    return t1 - t2 + t3 + t4 + (total_q - total_p) * torch.digamma(total_p)


@register_kl(D.Dirichlet, D.Dirichlet)
def _dirichlet(p, q):
    total_p, total_q = p.concentration.sum(-1), q.concentration.sum(-1)
    t2 = (p.concentration.lgamma() - q.concentration.lgamma()).sum(-1)
    t4 = p.concentration.digamma() - total_p.digamma().unsqueeze(-1)
    return total_p.lgamma() - total_q.lgamma() - t2 + ((p.concentration - q.concentration) * t4).sum(-1)


@register_kl(D.Exponential, D.Exponential)
def _exponential(p, q):
    ratio = q.rate / p.rate
    return -ratio.log() + ratio - 1


@register_kl(D.Gamma, D.Gamma)
def _gamma(p, q):
    t1 = q.concentration * (p.rate / q.rate).log()
    t2 = torch.lgamma(q.concentration) - torch.lgamma(p.concentration)
    t3 = (p.concentration - q.concentration) * torch.digamma(p.concentration)
    return t1 + t2 + t3 + (q.rate - p.rate) * (p.concentration / p.rate)


@register_kl(D.Geometric, D.Geometric)
def _geometric(p, q):
    return -p.entropy() - torch.log1p(-q.probs) / p.probs - q.logits


@register_kl(D.Gumbel, D.Gumbel)
def _gumbel(p, q):
    from rushlight.distributions.gumbel import EULER

    ratio = p.scale / q.scale
    t1, t2 = q.loc / q.scale, p.loc / q.scale
    return -ratio.log() - t1 + t2 + ratio * EULER + torch.exp(t1 + (1 + ratio).lgamma() - t2) - (1 + EULER)


@register_kl(D.HalfNormal, D.HalfNormal)
def _half_normal(p, q):
    return _normal(p.base_dist, q.base_dist)


@register_kl(D.Laplace, D.Laplace)
def _laplace(p, q):
    ratio, distance = p.scale / q.scale, (p.loc - q.loc).abs()
    return -ratio.log() + distance / q.scale + ratio * torch.exp(-distance / p.scale) - 1


@register_kl(D.LogNormal, D.LogNormal)
def _log_normal(p, q):
    return _normal(p.base_dist, q.base_dist)


@register_kl(D.Normal, D.Normal)
def _normal(p, q):
    ratio = (p.scale / q.scale).pow(2)
    return 0.5 * (ratio + ((p.loc - q.loc) / q.scale).pow(2) - 1 - ratio.log())


@register_kl(D.MultivariateNormal, D.MultivariateNormal)
def _multivariate_normal(p, q):
    from rushlight.distributions.multivariate_normal import batch_mahalanobis

    if p.event_shape != q.event_shape:
        raise ValueError("KL-divergence between two Multivariate Normals with different event shapes cannot be computed")
    factor_p, factor_q = p._unbroadcasted_scale_tril, q._unbroadcasted_scale_tril
    half = factor_q.diagonal(dim1=-2, dim2=-1).log().sum(-1) - factor_p.diagonal(dim1=-2, dim2=-1).log().sum(-1)
    n = p.event_shape[0]
    batch = torch.broadcast_shapes(factor_p.shape[:-2], factor_q.shape[:-2])
    trace = torch.linalg.solve_triangular(factor_q.expand(batch + (n, n)), factor_p.expand(batch + (n, n)), upper=False).pow(2).sum((-2, -1))
    return half + 0.5 * (trace + batch_mahalanobis(factor_q, q.loc - p.loc) - n)


@register_kl(D.Pareto, D.Pareto)
def _pareto(p, q):
    ratio, alphas = p.scale / q.scale, q.alpha / p.alpha
    result = q.alpha * ratio.log() - alphas.log() + alphas - 1
    return torch.where(p.scale < q.scale, _infinite(result), result)


@register_kl(D.Poisson, D.Poisson)
def _poisson(p, q):
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


@register_kl(D.Uniform, D.Uniform)
def _uniform(p, q):
    result = ((q.high - q.low) / (p.high - p.low)).log()
    return torch.where((q.low > p.low) | (q.high < p.high), _infinite(result), result)


@register_kl(D.Cauchy, D.Cauchy)
def _cauchy(p, q):
    t1 = ((p.scale + q.scale).pow(2) + (p.loc - q.loc).pow(2)).log()
    return t1 - (4 * p.scale * q.scale).log()


@register_kl(D.Independent, D.Independent)
def _independent(p, q):
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


@register_kl(D.TransformedDistribution, D.TransformedDistribution)
def _transformed(p, q):
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), len(p.event_shape) - len(p.base_dist.event_shape))


# ------------------------------------------------------------------ of different kinds
@register_kl(D.Uniform, D.Normal)
def _uniform_normal(p, q):
    width = p.high - p.low
    t1 = (math.sqrt(math.pi * 2) * q.scale / width).log()
    return t1 + (width.pow(2) / 12 + ((p.high + p.low - 2 * q.loc) / 2).pow(2)) / (2 * q.scale.pow(2))


@register_kl(D.Laplace, D.Normal)
def _laplace_normal(p, q):
    variance = q.scale.pow(2)
    ratio = p.scale.pow(2) / variance
    t1 = 0.5 * torch.log(2 * ratio / math.pi)
    return -t1 + ratio + (0.5 * p.loc.pow(2) - p.loc * q.loc + 0.5 * q.loc.pow(2)) / variance - 1


@register_kl(D.Exponential, D.Gamma)
def _exponential_gamma(p, q):
    ratio = q.rate / p.rate
    return -q.concentration * torch.log(ratio) + ratio + q.concentration.lgamma() + q.concentration * _EULER - (1 + _EULER)


@register_kl(D.Gamma, D.Exponential)
def _gamma_exponential(p, q):
    return -p.entropy() - q.rate.log() + q.rate * p.concentration / p.rate


_EULER = 0.57721566490153286060


def _always_infinite(*pairs):
    """Pairs where p has values at which q has none."""
    def infinite(p, q):
        return torch.full(torch.broadcast_shapes(p.batch_shape, q.batch_shape), math.inf)

    for type_p, type_q in pairs:
        register_kl(type_p, type_q)(infinite)


_always_infinite((D.Normal, D.Beta), (D.Normal, D.Uniform), (D.Normal, D.Exponential), (D.Normal, D.Gamma), (D.Normal, D.Pareto),
                 (D.Laplace, D.Beta), (D.Laplace, D.Exponential), (D.Laplace, D.Gamma), (D.Laplace, D.Pareto), (D.Laplace, D.Uniform),
                 (D.Exponential, D.Beta), (D.Exponential, D.Pareto), (D.Exponential, D.Uniform), (D.Gamma, D.Beta), (D.Gamma, D.Pareto),
                 (D.Gamma, D.Uniform), (D.Gumbel, D.Beta), (D.Gumbel, D.Exponential), (D.Gumbel, D.Gamma), (D.Gumbel, D.Pareto),
                 (D.Gumbel, D.Uniform), (D.Beta, D.Pareto), (D.Uniform, D.Pareto), (D.Pareto, D.Beta), (D.Pareto, D.Uniform),
                 (D.Poisson, D.Bernoulli), (D.Poisson, D.Binomial))
