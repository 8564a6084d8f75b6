"""Adamax: Adam with the infinity norm (Kingma and Ba 2014, section 7.1)."""

import rushlight as torch
from rushlight.optim._options import check_at_least_zero, check_betas, check_capturable, check_lr, number
from rushlight.optim._scalars import scalar_tensor
from rushlight.optim.optimizer import Optimizer, _use_grad_for_differentiable

__all__ = ["Adamax"]


class Adamax(Optimizer):
    """Each step: m = running mean of g;  u = max(beta2 * u, |g| + eps);  p = p - lr / (1 - beta1^t) * m / u.

    State of a parameter: `step`, `exp_avg`, `exp_inf`.
    """

    _scalar_names = ("step",)
    _option_fallbacks = {"foreach": None, "maximize": False, "differentiable": False, "capturable": False}

    def __init__(
        self,
        params,
        lr=2e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0,
        foreach=None,
        *,
        maximize=False,
        differentiable=False,
        capturable=False,
    ):
        check_lr(lr)
        if not 0.0 <= eps:
            raise ValueError(f"Invalid epsilon value: {eps}")
        check_betas(betas)
        check_at_least_zero(weight_decay, "weight_decay")
        defaults = dict(
            lr=lr,
            betas=betas,
            eps=eps,
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
        state["exp_avg"] = torch.zeros_like(param, memory_format=torch.preserve_format)
        state["exp_inf"] = torch.zeros_like(param, memory_format=torch.preserve_format)

    def _update_group(self, group):
        check_capturable(group)
        lr = number(group["lr"])
        beta1, beta2 = (number(beta) for beta in group["betas"])
        eps = group["eps"]
        weight_decay = group["weight_decay"]
        maximize = group["maximize"]
        differentiable = group["differentiable"]

        for param, grad, state, record in self._ready(group):
            if maximize:
                grad = -grad
            if weight_decay != 0:
                grad = grad.add(param, alpha=weight_decay)
            mean = state["exp_avg"]
            mean.lerp_(grad, 1 - beta1)
            largest = torch.maximum(state["exp_inf"] * beta2, grad.abs().add_(eps))
            state["exp_inf"].copy_(largest)
            if differentiable:
                mean = mean.clone()
            param.addcdiv_(mean, largest, value=-lr / (1 - beta1**record.step))
