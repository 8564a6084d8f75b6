"""Muon (Jordan et al. 2024): momentum whose update is made orthogonal by a Newton-Schulz iteration."""

import rushlight as torch
from rushlight.optim._options import check_tensor_lr, number
from rushlight.optim.optimizer import Optimizer

__all__ = ["Muon"]


def _orthogonalize(matrix, coefficients, steps, eps):
    """The nearest (semi-)orthogonal matrix, roughly: an odd polynomial of fifth degree applied `steps` times."""
    a, b, c = coefficients
    x = matrix.bfloat16()
    tall = x.size(0) > x.size(1)
    if tall:
        x = x.T
    x = x / x.norm().clamp(min=eps)
    for _ in range(steps):
        gram = x @ x.T
        polynomial = torch.addmm(gram, gram, gram, beta=b, alpha=c)
        x = torch.addmm(x, polynomial, x, beta=a)
    return x.T if tall else x


def _adjusted_lr(lr, adjustment, shape):
    rows, columns = shape
    if adjustment == "match_rms_adamw":
        return lr * 0.2 * max(rows, columns) ** 0.5
    return lr * max(1, rows / columns) ** 0.5


class Muon(Optimizer):
    """For matrices only: p = p * (1 - lr * weight_decay) - lr' * orthogonalize(momentum of g).

    `adjust_lr_fn` scales lr by the shape: "original" (the default) or "match_rms_adamw". State of a parameter:
    `momentum_buffer`. Raises ValueError for parameters that are not 2-d.
    """

    def __init__(
        self,
        params,
        lr=1e-3,
        weight_decay=0.1,
        momentum=0.95,
        nesterov=True,
        ns_coefficients=(3.4445, -4.775, 2.0315),
        eps=1e-7,
        ns_steps=5,
        adjust_lr_fn=None,
    ):
        check_tensor_lr(lr)
        if not 0.0 <= lr:
            raise ValueError(f"Learning rate should be >= 0 but is: {lr}")
        if not 0.0 <= momentum:
            raise ValueError(f"momentum should be >= 0 but is: {momentum}")
        if not 0.0 <= weight_decay:
            raise ValueError(f"weight decay should be >= 0 but is: {weight_decay}")
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            raise ValueError(f"Adjust learning rate function {adjust_lr_fn} is not supported")
        defaults = dict(
            lr=lr,
            weight_decay=weight_decay,
            momentum=momentum,
            nesterov=nesterov,
            ns_coefficients=ns_coefficients,
            eps=eps,
            ns_steps=ns_steps,
            adjust_lr_fn=adjust_lr_fn,
        )
        super().__init__(params, defaults)
        for group in self.param_groups:
            for param in group["params"]:
                if param.ndim != 2:
                    raise ValueError(
                        f"Muon only supports 2D parameters whereas we found a parameter with size: {param.size()}"
                    )

    @torch.no_grad()
    def step(self, closure=None):
        """Update the parameters once. `closure`, if given, computes the loss again and returns it."""
        return self._run(closure)

    def _update_group(self, group):
        lr = number(group["lr"])
        momentum = group["momentum"]
        nesterov = group["nesterov"]
        steps = group["ns_steps"]
        if steps >= 100:
            raise ValueError("Number of steps must be less than 100 for computational efficiency")

        for param in group["params"]:
            grad = param.grad
            if grad is None:
                continue
            state = self._state[param]
            if not state:
                if param.is_complex():
                    raise RuntimeError("Muon does not support complex parameters")
                if grad.is_sparse:
                    raise RuntimeError("Muon does not support sparse gradients")
                state["momentum_buffer"] = torch.zeros_like(grad, memory_format=torch.preserve_format)
            buffer = state["momentum_buffer"]
            buffer.lerp_(grad, 1 - momentum)
            update = grad.lerp(buffer, momentum) if nesterov else buffer
            update = _orthogonalize(update, group["ns_coefficients"], steps, group["eps"])
            param.mul_(1 - lr * group["weight_decay"])
            param.add_(update, alpha=-_adjusted_lr(lr, group["adjust_lr_fn"], param.shape))
