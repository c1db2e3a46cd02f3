"""How often the model errs in each of many areas, of which people have labelled only few texts.

An area is a channel and a target. Its texts fall into cells by what the model said of them (label
and confidence). The true label y of a text is drawn from the shares of its area, and the cell from
the rates at which the model puts texts with label y into cells in that area:

    shares[a]    ~ Dirichlet(s * common shares)
    rates[a, y]  ~ Dirichlet(k[y] * common rates[y])
    label, cell  ~ shares[a], rates[a, label]

The cell of every text is known, its label only where people gave one. This is adjusted counting
(Forman 2008, "Quantifying counts and costs via classification") as a hierarchical model, in which
areas lend each other what they do not know themselves: one without labels takes the common rates,
one with many its own. Which texts people labelled may depend on the cell, as in a stratified
sample; labels are then missing at random (Rubin 1976), and need no weights.

The posterior is sampled by data augmentation (Tanner and Wong 1987), the common shares and rates
through table counts (Antoniak 1974, their number drawn as Poisson around its mean). `s` and `k` are
drawn from grids that are uniform in their logarithms. `k` ends at 50: however alike areas seem, the
rates of one are never taken as known better than from 50 texts of its own with that label.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, psi

__all__ = ["ErrorRates", "pooled_error_rates"]

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

_SWEEPS, _BURN_IN = 1_000, 300
_GRIDS_EVERY = 3  # sweeps: `s` and `k` move slowly, and cost most
_S = np.geomspace(0.5, 100, 12)
_K = np.geomspace(2, 50, 12)
_LEAST = 1e-6  # of a share: zero would be for ever
_PRIOR_OF_RATES = 0.3  # texts in each cell, of the common rates


@dataclass(frozen=True, slots=True)
class ErrorRates:
    """What the labels of each cell's texts truly are, for n areas, c cells and 3 labels.

    `mean` has shape (n, c, 3) and sums to 1 over labels; `covariance` has shape (n, c, c): of the
    cells' mean values, a text's value being -1, 0 or 1 by its label.
    """

    mean: Floats
    covariance: Floats


def pooled_error_rates(texts: Counts, gold: Counts, *, seed: int = 1) -> ErrorRates:
    """Return posterior mean and covariance of the labels of each area's cells.

    `texts` (n, c) counts the texts that have no label of people, `gold` (n, c, 3) those that have
    one: against, neutral, favor.
    """
    chain = _Chain(texts, gold, np.random.default_rng(seed))
    kept = _Moments(texts.shape)
    for sweep in range(_SWEEPS):
        chain.step(with_grids=sweep % _GRIDS_EVERY == 0)
        if sweep >= _BURN_IN:
            kept.add(chain.labels_of_cells())
    return kept.rates()


class _Moments:
    """Sums up draws of error rates, which would not fit into memory for thousands of areas."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        areas, cells = shape
        self._n = 0
        self._sum = np.zeros((areas, cells, 3))
        self._products = np.zeros((areas, cells, cells))

    def add(self, rates: Floats) -> None:
        value = rates[:, :, 2] - rates[:, :, 0]
        self._n += 1
        self._sum += rates
        self._products += value[:, :, None] * value[:, None, :]

    def rates(self) -> ErrorRates:
        mean = self._sum / self._n
        value = mean[:, :, 2] - mean[:, :, 0]
        return ErrorRates(mean, self._products / self._n - value[:, :, None] * value[:, None, :])


