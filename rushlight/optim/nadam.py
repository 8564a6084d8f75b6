"""NAdam: Adam with Nesterov momentum (Dozat 2016)."""

import rushlight as torch
from rushlight.optim._options import check_at_least_zero, check_betas, check_capturable, check_lr, number
from rushlight.optim._scalars import round_to_float32, scalar_tensor
from rushlight.optim.optimizer import Optimizer, _use_grad_for_differentiable

__all__ = ["NAdam"]


class NAdam(Optimizer):
    """Each step t: mu_t = beta1 * (1 - 0.5 * 0.96^(t * momentum_decay)); the update mixes g and its running mean m,

    p = p - lr * ((1 - mu_t) / (1 - prod mu_1..t) * g + mu_(t+1) / (1 - prod mu_1..t+1) * m) / (sqrt(v') + eps).

    State of a parameter: `step`, `mu_product`, `exp_avg`, `exp_avg_sq`.
    """

    _scalar_names = ("step", "mu_product")
    _option_fallbacks = {
        "maximize": False,
        "foreach": None,
        "capturable": False,
        "differentiable": False,
        "decoupled_weight_decay": False,
    }

    def __init__(
        self,
        params,
        lr=2e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0,
        momentum_decay=4e-3,
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
        check_at_least_zero(momentum_decay, "momentum_decay")
        defaults = dict(
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            momentum_decay=momentum_decay,
            decoupled_weight_decay=decoupled_weight_decay,
            maximize=maximize,
            foreach=foreach,
            capturable=capturable,
            differentiable=differentiable,
        )
        super().__init__(params, defaults)

    @_use_grad_for_differentiable
    def step(self, closure=None):
        """Update the parameters once. `closure`, if given, computes the loss again and returns it."""
        return self._run(closure)

    def _init_state(self, group, param, state):
        state["step"] = scalar_tensor(0)
        state["mu_product"] = scalar_tensor(1)
        state["exp_avg"] = torch.zeros_like(param, memory_format=torch.preserve_format)
        state["exp_avg_sq"] = torch.zeros_like(param, memory_format=torch.preserve_format)

    def _update_group(self, group):
        check_capturable(group, "params, mu_products and state_steps")
        lr = number(group["lr"])
        beta1, beta2 = (number(beta) for beta in group["betas"])
        eps = group["eps"]
        weight_decay = group["weight_decay"]
        decoupled = group["decoupled_weight_decay"]
        momentum_decay = group["momentum_decay"]
        maximize = group["maximize"]
        differentiable = group["differentiable"]

        for param, grad, state, record in self._ready(group):
            step = record.step
            mu = beta1 * (1.0 - 0.5 * 0.96 ** (step * momentum_decay))
            mu_next = beta1 * (1.0 - 0.5 * 0.96 ** ((step + 1) * momentum_decay))
            record.mu_product = _product(record.mu_product, mu, record.state["mu_product"].dtype)
            grad_weight = -lr * (1.0 - mu) / (1.0 - record.mu_product)
            mean_weight = -lr * mu_next / (1.0 - record.mu_product * mu_next)

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
            if differentiable:
                mean = mean.clone()
            denominator = square.div(1 - beta2**step).sqrt()
            denominator = denominator + eps if differentiable else denominator.add_(eps)
            param.addcdiv_(grad, denominator, value=grad_weight)
            param.addcdiv_(mean, denominator, value=mean_weight)


def _product(product, factor, dtype):
    """`product * factor` as the 0-d tensor that keeps the product would compute it."""
    if dtype == torch.float64:
        return product * factor
    return round_to_float32(product * round_to_float32(factor))
