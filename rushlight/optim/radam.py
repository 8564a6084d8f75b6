"""RAdam: Adam with a rectified learning rate at the start (Liu et al. 2019)."""

import rushlight as torch
from rushlight.optim._options import check_at_least_zero, check_betas, check_capturable, check_lr, number
from rushlight.optim._scalars import scalar_tensor
from rushlight.optim.optimizer import Optimizer, _use_grad_for_differentiable

__all__ = ["RAdam"]


def _rectification(step, beta2):
    """The factor on the adaptive step size, or None while the variance cannot be trusted yet (rho_t <= 5)."""
    rho_inf = 2 / (1 - beta2) - 1
    power = beta2**step
    rho = rho_inf - 2 * step * power / (1 - power)
    if rho <= 5.0:
        return None
    return ((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho)) ** 0.5


class RAdam(Optimizer):
    """Each step: p = p - lr * m' * r / (sqrt(v') + eps) once the rectification r exists, else p = p - lr * m'.

    m', v': running means of g and g^2 without their bias. State of a parameter: `step`, `exp_avg`, `exp_avg_sq`.
    """

    _scalar_names = ("step",)
    _option_fallbacks = {
        "foreach": None,
        "maximize": False,
        "differentiable": False,
        "decoupled_weight_decay": False,
        "capturable": False,
    }

    def __init__(
        self,
        params,
        lr=1e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0,
        decoupled_weight_decay=False,
        *,
        foreach=None,
        maximize=False,
        capturable=False,
        differentiable=False,
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
            maximize=maximize,
            foreach=foreach,
            capturable=capturable,
            decoupled_weight_decay=decoupled_weight_decay,
            differentiable=differentiable,
        )
        super().__init__(params, defaults)

    @_use_grad_for_differentiable
    def step(self, closure=None):
        """Update the parameters once. `closure`, if given, computes the loss again and returns it."""
        return self._run(closure)

    def _init_state(self, group, param, state):
        state["step"] = scalar_tensor(0)
        state["exp_avg"] = torch.zeros_like(param, memory_format=torch.preserve_format)
        state["exp_avg_sq"] = torch.zeros_like(param, memory_format=torch.preserve_format)

    def _update_group(self, group):
        check_capturable(group)
        lr = number(group["lr"])
        beta1, beta2 = (number(beta) for beta in group["betas"])
        eps = group["eps"]
        weight_decay = group["weight_decay"]
        decoupled = group["decoupled_weight_decay"]
        maximize = group["maximize"]
        differentiable = group["differentiable"]

        for param, grad, state, record in self._ready(group):
            step = record.step
            if maximize:
                grad = -grad
            if weight_decay != 0:
                if decoupled:
                    param.mul_(1 - lr * weight_decay)
                else:
                    grad = grad.add(param, alpha=weight_decay)
            mean = state["exp_avg"]
            square = state["exp_avg_sq"]
            mean.lerp_(grad, 1 - beta1)
            square.mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
            update = mean / (1 - beta1**step) * lr
            rectification = _rectification(step, beta2)
            if rectification is not None:
                root = square.sqrt()
                root = root + eps if differentiable else root.add_(eps)
                update = update * ((1 - beta2**step) ** 0.5 / root) * rectification
            param.add_(update, alpha=-1.0)
