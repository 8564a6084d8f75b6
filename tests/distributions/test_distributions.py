"""torch.distributions against PyTorch: the same draws, densities, moments, entropies, divergences, gradients, printed forms, errors."""
import pytest
import rushlight as torch

# name: how to make it, from V (torch.tensor) and T
MADE = {
    "Normal": "Normal(V([0.0, 1.0]), V([1.0, 2.0]))", "NormalNumbers": "Normal(0.5, 2.0)", "Uniform": "Uniform(V([0.0, 1.0]), V([1.0, 3.0]))",
    "Bernoulli": "Bernoulli(V([0.3, 0.6]))", "BernoulliLogits": "Bernoulli(logits=V([0.3, -0.6]))", "Categorical": "Categorical(V([[0.2, 0.3, 0.5], [1.0, 1.0, 2.0]]))",
    "CategoricalLogits": "Categorical(logits=V([0.2, 0.3, 0.5]))", "OneHotCategorical": "OneHotCategorical(V([0.2, 0.3, 0.5]))",
    "Beta": "Beta(V([2.0, 0.5]), V([3.0, 0.5]))", "Dirichlet": "Dirichlet(V([1.0, 2.0, 3.0]))", "Gamma": "Gamma(V([2.0, 0.5]), V([3.0, 1.0]))",
    "Chi2": "Chi2(V([3.0, 5.0]))", "Exponential": "Exponential(V([2.0, 0.5]))", "Laplace": "Laplace(V([0.0, 1.0]), V([1.0, 2.0]))",
    "Cauchy": "Cauchy(V([0.0, 1.0]), V([1.0, 2.0]))", "HalfNormal": "HalfNormal(V([1.0, 2.0]))", "HalfCauchy": "HalfCauchy(V([1.0, 2.0]))",
    "LogNormal": "LogNormal(V([0.0, 1.0]), V([1.0, 0.5]))", "Gumbel": "Gumbel(V([0.0, 1.0]), V([1.0, 2.0]))", "Pareto": "Pareto(V([1.0, 2.0]), V([3.0, 4.0]))",
    "Weibull": "Weibull(V([1.0, 2.0]), V([2.0, 3.0]))", "Kumaraswamy": "Kumaraswamy(V([2.0, 3.0]), V([3.0, 1.5]))", "InverseGamma": "InverseGamma(V([3.0, 4.0]), V([3.0, 1.0]))",
    "Geometric": "Geometric(V([0.3, 0.6]))", "Poisson": "Poisson(V([3.0, 0.5]))", "Binomial": "Binomial(5, V([0.3, 0.6]))", "NegativeBinomial": "NegativeBinomial(5, V([0.3, 0.6]))",
    "Multinomial": "Multinomial(5, V([0.2, 0.3, 0.5]))", "MultivariateNormal": "MultivariateNormal(T.zeros(2), V([[2.0, 0.5], [0.5, 1.0]]))",
    "MultivariateNormalBatch": "MultivariateNormal(T.zeros(3, 2), scale_tril=V([[2.0, 0.0], [0.5, 1.0]]))",
    "MultivariateNormalPrecision": "MultivariateNormal(T.ones(2), precision_matrix=V([[2.0, 0.5], [0.5, 1.0]]))",
    "StudentT": "StudentT(V([3.0, 5.0]), 1.0, 2.0)", "FisherSnedecor": "FisherSnedecor(V([3.0, 6.0]), V([5.0, 7.0]))",
    "Independent": "Independent(D.Normal(T.zeros(3, 2), T.ones(3, 2)), 1)", "RelaxedBernoulli": "RelaxedBernoulli(V(0.5), V([0.3, 0.6]))",
    "RelaxedOneHot": "RelaxedOneHotCategorical(V(0.5), V([0.2, 0.3, 0.5]))", "Mixture": "MixtureSameFamily(D.Categorical(T.ones(2)), D.Normal(V([0.0, 3.0]), 1.0))",
    "MixtureVectors": "MixtureSameFamily(D.Categorical(V([1.0, 3.0])), D.Independent(D.Normal(T.zeros(2, 3), T.ones(2, 3)), 1))",
    "Transformed": "TransformedDistribution(D.Normal(V([0.0, 1.0]), 1.0), [D.transforms.AffineTransform(1.0, 2.0), D.transforms.TanhTransform()])",
    "LogisticNormal": "LogisticNormal(V([0.0, 1.0]), V([1.0, 0.5]))",
}


def make(T, name):
    return eval("D." + MADE[name], {"D": T.distributions, "V": T.tensor, "T": T})


