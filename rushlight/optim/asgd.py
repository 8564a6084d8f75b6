"""Averaged stochastic gradient descent (Polyak and Juditsky 1992; step sizes as in Bottou's svmasgd)."""

import rushlight as torch
from rushlight.optim._options import check_at_least_zero, check_capturable, check_lr, number
from rushlight.optim._scalars import round_to_float32, scalar_tensor
from rushlight.optim.optimizer import Optimizer, _use_grad_for_differentiable

__all__ = ["ASGD"]


class ASGD(Optimizer):
    """Each step t: p = p * (1 - lambd * eta) - eta * g;  the average ax moves towards p by mu.

    eta = lr / (1 + lambd * lr * t)^alpha;  mu = 1 / max(1, t - t0). State of a parameter: `step`, `eta`, `mu`, `ax`.
    """

    _scalar_names = ("step", "eta", "mu")
    _option_fallbacks = {"foreach": None, "maximize": False, "differentiable": False, "capturable": False}

    def __init__(
        self,
        params,
        lr=1e-2,
        lambd=1e-4,
        alpha=0.75,
        t0=1e6,
        weight_decay=0,
        foreach=None,
        maximize=False,
        differentiable=False,
        capturable=False,
    ):
        check_lr(lr)
        check_at_least_zero(weight_decay, "weight_decay")
        defaults = dict(
            lr=lr,
            lambd=lambd,
            alpha=alpha,
            t0=t0,
            weight_decay=weight_decay,
            foreach=foreach,
            maximize=maximize,
            differentiable=differentiable,
            capturable=capturable,
        )
        super().__init__(params, defaults)

    @_use_grad_for_differentiable
    def step(self, closure=None):
        """Update the parameters once. `closure`, if given, computes the loss again and returns it."""
        return self._run(closure)

    def _init_state(self, group, param, state):
        state["step"] = scalar_tensor(0)
        state["eta"] = scalar_tensor(number(group["lr"]))
        state["mu"] = scalar_tensor(1)
        state["ax"] = torch.zeros_like(param, memory_format=torch.preserve_format)

    def _update_group(self, group):
        check_capturable(group, "params, mus, etas, and state_steps")
        lr = number(group["lr"])
        lambd = group["lambd"]
        alpha = group["alpha"]
        t0 = group["t0"]
        weight_decay = group["weight_decay"]
        maximize = group["maximize"]

        for param, grad, state, record in self._ready(group):
            if maximize:
                grad = -grad
            if weight_decay != 0:
                grad = grad.add(param, alpha=weight_decay)
            eta, mu = record.eta, record.mu
            param.mul_(1 - lambd * eta)
            param.add_(grad, alpha=-eta)
            average = state["ax"]
            if mu == 1:
                average.copy_(param)
            else:
                average.add_((param - average).mul_(mu))
            held = round_to_float32 if record.state["eta"].dtype == torch.float32 else float
            record.eta = held(lr / (1 + lambd * lr * record.step) ** alpha)
            record.mu = held(1 / max(1, record.step - t0))