class _Chain:
    """The state of the sampler. Arrays are (areas, cells, labels), whichever of these they have."""

    def __init__(self, texts: Counts, gold: Counts, random: np.random.Generator) -> None:
        self._texts, self._gold, self._random = texts, gold, random
        common = gold.sum(axis=0) + 0.2
        self._common_rates: Floats = common / common.sum(axis=0)  # (cells, labels)
        shares = gold.sum(axis=(0, 1)) + 1.0
        self._common_shares: Floats = shares / shares.sum()
        self._s, self._k = 10.0, np.full(3, 20.0)
        self._shares: Floats = np.tile(self._common_shares, (len(texts), 1))
        self._rates: Floats = np.tile(self._common_rates, (len(texts), 1, 1))

    def labels_of_cells(self) -> Floats:
        """Return the probability of each label in each cell, (areas, cells, labels)."""
        joint = self._shares[:, None, :] * self._rates
        return np.asarray(joint / joint.sum(axis=2, keepdims=True))

    def step(self, *, with_grids: bool) -> None:
        """Draw each unknown once, given all others."""
        labelled = self._gold + self._divided()
        self._draw_shares(labelled.sum(axis=1), with_grids=with_grids)
        for label in range(3):
            self._draw_rates(label, labelled[:, :, label], with_grids=with_grids)

    def _divided(self) -> Counts:
        """Give the texts without a label one each; return their counts."""
        probability = self.labels_of_cells()
        first = self._random.binomial(self._texts, probability[:, :, 0])
        rest = 1 - probability[:, :, 0]
        second_of_rest = np.divide(
            probability[:, :, 1], rest, out=np.ones_like(rest), where=rest > 0
        )
        second = self._random.binomial(self._texts - first, second_of_rest.clip(0, 1))
        return np.stack([first, second, self._texts - first - second], axis=2)

    def _draw_shares(self, counts: Counts, *, with_grids: bool) -> None:
        tables = self._tables(counts, self._s * self._common_shares).sum(axis=0)
        self._common_shares = _floored(self._random.dirichlet(tables + 1))
        if with_grids:
            self._s = self._from_grid(_S, counts, self._common_shares)
        self._shares = self._dirichlet(counts + self._s * self._common_shares)

    def _draw_rates(self, label: int, counts: Counts, *, with_grids: bool) -> None:
        prior = self._k[label] * self._common_rates[:, label]
        tables = self._tables(counts, prior).sum(axis=0)
        common = _floored(self._random.dirichlet(tables + _PRIOR_OF_RATES))
        if with_grids:
            self._k[label] = self._from_grid(_K, counts, common)
        self._common_rates[:, label] = common
        self._rates[:, :, label] = self._dirichlet(counts + self._k[label] * common)

    def _tables(self, counts: Counts, prior: Floats) -> Counts:
        """Draw how many of `counts` came from the prior itself and not from another text."""
        mean = prior * (psi(prior + counts) - psi(prior))
        some = (counts > 0).astype(np.int64)
        return np.asarray(
            np.minimum(some + self._random.poisson(np.maximum(mean - some, 0)), counts)
        )

    def _from_grid(self, grid: Floats, counts: Counts, common: Floats) -> float:
        fit = _log_likelihoods(counts, common, grid)
        weights = np.exp(fit - fit.max())
        return float(self._random.choice(grid, p=weights / weights.sum()))

    def _dirichlet(self, weights: Floats) -> Floats:
        return _floored(self._random.standard_gamma(weights))


def _floored(weights: Floats) -> Floats:
    shares = weights / np.maximum(weights.sum(axis=-1, keepdims=True), _LEAST)
    kept = np.maximum(shares, _LEAST)
    return np.asarray(kept / kept.sum(axis=-1, keepdims=True))


def _log_likelihoods(counts: Counts, common: Floats, sizes: Floats) -> Floats:
    """Return those of Dirichlet-multinomial counts (areas, values), up to a constant.

    The priors are `sizes` (n,) times the shares `common` (values,); the result has shape (n,).
    """
    highest = int(counts.max()) + 1
    # Many areas have the same count of a value: what such add is computed once.
    alike, times = np.unique(counts + highest * np.arange(counts.shape[1]), return_counts=True)
    value, count = np.divmod(alike, highest)
    prior = sizes[:, None] * common[value]
    of_values = (gammaln(prior + count) - gammaln(prior)) @ times
    total, times = np.unique(counts.sum(axis=1), return_counts=True)
    of_totals = (gammaln(sizes)[:, None] - gammaln(sizes[:, None] + total)) @ times
    return np.asarray(of_values + of_totals)
