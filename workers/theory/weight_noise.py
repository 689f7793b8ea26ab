"""The largest Gaussian noise on the weights that the training error withstands: PAC-Bayes sigma.

Jiang et al. 2020 (1912.02178): sigma such that the expected training error of weights w + u, u normal
with standard deviation sigma, is 0.1 above that of w.

M models, B examples, C classes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

from workers.runtime import seeds

if TYPE_CHECKING:
    from jaxtyping import Float, Float64
    from torch import Tensor

    from workers.interfaces.snapshot import Snapshot

RISE = 0.1  # of the training error
EXAMPLES = 1000  # training examples at most, the first ones of each model
DRAWS = 10  # of noise, over which the error is averaged; the same ones at every sigma
SMALLEST, LARGEST = 1e-5, 10.0  # between which sigma is looked for
ROUNDING = 1e-9  # errors are multiples of one over examples and draws
HALVINGS = 12  # of the interval on a logarithmic scale: sigma is known to 0.4 percent

Spread = Callable[["Tensor", "Tensor"], "Tensor"]  # (a parameter, sigma of each model) -> standard deviation of noise


def largest_sigma(snapshot: Snapshot, spread: Spread, purpose: str) -> Float64[Tensor, " M"]:
    """By bisection, with the trial's own noise. LARGEST where the error does not rise so far with any sigma, SMALLEST
    where it does with every; NaN where a weight is not finite."""
    like = next(iter(snapshot.parameters.values()))
    low, high = (torch.full((snapshot.models,), s, dtype=torch.float64).log() for s in (SMALLEST, LARGEST))
    limit = _error(snapshot, None, spread, purpose) + RISE + ROUNDING
    withstands_all = _error(snapshot, high.exp(), spread, purpose) <= limit
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        withstands = _error(snapshot, middle.exp(), spread, purpose) <= limit
        low, high = torch.where(withstands, middle, low), torch.where(withstands, high, middle)
    found = torch.where(withstands_all, LARGEST, low.exp())
    finite = torch.stack([value.flatten(1).isfinite().all(1) for value in snapshot.parameters.values()]).all(0)
    return torch.where(finite.cpu(), found, torch.nan).to(like.device)


@torch.no_grad()
def _error(snapshot: Snapshot, sigma: Float64[Tensor, " M"] | None, spread: Spread, purpose: str) -> Tensor:
    """The training error with noise, averaged over draws; without noise where there is no sigma."""
    draws = [_noisy(snapshot, sigma, spread, purpose, i) for i in range(DRAWS)] if sigma is not None else [None]
    wrong, count = torch.zeros(snapshot.models, dtype=torch.float64), 0
    for images, labels in snapshot.batches("train", most=EXAMPLES):
        for parameters in draws:
            outputs = snapshot.forward(parameters or snapshot.parameters, images)
            correct = outputs.gather(-1, labels[..., None])[..., 0]
            others = outputs.scatter(-1, labels[..., None], -torch.inf).amax(-1)
            wrong += (~(correct > others)).sum(1).cpu()
            count += labels.shape[1]
    return wrong / count


def _noisy(
    snapshot: Snapshot, sigma: Float64[Tensor, " M"], spread: Spread, purpose: str, draw: int
) -> dict[str, Float[Tensor, "M ..."]]:
    generators = [seeds.torch_generator(s.seed, purpose, draw) for s in snapshot.settings]
    found = {}
    for name, value in snapshot.parameters.items():
        unit = torch.stack([torch.randn(value.shape[1:], generator=g) for g in generators]).to(value)
        each = sigma.to(value).view(-1, *[1] * (value.ndim - 1))
        found[name] = value.detach() + spread(value.detach(), each) * unit
    return found