def plain(value):
    return value.tolist() if hasattr(value, "tolist") else value


def near(mine, right, tolerance=2e-4):
    mine, right = plain(mine), plain(right)
    if isinstance(right, list):
        assert len(mine) == len(right)
        for a, b in zip(mine, right):
            near(a, b, tolerance)
    elif isinstance(right, str):
        assert mine == right
    else:
        assert mine == pytest.approx(right, rel=tolerance, abs=tolerance, nan_ok=True)


def attempt(function):
    """The result, or the name of the exception."""
    try:
        return function()
    except Exception as error:
        return type(error).__name__


@pytest.mark.parametrize("name", MADE)
def test_draws(oracle, name):
    for shape in ((), (3,), (2, 4)):
        drawn = []
        for T in (torch, oracle):
            T.manual_seed(7)
            drawn.append(make(T, name).sample(shape))
        near(*drawn, 1e-4)
        assert tuple(drawn[0].shape) == tuple(drawn[1].shape) and str(drawn[0].dtype) == str(drawn[1].dtype)


@pytest.mark.parametrize("name", MADE)
def test_properties(oracle, name):
    mine, right = make(torch, name), make(oracle, name)
    oracle.manual_seed(3)
    values = right.sample((4,))
    if name in ("RelaxedOneHot", "LogisticNormal", "Transformed"):
        values = values.clamp(1e-3, 1 - 1e-3)
        values = values / values.sum(-1, keepdim=True) if name != "Transformed" else values
    ours = torch.tensor(values.tolist()).to(getattr(torch, str(values.dtype).split(".")[1]))
    near(mine.log_prob(ours), right.log_prob(values))
    for what in ("mean", "variance", "stddev", "mode", "batch_shape", "event_shape"):
        a, b = attempt(lambda: getattr(mine, what)), attempt(lambda: getattr(right, what))
        near(a, b) if not isinstance(b, tuple) else near(list(a), list(b))
    for what in ("entropy", "perplexity", "enumerate_support"):
        near(attempt(getattr(mine, what)), attempt(getattr(right, what)))
    for what, a, b in (("cdf", ours, values), ("icdf", torch.tensor(0.3), oracle.tensor(0.3))):
        near(attempt(lambda: getattr(mine, what)(a)), attempt(lambda: getattr(right, what)(b)))
    assert repr(mine) == repr(right)
    assert repr(attempt(lambda: mine.support)) == repr(attempt(lambda: right.support))
    assert (mine.has_rsample, mine.has_enumerate_support) == (right.has_rsample, right.has_enumerate_support)


@pytest.mark.parametrize("name", MADE)
def test_expanded(oracle, name):
    drawn = []
    for T in (torch, oracle):
        d = make(T, name)
        wide = d.expand((2,) + tuple(d.batch_shape))
        T.manual_seed(1)
        sample = wide.sample((3,))
        drawn.append((sample, wide.log_prob(sample if name not in ("RelaxedOneHot",) else sample.clamp(1e-4))) if name != "LogisticNormal" else (sample, sample))
        assert tuple(wide.batch_shape) == (2,) + tuple(d.batch_shape)
    near(drawn[0][0], drawn[1][0])
    near(drawn[0][1], drawn[1][1], 2e-3)


