"""Adam (Kingma and Ba 2014), with AMSGrad (Reddi et al. 2018) and decoupled weight decay as options."""

import rushlight as torch
from rushlight.optim._options import check_at_least_zero, check_betas, check_capturable, check_fused, check_lr, number
from rushlight.optim._scalars import scalar_tensor
from rushlight.optim.optimizer import Optimizer, _use_grad_for_differentiable

__all__ = ["Adam"]


def _check_tensor_options(lr, betas, foreach, capturable):
    if foreach and not capturable and isinstance(lr, torch.Tensor):
        raise ValueError("lr as a Tensor is not supported for capturable=False and foreach=True")
    tensors = [isinstance(beta, torch.Tensor) for beta in betas]
    if any(tensors) and not all(tensors):
        raise ValueError("betas must be either both floats or both Tensors")
    for index, beta in enumerate(betas):
        if tensors[index]:
            if foreach and not capturable:
                raise ValueError(
                    f"betas[{index}] as a Tensor is not supported for capturable=False and foreach=True"
                )
            if beta.numel() != 1:
                raise ValueError(f"Tensor betas[{index}] must be 1-element")


class Adam(Optimizer):
    """Each step: m, v = running means of g and g^2;  p = p - lr * m' / (sqrt(v') + eps), m' and v' without their bias.

    State of a parameter: `step`, `exp_avg`, `exp_avg_sq`, and with `amsgrad` also `max_exp_avg_sq`.
    """

    _scalar_names = ("step",)
    _option_fallbacks = {
        "amsgrad": False,
        "maximize": False,
        "foreach": None,
        "capturable": False,
        "differentiable": False,
        "decoupled_weight_decay": False,
        "fused": None,
    }

    def __init__(
        self,
        params,
        lr=1e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0,
        amsgrad=False,
        *,
        foreach=None,
        maximize=False,
        capturable=False,
        differentiable=False,
        fused=None,
        decoupled_weight_decay=False,
    ):
        check_lr(lr)
        if foreach and not capturable and isinstance(lr, torch.Tensor):
            raise ValueError("lr as a Tensor is not supported for capturable=False and foreach=True")
        if not 0.0 <= eps:
            raise ValueError(f"Invalid epsilon value: {eps}")
        check_betas(betas)
        check_at_least_zero(weight_decay, "weight_decay")
        _check_tensor_options(lr, betas, foreach, capturable)
        defaults = dict(
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            amsgrad=amsgrad,
            maximize=maximize,
            foreach=foreach,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=decoupled_weight_decay,
        )
        super().__init__(params, defaults)
        check_fused(fused, foreach, differentiable)

    @_use_grad_for_differentiable
    def step(self, closure=None):
        """Update the parameters once. `closure`, if given, computes the loss again and returns it."""
        return self._run(closure)

    def _no_sparse_message(self):
        return "Adam does not support sparse gradients, please consider SparseAdam instead"

    def _init_state(self, group, param, state):
        state["step"] = scalar_tensor(0)
        state["exp_avg"] = torch.zeros_like(param, memory_format=torch.preserve_format)
        state["exp_avg_sq"] = torch.zeros_like(param, memory_format=torch.preserve_format)
        if group["amsgrad"]:
            state["max_exp_avg_sq"] = torch.zeros_like(param, memory_format=torch.preserve_format)

    def _update_group(self, group):
        check_capturable(group)
        lr = group["lr"]
        differentiable = group["differentiable"]
        # A learning rate that is itself to be learnt stays a tensor.
        learns_lr = differentiable and isinstance(lr, torch.Tensor) and lr.requires_grad
        if not learns_lr:
            lr = number(lr)
        beta1, beta2 = (number(beta) for beta in group["betas"])
        eps = group["eps"]
        weight_decay = group["weight_decay"]
        decoupled = group["decoupled_weight_decay"]
        amsgrad = group["amsgrad"]
        maximize = group["maximize"]
        corrected_step = None

        for param, grad, state, record in self._ready(group):
            if record.step != corrected_step:
                corrected_step = record.step
                step_size = lr / (1 - beta1**corrected_step)
                root_correction = (1 - beta2**corrected_step) ** 0.5
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
                # The tape keeps what is used below, and the next step writes over the running means.
                mean, square = mean.clone(), square.clone()
            if amsgrad:
                largest = state["max_exp_avg_sq"]
                if differentiable:
                    largest.copy_(torch.maximum(largest.clone(), square))
                    square = largest.clone()
                else:
                    square = largest.copy_(torch.maximum(largest, square))
            denominator = (square.sqrt() / root_correction).add_(eps)
            if learns_lr:
                param.addcdiv_(mean * -step_size, denominator)
            else:
                param.addcdiv_(mean, denominator, value=-step_size)
