"""Adagrad (Duchi, Hazan and Singer 2011)."""

import rushlight as torch
from rushlight.optim._options import check_at_least_zero, check_fused, check_lr, number
from rushlight.optim._scalars import scalar_tensor
from rushlight.optim.optimizer import Optimizer, _use_grad_for_differentiable

__all__ = ["Adagrad"]


class Adagrad(Optimizer):
    """Each step t: s = s + g^2;  p = p - lr / (1 + (t - 1) * lr_decay) * g / (sqrt(s) + eps).

    State of a parameter, made at once: `step` and `sum`, which starts at `initial_accumulator_value`.
    """

    _scalar_names = ("step",)
    _option_fallbacks = {"foreach": None, "maximize": False, "differentiable": False, "fused": None}

    def __init__(
        self,
        params,
        lr=1e-2,
        lr_decay=0,
        weight_decay=0,
        initial_accumulator_value=0,
        eps=1e-10,
        foreach=None,
        *,
        maximize=False,
        differentiable=False,
        fused=None,
    ):
        check_lr(lr)
        check_at_least_zero(lr_decay, "lr_decay")
        check_at_least_zero(weight_decay, "weight_decay")
        check_at_least_zero(initial_accumulator_value, "initial_accumulator_value")
        if not 0.0 <= eps:
            raise ValueError(f"Invalid epsilon value: {eps}")
        defaults = dict(
            lr=lr,
            lr_decay=lr_decay,
            eps=eps,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            foreach=foreach,
            maximize=maximize,
            differentiable=differentiable,
            fused=fused,
        )
        super().__init__(params, defaults)
        check_fused(fused, foreach, differentiable)
        for group in self.param_groups:
            for param in group["params"]:
                self._init_state(group, param, self._state[param])

    def share_memory(self):
        """Move the state to shared memory, for optimizers that several processes step."""
        for state in self.state.values():
            state["sum"].share_memory_()
            state["step"].share_memory_()

    @_use_grad_for_differentiable
    def step(self, closure=None):
        """Update the parameters once. `closure`, if given, computes the loss again and returns it."""
        return self._run(closure)

    def _init_state(self, group, param, state):
        start = group["initial_accumulator_value"]
        if param.is_complex():
            start = complex(start, start)
        state["step"] = scalar_tensor(0)
        state["sum"] = torch.full_like(param, start, memory_format=torch.preserve_format)

    def _update_group(self, group):
        lr = number(group["lr"])
        lr_decay = group["lr_decay"]
        weight_decay = group["weight_decay"]
        eps = group["eps"]
        maximize = group["maximize"]
        differentiable = group["differentiable"]

        for param, grad, state, record in self._ready(group):
            if maximize:
                grad = -grad
            if weight_decay != 0:
                grad = grad.add(param, alpha=weight_decay)
            total = state["sum"]
            total.addcmul_(grad, grad, value=1)
            root = total.sqrt()
            root = root + eps if differentiable else root.add_(eps)
            param.addcdiv_(grad, root, value=-lr / (1 + (record.step - 1) * lr_decay))
