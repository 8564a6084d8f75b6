"""Resilient backpropagation (Riedmiller and Braun 1993): only the signs of gradients count."""

import rushlight as torch
from rushlight.optim._options import check_capturable, check_lr, number
from rushlight.optim._scalars import scalar_tensor
from rushlight.optim.optimizer import Optimizer, _use_grad_for_differentiable

__all__ = ["Rprop"]


class Rprop(Optimizer):
    """Each step, by element: p = p - sign(g) * step size.

    Where the gradient kept its sign the step size has grown by etas[1]; where it turned it has shrunk by etas[0], and
    the element rests this once. Step sizes stay within `step_sizes`. State of a parameter: `step`, `prev` (the last
    gradient used), `step_size`.
    """

    _scalar_names = ("step",)
    _option_fallbacks = {"foreach": None, "maximize": False, "differentiable": False, "capturable": False}

    def __init__(
        self,
        params,
        lr=1e-2,
        etas=(0.5, 1.2),
        step_sizes=(1e-6, 50),
        *,
        capturable=False,
        foreach=None,
        maximize=False,
        differentiable=False,
    ):
        check_lr(lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        defaults = dict(
            lr=lr,
            etas=etas,
            step_sizes=step_sizes,
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
        start = number(group["lr"])
        if param.is_complex():
            start = complex(start, start)
        state["step"] = scalar_tensor(0)
        state["prev"] = torch.zeros_like(param, memory_format=torch.preserve_format)
        state["step_size"] = torch.full_like(param, start, memory_format=torch.preserve_format)

    def _update_group(self, group):
        check_capturable(group)
        shrink, grow = group["etas"]
        smallest, largest = group["step_sizes"]
        maximize = group["maximize"]
        differentiable = group["differentiable"]

        for param, grad, state, _ in self._ready(group):
            if maximize:
                grad = -grad
            previous = state["prev"]
            step_size = state["step_size"]
            agreement = grad * (previous.clone() if differentiable else previous)
            turned = agreement < 0
            factor = torch.where(agreement > 0, grow, torch.ones_like(grad))
            factor = torch.where(turned, shrink, factor)
            step_size.mul_(factor).clamp_(smallest, largest)
            grad = torch.where(turned, 0.0, grad)
            param.addcmul_(grad.sign(), step_size.clone() if differentiable else step_size, value=-1)
            previous.copy_(grad)
