"""Adadelta (Zeiler 2012)."""

import rushlight as torch
from rushlight.optim._options import check_at_least_zero, check_capturable, check_lr, number
from rushlight.optim._scalars import scalar_tensor
from rushlight.optim.optimizer import Optimizer, _use_grad_for_differentiable

__all__ = ["Adadelta"]


class Adadelta(Optimizer):
    """Each step: v = rho * v + (1 - rho) * g^2;  d = sqrt(u + eps) / sqrt(v + eps) * g;  p = p - lr * d.

    u is the running mean of d^2. State of a parameter: `step`, `square_avg` (v), `acc_delta` (u).
    """

    _scalar_names = ("step",)
    _option_fallbacks = {"foreach": None, "maximize": False, "differentiable": False, "capturable": False}

    def __init__(
        self,
        params,
        lr=1.0,
        rho=0.9,
        eps=1e-6,
        weight_decay=0,
        foreach=None,
        *,
        capturable=False,
        maximize=False,
        differentiable=False,
    ):
        check_lr(lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        if not 0.0 <= eps:
            raise ValueError(f"Invalid epsilon value: {eps}")
        check_at_least_zero(weight_decay, "weight_decay")
        defaults = dict(
            lr=lr,
            rho=rho,
            eps=eps,
            weight_decay=weight_decay,
            maximize=maximize,
            capturable=capturable,
            foreach=foreach,
            differentiable=differentiable,
        )
        super().__init__(params, defaults)

    @_use_grad_for_differentiable
    def step(self, closure=None):
        """Update the parameters once. `closure`, if given, computes the loss again and returns it."""
        return self._run(closure)

    def _init_state(self, group, param, state):
        state["step"] = scalar_tensor(0)
        state["square_avg"] = torch.zeros_like(param, memory_format=torch.preserve_format)
        state["acc_delta"] = torch.zeros_like(param, memory_format=torch.preserve_format)

    def _update_group(self, group):
        check_capturable(group, also=())
        lr = number(group["lr"])
        rho = group["rho"]
        eps = group["eps"]
        weight_decay = group["weight_decay"]
        maximize = group["maximize"]

        for param, grad, state, _ in self._ready(group):
            if maximize:
                grad = -grad
            if weight_decay != 0:
                grad = grad.add(param, alpha=weight_decay)
            square = state["square_avg"]
            moved = state["acc_delta"]
            square.mul_(rho).addcmul_(grad, grad, value=1 - rho)
            delta = (moved + eps).sqrt() / (square + eps).sqrt() * grad
            moved.mul_(rho).addcmul_(delta, delta, value=1 - rho)
            param.add_(delta, alpha=-lr)
