"""Stochastic gradient descent, with momentum as Sutskever et al. write it (PyTorch's variant)."""

import rushlight as torch
from rushlight.optim._options import check_fused, check_tensor_lr, number
from rushlight.optim.optimizer import Optimizer, _use_grad_for_differentiable

__all__ = ["SGD"]


class SGD(Optimizer):
    """Each step: v = momentum * v + (1 - dampening) * g;  p = p - lr * v  (nesterov: p - lr * (g + momentum * v)).

    State of a parameter, with momentum: `momentum_buffer`. The first step sets v = g.
    """

    _option_fallbacks = {
        "nesterov": False,
        "maximize": False,
        "foreach": None,
        "differentiable": False,
        "fused": False,
    }

    def __init__(
        self,
        params,
        lr=1e-3,
        momentum=0,
        dampening=0,
        weight_decay=0,
        nesterov=False,
        *,
        maximize=False,
        foreach=None,
        differentiable=False,
        fused=None,
    ):
        check_tensor_lr(lr)
        if lr < 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        if momentum < 0.0:
            raise ValueError(f"Invalid momentum value: {momentum}")
        if weight_decay < 0.0:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        defaults = dict(
            lr=lr,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            nesterov=nesterov,
            maximize=maximize,
            foreach=foreach,
            differentiable=differentiable,
            fused=fused,
        )
        super().__init__(params, defaults)
        check_fused(fused, foreach, differentiable)

    @_use_grad_for_differentiable
    def step(self, closure=None):
        """Update the parameters once. `closure`, if given, computes the loss again and returns it."""
        return self._run(closure)

    def _update_group(self, group):
        lr = group["lr"]
        # A learning rate that is itself to be learnt stays a tensor.
        learns_lr = group["differentiable"] and isinstance(lr, torch.Tensor) and lr.requires_grad
        if not learns_lr:
            lr = number(lr)
        momentum = group["momentum"]
        scale = 1 - group["dampening"]
        weight_decay = number(group["weight_decay"])
        nesterov = group["nesterov"]
        maximize = group["maximize"]
        states = self._state

        for param in group["params"]:
            grad = param.grad
            if grad is None:
                continue
            if maximize:
                grad = -grad
            if weight_decay != 0:
                grad = grad.add(param, alpha=weight_decay)
            if momentum != 0:
                state = states[param]
                buffer = state.get("momentum_buffer")
                if buffer is None:
                    buffer = state["momentum_buffer"] = grad.clone()
                else:
                    buffer.mul_(momentum).add_(grad, alpha=scale)
                grad = grad.add(buffer, alpha=momentum) if nesterov else buffer
            if learns_lr:
                param.addcmul_(grad, lr, value=-1)
            else:
                param.add_(grad, alpha=-lr)
