"""Stochastic depth: whole residual branches dropped in training."""

import rushlight as torch


def stochastic_depth(input, p: float, mode: str, training: bool = True):
    """`input` zeroed with probability p, else divided by 1 - p (Huang et al., 2016).

    `mode` 'row' draws for each sample, 'batch' once.
    """
    if p < 0.0 or p > 1.0:
        raise ValueError(f"drop probability has to be between 0 and 1, but got {p}")
    if mode not in ("batch", "row"):
        raise ValueError(f"mode has to be either 'batch' or 'row', but got {mode}")
    if not training or p == 0.0:
        return input
    survival = 1.0 - p
    first = input.shape[0] if mode == "row" else 1
    noise = torch.empty([first] + [1] * (input.ndim - 1), dtype=input.dtype, device=input.device)
    noise = noise.bernoulli_(survival)
    if survival > 0.0:
        noise.div_(survival)
    return input * noise


class StochasticDepth(torch.nn.Module):
    """stochastic_depth as a module."""

    def __init__(self, p: float, mode: str) -> None:
        super().__init__()
        self.p = p
        self.mode = mode

    def forward(self, input):
        return stochastic_depth(input, self.p, self.mode, self.training)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p}, mode={self.mode})"
