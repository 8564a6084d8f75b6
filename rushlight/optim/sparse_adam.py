"""SparseAdam: Adam that moves only the entries that a sparse gradient names."""

import rushlight as torch
from rushlight.optim._options import check_betas, check_lr, number
from rushlight.optim.optimizer import Optimizer

__all__ = ["SparseAdam"]


class SparseAdam(Optimizer):
    """Adam over the entries present in a sparse gradient (`nn.Embedding(sparse=True)`); the others rest.

    State of a parameter: `step` (an int), `exp_avg`, `exp_avg_sq`. Raises RuntimeError for a dense gradient.
    """

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, maximize=False):
        check_lr(lr)
        if not 0.0 < eps:
            raise ValueError(f"Invalid epsilon value: {eps}")
        check_betas(betas)
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, maximize=maximize))
        _refuse(self.param_groups, "is_sparse", "Sparse", "SparseAdam requires dense parameter tensors")
        _refuse(self.param_groups, "is_complex", "Complex", "SparseAdam does not support complex parameters")

    @torch.no_grad()
    def step(self, closure=None):
        """Update the parameters once. `closure`, if given, computes the loss again and returns it."""
        loss = self._closure_loss(closure)
        for group in self.param_groups:
            for param in group["params"]:
                if param.grad is not None:
                    self._update(group, param, param.grad)
        return loss

    def _update(self, group, param, grad):
        if not grad.is_sparse:
            raise RuntimeError("SparseAdam does not support dense gradients, please consider Adam instead")
        state = self.state[param]
        if not state:
            state["step"] = 0
            state["exp_avg"] = torch.zeros_like(param, memory_format=torch.preserve_format)
            state["exp_avg_sq"] = torch.zeros_like(param, memory_format=torch.preserve_format)
        state["step"] += 1
        grad = grad.coalesce()
        if grad._nnz() == 0:
            return
        where = tuple(grad._indices())
        values = -grad._values() if group["maximize"] else grad._values()
        beta1, beta2 = (number(beta) for beta in group["betas"])

        mean, square = state["exp_avg"], state["exp_avg_sq"]
        mean_now = mean[where] + (values - mean[where]) * (1 - beta1)
        square_now = square[where] + (values * values - square[where]) * (1 - beta2)
        mean[where] = mean_now
        square[where] = square_now
        step_size = number(group["lr"]) * (1 - beta2 ** state["step"]) ** 0.5 / (1 - beta1 ** state["step"])
        param[where] = param[where] - step_size * mean_now / (square_now.sqrt() + group["eps"])


def _refuse(groups, question, label, message):
    """Raise ValueError if any parameter answers yes; PyTorch names them as [group, parameter]."""
    found = []
    for group_index, group in enumerate(groups):
        for index, param in enumerate(group["params"]):
            answer = getattr(param, question)
            if answer() if callable(answer) else answer:
                found.append([group_index, index])
    if found:
        raise ValueError(f"{label} params at indices {found}: {message}")
