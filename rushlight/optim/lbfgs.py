"""L-BFGS (Liu and Nocedal 1989), in the form of Schmidt's minFunc, with an optional strong Wolfe line search."""

import rushlight as torch
from rushlight.optim._line_search import strong_wolfe
from rushlight.optim._options import check_lr, number
from rushlight.optim.optimizer import Optimizer

__all__ = ["LBFGS"]


class LBFGS(Optimizer):
    """A quasi-Newton method; `step(closure)` makes up to `max_iter` iterations and calls the closure at each.

    The closure clears the gradients, computes the loss, calls backward and returns the loss. One parameter group
    only. Without `line_search_fn="strong_wolfe"` each iteration moves by `lr` times the direction.
    """

    def __init__(
        self,
        params,
        lr=1,
        max_iter=20,
        max_eval=None,
        tolerance_grad=1e-7,
        tolerance_change=1e-9,
        history_size=100,
        line_search_fn=None,
    ):
        check_lr(lr)
        if max_eval is None:
            max_eval = max_iter * 5 // 4
        defaults = dict(
            lr=lr,
            max_iter=max_iter,
            max_eval=max_eval,
            tolerance_grad=tolerance_grad,
            tolerance_change=tolerance_change,
            history_size=history_size,
            line_search_fn=line_search_fn,
        )
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")

    @property
    def _params(self):
        return self.param_groups[0]["params"]

    # -- parameters and gradients as one long vector -------------------------------------------------------------

    def _flat_grad(self):
        pieces = []
        for param in self._params:
            if param.grad is None:
                piece = param.new_zeros(param.numel())
            else:
                grad = param.grad.to_dense() if param.grad.is_sparse else param.grad
                piece = grad.reshape(-1)
            pieces.append(torch.view_as_real(piece).reshape(-1) if piece.is_complex() else piece)
        return torch.cat(pieces, 0)

    def _move(self, t, direction):
        offset = 0
        for param in self._params:
            target = torch.view_as_real(param) if param.is_complex() else param
            count = target.numel()
            target.add_(direction[offset : offset + count].view_as(target), alpha=t)
            offset += count

    def _save_params(self):
        return [param.clone(memory_format=torch.contiguous_format) for param in self._params]

    def _restore_params(self, saved):
        for param, value in zip(self._params, saved, strict=True):
            param.copy_(value)

    def _evaluate(self, closure):
        with torch.enable_grad():
            loss = closure()
        return float(loss), self._flat_grad()

    # -- the algorithm -------------------------------------------------------------------------------------------

    @torch.no_grad()
    def step(self, closure):
        """Minimise for up to `max_iter` iterations; returns the loss at the start."""
        group = self.param_groups[0]
        lr = number(group["lr"])
        max_iter = group["max_iter"]
        line_search = group["line_search_fn"]
        tolerance_grad = group["tolerance_grad"]
        tolerance_change = group["tolerance_change"]

        state = self.state[self._params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)

        with torch.enable_grad():
            first_loss = closure()
        loss = float(first_loss)
        evaluations = 1
        state["func_evals"] += 1
        grad = self._flat_grad()
        if _largest(grad) <= tolerance_grad:
            return first_loss

        direction = state.get("d")
        t = state.get("t")
        iterations = 0
        while iterations < max_iter:
            iterations += 1
            state["n_iter"] += 1
            if state["n_iter"] == 1:
                direction = grad.neg()
                state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1)
            else:
                self._remember(state, grad, direction, t, group["history_size"])
                direction = self._direction(state, grad, group["history_size"])
            previous_grad, previous_loss = grad.clone(memory_format=torch.contiguous_format), loss

            # The first step has no curvature to go by, and is kept short.
            t = min(1.0, 1.0 / float(grad.abs().sum())) * lr if state["n_iter"] == 1 else lr
            slope = float(grad.dot(direction))
            state.update(d=direction, t=t, prev_flat_grad=previous_grad, prev_loss=previous_loss)
            if slope > -tolerance_change:
                break

            new_evaluations = 0
            if line_search is not None:
                if line_search != "strong_wolfe":
                    raise RuntimeError("only 'strong_wolfe' is supported")
                loss, grad, t, new_evaluations = self._search(
                    closure, t, direction, loss, grad, slope, group["max_eval"] - evaluations
                )
                self._move(t, direction)
                state["t"] = t
                flat_enough = _largest(grad) <= tolerance_grad
            else:
                self._move(t, direction)
                flat_enough = False
                if iterations != max_iter:
                    loss, grad = self._evaluate(closure)
                    flat_enough = _largest(grad) <= tolerance_grad
                    new_evaluations = 1
            evaluations += new_evaluations
            state["func_evals"] += new_evaluations

            if iterations == max_iter or evaluations >= group["max_eval"] or flat_enough:
                break
            if _largest(direction.mul(t)) <= tolerance_change or abs(loss - previous_loss) < tolerance_change:
                break
        return first_loss

    def _search(self, closure, t, direction, loss, grad, slope, max_rounds):
        start = self._save_params()

        def evaluate_at(t):
            self._move(t, direction)
            result = self._evaluate(closure)
            self._restore_params(start)
            return result

        return strong_wolfe(evaluate_at, t, direction, loss, grad, slope, max_rounds)

    def _remember(self, state, grad, direction, t, history_size):
        """Add the last move and the change of gradient along it to the history."""
        change = grad.sub(state["prev_flat_grad"])
        move = direction.mul(t)
        curvature = change.dot(move)
        if float(curvature) <= 1e-10:
            return
        if len(state["old_dirs"]) == history_size:
            for name in ("old_dirs", "old_stps", "ro"):
                state[name].pop(0)
        state["old_dirs"].append(change)
        state["old_stps"].append(move)
        state["ro"].append(1.0 / curvature)
        state["H_diag"] = curvature / change.dot(change)

    def _direction(self, state, grad, history_size):
        """Minus the inverse Hessian estimate times the gradient: the two-loop recursion over the history.

        The products are looked at one by one: a short plan run often beats one plan for each length of history.
        """
        changes, moves, ro = state["old_dirs"], state["old_stps"], state["ro"]
        if "al" not in state:
            state["al"] = [None] * history_size
        al = state["al"]
        q = grad.neg()
        for i in range(len(changes) - 1, -1, -1):
            al[i] = moves[i].dot(q) * ro[i]
            q.add_(changes[i], alpha=-al[i].item())
        direction = q.mul(state["H_diag"])
        for i in range(len(changes)):
            be = changes[i].dot(direction) * ro[i]
            direction.add_(moves[i], alpha=(al[i] - be).item())
        return direction


def _largest(vector):
    return float(vector.abs().max())
