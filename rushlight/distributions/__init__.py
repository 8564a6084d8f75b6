"""Probability distributions: sampling, densities, entropies, divergences. Names as in `torch.distributions`.

Each distribution has its file, loaded when first named.
"""
from importlib import import_module as _import_module

_PLACES = {
    "distribution": "Distribution", "exp_family": "ExponentialFamily", "normal": "Normal", "uniform": "Uniform",
    "bernoulli": "Bernoulli", "categorical": "Categorical", "one_hot_categorical": "OneHotCategorical OneHotCategoricalStraightThrough",
    "beta": "Beta", "dirichlet": "Dirichlet", "gamma": "Gamma", "chi2": "Chi2", "exponential": "Exponential", "laplace": "Laplace",
    "cauchy": "Cauchy", "half_normal": "HalfNormal", "half_cauchy": "HalfCauchy", "log_normal": "LogNormal",
    "logistic_normal": "LogisticNormal", "gumbel": "Gumbel", "pareto": "Pareto", "weibull": "Weibull", "kumaraswamy": "Kumaraswamy",
    "inverse_gamma": "InverseGamma", "geometric": "Geometric", "poisson": "Poisson", "binomial": "Binomial",
    "negative_binomial": "NegativeBinomial", "multinomial": "Multinomial", "multivariate_normal": "MultivariateNormal",
    "studentT": "StudentT", "fishersnedecor": "FisherSnedecor", "independent": "Independent",
    "transformed_distribution": "TransformedDistribution", "relaxed_bernoulli": "RelaxedBernoulli LogitRelaxedBernoulli",
    "relaxed_categorical": "RelaxedOneHotCategorical ExpRelaxedCategorical", "mixture_same_family": "MixtureSameFamily",
    "kl": "kl_divergence register_kl", "constraint_registry": "biject_to transform_to",
    "transforms": """Transform ComposeTransform AffineTransform ExpTransform PowerTransform SigmoidTransform TanhTransform SoftplusTransform
        AbsTransform SoftmaxTransform StickBreakingTransform LowerCholeskyTransform IndependentTransform ReshapeTransform
        identity_transform""",
}
_NAMES = {name: place for place, names in _PLACES.items() for name in names.split()}
_MISSING = frozenset("""ContinuousBernoulli CorrCholeskyTransform CumulativeDistributionTransform GeneralizedPareto LKJCholesky
    LowRankMultivariateNormal VonMises Wishart CatTransform StackTransform PositiveDefiniteTransform""".split())

__all__ = sorted(_NAMES)


def __getattr__(name):
    if name in _NAMES:
        found = globals()[name] = getattr(_import_module(f"{__name__}.{_NAMES[name]}"), name)
        return found
    if name in _PLACES or name in ("constraints", "utils"):
        return _import_module(f"{__name__}.{name}")
    if name in _MISSING:
        raise AttributeError(f"rushlight has no torch.distributions.{name} yet")
    raise AttributeError(f"module 'torch.distributions' has no attribute {name!r}")
