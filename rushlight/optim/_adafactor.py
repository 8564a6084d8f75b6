"""Adafactor (Shazeer and Stern 2018): second moments of matrices kept as a row and a column."""

import rushlight as torch
from rushlight.optim._options import check_tensor_lr, number
from rushlight.optim._scalars import scalar_tensor
from rushlight.optim.optimizer import Optimizer

__all__ = ["Adafactor"]


class Adafactor(Optimizer):
    """Update scaled by the root mean square of the parameter, and clipped to that of `d`.

    `eps` is (eps1, eps2): a floor for second moments (None: machine epsilon of the dtype) and for the parameter's
    scale. State of a parameter: `step`, and `row_var`, `col_var` for matrices or `variance` for vectors.
    """

    _scalar_names = ("step",)
    _option_fallbacks = {"foreach": None}

    def __init__(
        self,
        params,
        lr=1e-2,
        beta2_decay=-0.8,
        eps=(None, 1e-3),
        d=1.0,
        weight_decay=0.0,
        *,
        foreach=None,
        maximize=False,
    ):
        check_tensor_lr(lr)
        if not 0.0 <= lr:
            raise ValueError(f"Learning rate should be >= 0 but is: {lr}")
        if not 0.0 >= beta2_decay:
            raise ValueError(f"beta2_decay should be <= 0 but is: {beta2_decay}")
        if eps[0] is not None and not 0.0 <= eps[0]:
            raise ValueError(f"epsilon1 should be >= 0 but is: {eps[0]}")
        if not 0.0 <= eps[1]:
            raise ValueError(f"epsilon2 should be >= 0 but is: {eps[1]}")
        if not 1.0 <= d:
            raise ValueError(f"Clipping threshold d should be >= 1 but is: {d}")
        if not 0.0 <= weight_decay:
            raise ValueError(f"weight_decay should be >= 0 but is: {weight_decay}")
        defaults = dict(
            lr=lr,
            beta2_decay=beta2_decay,
            eps=eps,
            d=d,
            weight_decay=weight_decay,
            foreach=foreach,
            maximize=maximize,
        )
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure=None):
        """Update the parameters once. `closure`, if given, computes the loss again and returns it."""
        return self._run(closure)

    def _init_state(self, group, param, state):
        if param.is_complex():
            raise RuntimeError("Adafactor does not support complex parameters")
        state["step"] = scalar_tensor(0)
        if param.dim() > 1:
            state["row_var"] = torch.zeros_like(param[..., :1], memory_format=torch.contiguous_format)
            state["col_var"] = torch.zeros_like(param[..., :1, :], memory_format=torch.contiguous_format)
        else:
            state["variance"] = torch.zeros_like(param, memory_format=torch.preserve_format)

    def _update_group(self, group):
        lr = number(group["lr"])
        eps1, eps2 = group["eps"]
        clip = group["d"]
        weight_decay = group["weight_decay"]
        maximize = group["maximize"]

        for param, grad, state, record in self._ready(group):
            step = record.step
            if maximize:
                grad = -grad
            floor = torch.finfo(param.dtype).eps if eps1 is None else eps1
            root_count = param.numel() ** 0.5
            # Norms stay tensors: looking at them here would cut the step in pieces.
            scale = (param.norm(2).double() / root_count).clamp(min=eps2) * min(lr, 1 / step**0.5)
            if weight_decay != 0:
                param.mul_(1 - lr * weight_decay)
            variance = _second_moment(state, grad, step ** group["beta2_decay"], floor)
            update = variance.clamp_(min=floor * floor).rsqrt_().mul_(grad)
            shrink = (update.norm(2).double() / (root_count * clip)).clamp(min=1.0)
            param.sub_(update * (scale / shrink).to(update.dtype))


def _second_moment(state, grad, weight, floor):
    """Move the running second moments towards `grad` by `weight`, and return their estimate by element."""
    if "variance" in state:
        return state["variance"].lerp_(grad.square(), weight).clone()
    row = state["row_var"].lerp_(grad.square().mean(dim=-1, keepdim=True), weight)
    column = state["col_var"].lerp_(grad.square().mean(dim=-2, keepdim=True), weight)
    return (row @ column).div_(row.mean(dim=-2, keepdim=True).clamp_(min=floor))