GRADIENTS = {
    "Normal": "Normal(a, b)", "Uniform": "Uniform(a, a + b)", "Laplace": "Laplace(a, b)", "Gamma": "Gamma(b, b)", "Exponential": "Exponential(b)",
    "StudentT": "StudentT(b + 2, a, b)", "LogNormal": "LogNormal(a, b)", "Gumbel": "Gumbel(a, b)", "Weibull": "Weibull(b, b + 1)", "Chi2": "Chi2(b)",
    "MultivariateNormal": "MultivariateNormal(a, scale_tril=T.diag(b))", "RelaxedBernoulli": "RelaxedBernoulli(T.tensor(0.5), logits=a)",
    "RelaxedOneHot": "RelaxedOneHotCategorical(T.tensor(0.5), logits=a)", "Straight": "OneHotCategoricalStraightThrough(logits=a)",
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_of_samples(oracle, name):
    found = []
    for T in (torch, oracle):
        a = T.tensor([0.5, -0.2], requires_grad=True)
        b = T.tensor([1.5, 0.7], requires_grad=True)
        T.manual_seed(2)
        d = eval("D." + GRADIENTS[name], {"D": T.distributions, "T": T, "a": a, "b": b})
        (d.rsample((3,)) * T.arange(6.0).reshape(3, 2)).sum().backward()
        found.append([g.grad for g in (a, b)])
    for mine, right in zip(*found):
        if right is None:
            assert mine is None
        else:
            near(mine, right, 2e-3)


def test_gradients_of_densities(oracle):
    for text in ("Normal(a, b)", "Gamma(b, b + 1)", "Beta(b, b + 1)", "Laplace(a, b)", "StudentT(b, a, b)", "LogNormal(a, b)"):
        found = []
        for T in (torch, oracle):
            a, b = T.tensor([0.5, -0.2], requires_grad=True), T.tensor([1.5, 0.7], requires_grad=True)
            d = eval("D." + text, {"D": T.distributions, "a": a, "b": b})
            d.log_prob(T.tensor([0.3, 0.6])).sum().backward()
            found.append([g.grad for g in (a, b)])
        near(found[0][1], found[1][1], 1e-3)


PAIRS = ["Normal", "Bernoulli", "Categorical", "OneHotCategorical", "Beta", "Dirichlet", "Gamma", "Exponential", "Geometric", "Gumbel", "HalfNormal", "Laplace",
         "LogNormal", "MultivariateNormal", "Pareto", "Poisson", "Uniform", "Cauchy", "Independent", "Binomial"]
OTHERS = {"Normal": "Normal(V([1.0, 0.0]), V([2.0, 1.0]))", "Bernoulli": "Bernoulli(V([0.5, 0.2]))", "Categorical": "Categorical(V([0.1, 0.6, 0.3]))",
          "OneHotCategorical": "OneHotCategorical(V([0.1, 0.6, 0.3]))", "Beta": "Beta(V([1.0, 2.0]), V([1.0, 3.0]))", "Dirichlet": "Dirichlet(V([2.0, 1.0, 1.0]))",
          "Gamma": "Gamma(V([1.0, 2.0]), V([2.0, 2.0]))", "Exponential": "Exponential(V([1.0, 1.0]))", "Geometric": "Geometric(V([0.5, 0.5]))",
          "Gumbel": "Gumbel(V([1.0, 1.0]), V([2.0, 1.0]))", "HalfNormal": "HalfNormal(V([2.0, 1.0]))", "Laplace": "Laplace(V([1.0, 0.0]), V([2.0, 1.0]))",
          "LogNormal": "LogNormal(V([1.0, 0.0]), V([2.0, 1.0]))", "MultivariateNormal": "MultivariateNormal(T.ones(2), T.eye(2))", "Pareto": "Pareto(V([0.5, 1.0]), V([2.0, 2.0]))",
          "Poisson": "Poisson(V([1.0, 1.0]))", "Uniform": "Uniform(V([-1.0, 2.0]), V([2.0, 5.0]))", "Cauchy": "Cauchy(V([1.0, 0.0]), V([2.0, 1.0]))",
          "Independent": "Independent(D.Normal(T.ones(3, 2), T.ones(3, 2)), 1)", "Binomial": "Binomial(5, V([0.5, 0.5]))"}


@pytest.mark.parametrize("name", PAIRS)
def test_divergences(oracle, name):
    found = []
    for T in (torch, oracle):
        q = eval("D." + OTHERS[name], {"D": T.distributions, "V": T.tensor, "T": T})
        found.append((T.distributions.kl_divergence(make(T, name), q), T.distributions.kl_divergence(q, make(T, name))))
    near(list(map(plain, found[0])), list(map(plain, found[1])))


def test_divergences_of_different_kinds(oracle):
    for p, q in (("Uniform", "Normal"), ("Laplace", "Normal"), ("Normal", "Beta"), ("Exponential", "Gamma"), ("Gamma", "Exponential")):
        near(*[T.distributions.kl_divergence(make(T, p), make(T, q)) for T in (torch, oracle)])
    with pytest.raises(NotImplementedError, match="No KL"):
        torch.distributions.kl_divergence(make(torch, "Normal"), make(torch, "Dirichlet"))


REFUSED = [
    "D.Normal(0.0, -1.0)", "D.Normal(V([0.0, 1.0]), V([1.0, -1.0]))", "D.Normal(0.0, 1.0).log_prob(V(nan))", "D.Normal(0.0, 1.0).log_prob(1.0)",
    "D.Normal(V([0.0, 1.0]), 1.0).log_prob(T.zeros(3))", "D.Uniform(1.0, 0.0)", "D.Uniform(0.0, 2.0).log_prob(V(3.0))", "D.Bernoulli(1.3)",
    "D.Bernoulli(0.3, logits=0.2)", "D.Bernoulli()", "D.Bernoulli(0.3).log_prob(V(0.5))", "D.Categorical(V([1.0, 1.0, -2.0]))", "D.Categorical(V(1.0))",
    "D.Categorical(V([1.0, 2.0])).log_prob(V(3))", "D.OneHotCategorical(V([1.0, 2.0])).log_prob(V([1.0, 1.0]))", "D.Dirichlet(V(1.0))",
    "D.Dirichlet(V([1.0, 2.0])).log_prob(V([0.2, 0.3]))", "D.Exponential(-2.0)", "D.Geometric(0.0)", "D.Poisson(3.0).log_prob(V(-2.0))",
    "D.Binomial(5, 0.3).log_prob(V(6.0))", "D.Multinomial(5, V([0.2, 0.8])).log_prob(V([1.0, 5.0]))", "D.MultivariateNormal(T.zeros(2), -T.eye(2))",
    "D.MultivariateNormal(T.zeros(2))", "D.MultivariateNormal(V(0.0), T.eye(2))", "D.Independent(D.Normal(T.zeros(2), T.ones(2)), 2)", "D.Normal(0.0, 1.0).sample(2)",
    "D.Normal('a', 1.0)", "D.Normal(T.zeros(2), T.ones(2)).log_prob(T.zeros(2, 3))", "D.MultivariateNormal(T.zeros(2), T.eye(2)).log_prob(T.zeros(3))",
    "D.Distribution.set_default_validate_args(3)", "D.transform_to(D.constraints.dependent)",
]


@pytest.mark.parametrize("text", REFUSED)
def test_refusals(oracle, text):
    outcomes = []
    for T in (torch, oracle):
        with pytest.raises(Exception) as caught:
            eval(text, {"D": T.distributions, "V": T.tensor, "T": T, "nan": float("nan")})
        outcomes.append((type(caught.value).__name__, str(caught.value)))
    assert outcomes[0] == outcomes[1]


TRANSFORMS = ["ExpTransform()", "SigmoidTransform()", "TanhTransform()", "SoftplusTransform()", "AffineTransform(1.0, -2.0)", "StickBreakingTransform()",
              "ComposeTransform([t.AffineTransform(0.5, 0.3), t.TanhTransform()])", "ExpTransform(cache_size=1)", "IndependentTransform(t.ExpTransform(), 1)"]


@pytest.mark.parametrize("text", TRANSFORMS)
def test_transforms(oracle, text):
    found = []
    for T in (torch, oracle):
        transform = eval("t." + text, {"t": T.distributions.transforms})
        x = T.tensor([0.3, -0.7, 1.1])
        y = transform(x)
        found.append([y, transform.inv(y), transform.log_abs_det_jacobian(x, y)])
        assert repr(transform.inv) if "Compose" not in text else True
    near(list(map(plain, found[0])), list(map(plain, found[1])))
    near(found[0][1], [0.3, -0.7, 1.1])


def test_constraints(oracle):
    for text in ("positive", "unit_interval", "simplex", "interval(0.0, 2.0)", "real_vector", "independent(c.real, 1)", "nonnegative_integer", "lower_cholesky", "dependent",
                 "integer_interval(0, 3)", "greater_than(1.0)", "positive_definite", "boolean", "one_hot"):
        assert repr(eval("c." + text, {"c": torch.distributions.constraints})) == repr(eval("c." + text, {"c": oracle.distributions.constraints}))
    for text in ("positive", "simplex", "interval(0.0, 2.0)", "real", "less_than(1.0)", "unit_interval"):
        results = [T.distributions.transform_to(eval("c." + text, {"c": T.distributions.constraints}))(T.tensor([0.3, -1.0])) for T in (torch, oracle)]
        near(*results)


def test_a_policy_gradient():
    """REINFORCE, as programs write it."""
    torch.manual_seed(0)
    logits = torch.zeros(2, requires_grad=True)
    optimizer = torch.optim.SGD([logits], lr=0.5)
    for _ in range(60):
        d = torch.distributions.Categorical(logits=logits)
        action = d.sample((16,))
        reward = (action == 1).float()
        loss = -(d.log_prob(action) * (reward - reward.mean())).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert torch.softmax(logits, -1)[1] > 0.9


def test_a_subclass_without_parameters_named():
    class Half(torch.distributions.Distribution):
        arg_constraints = {}
        support = torch.distributions.constraints.real

        def rsample(self, sample_shape=()):
            return torch.full(self._extended_shape(sample_shape), 0.5)

    assert Half((2,)).sample((3,)).shape == (3, 2) and repr(Half()) == "Half()"
