"""Fits what a model of the embedded shape knows of n-grams, beside its trained encoder."""

import warnings
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from torch.utils.data import DataLoader
from transformers import DataCollatorWithPadding, PreTrainedTokenizerBase

from models.dataset import LabelledRow
from models.ngrams import Ngrams
from models.target_encoder import TargetEncoderForSequenceClassification
from models.training_data import EncodedRows

__all__ = ["fit_ngrams"]

_BUCKETS = 131_071  # a prime, so that the hash spreads
_LEAST_OFTEN = 2
_INVERSE_PENALTY = 4
_STEPS = 200
_SHARE = 1.2  # of its logits, beside the encoder's: the best of five on held-out rows
_AT_ONCE = 256


def fit_ngrams(
    model: TargetEncoderForSequenceClassification,
    tokenizer: PreTrainedTokenizerBase,
    rows: Sequence[LabelledRow],
    max_length: int,
) -> None:
    """Give `model` a table of n-grams that was fitted on the same rows as its encoder.

    For each task a multinomial logistic regression on n-grams weighted by rarity, as TF-IDF does,
    with the rows weighted as in training.
    """
    labels = list((model.config.label2id or {}).keys())
    labels.sort(key=(model.config.label2id or {}).__getitem__)
    encoded = EncodedRows(rows, tokenizer, labels, max_length)
    model.add_ngrams(_BUCKETS)
    counts, outputs, weights = _counted(model, encoded, tokenizer)
    rarity = _rarity(counts)
    values = _weighted(counts, rarity)
    table = np.zeros((_BUCKETS, len(labels)))
    bias = np.zeros(len(labels))
    for first in range(0, len(labels), 3):
        chosen = outputs // 3 == first // 3
        part = slice(first, first + 3)
        table[:, part], bias[part] = _fit(values[chosen], outputs[chosen] - first, weights[chosen])
    _fill(_table(model), _SHARE * table, rarity, _SHARE * bias)


def _counted(
    model: TargetEncoderForSequenceClassification,
    encoded: EncodedRows,
    tokenizer: PreTrainedTokenizerBase,
) -> tuple[csr_matrix, NDArray[np.int64], NDArray[np.float64]]:
    """Return how often each row has each n-gram, which output it should raise, and its weight."""
    batches = DataLoader(encoded, _AT_ONCE, collate_fn=DataCollatorWithPadding(tokenizer))
    places, ends, outputs, weights = [], [], [], []
    for batch in batches:
        found, present = model.ngram_features(
            batch["input_ids"], batch["token_type_ids"], batch["attention_mask"]
        )
        places.append(found[present].numpy())
        ends.append(present.sum(dim=1).numpy())
        outputs.append(batch["labels"].numpy())
        weights.append(batch["weights"].numpy())
    indices = np.concatenate(places)
    pointers = np.concatenate([[0], np.cumsum(np.concatenate(ends))])
    ones = np.ones(len(indices), dtype=np.float32)
    counts = csr_matrix((ones, indices, pointers), shape=(len(encoded), _BUCKETS))
    counts.sum_duplicates()
    return counts, np.concatenate(outputs), np.concatenate(weights)


def _rarity(counts: csr_matrix) -> NDArray[np.float64]:
    """Return the smoothed inverse document frequency; 0 for what occurs in a single row."""
    rows = np.bincount(counts.indices, minlength=counts.shape[1])
    rarity: NDArray[np.float64] = np.log((1 + counts.shape[0]) / (1 + rows)) + 1
    return np.where(rows < _LEAST_OFTEN, 0, rarity)


def _weighted(counts: csr_matrix, rarity: NDArray[np.float64]) -> csr_matrix:
    """Weigh n-grams as `Ngrams.forward` does: each occurrence counts by itself in the length."""
    length = np.sqrt(np.maximum(counts @ rarity**2, 1))
    return (diags(1 / length) @ counts @ diags(rarity)).tocsr()


def _fit(
    values: csr_matrix, outputs: NDArray[np.int64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return weights (buckets, 3) and bias (3,); of a label without rows both are 0."""
    table, bias = np.zeros((values.shape[1], 3)), np.zeros(3)
    present = np.unique(outputs)
    if len(present) < 2:  # noqa: PLR2004 (two labels; of one alone there is nothing to learn)
        return table, bias
    regression = LogisticRegression(C=_INVERSE_PENALTY, max_iter=_STEPS)
    with warnings.catch_warnings():  # to stop early is a penalty too
        warnings.simplefilter("ignore", ConvergenceWarning)
        regression.fit(values, outputs, sample_weight=weights)
    coefficients, intercepts = regression.coef_, regression.intercept_
    if len(present) == 2:  # noqa: PLR2004 (one row of coefficients then, for the second label)
        coefficients = np.vstack([-coefficients / 2, coefficients / 2])
        intercepts = np.concatenate([-intercepts / 2, intercepts / 2])
    table[:, present], bias[present] = coefficients.T, intercepts
    return table, bias


def _table(model: TargetEncoderForSequenceClassification) -> Ngrams:
    if model.ngrams is None:
        raise RuntimeError("the model has no table of n-grams")
    return model.ngrams


def _fill(
    ngrams: Ngrams,
    table: NDArray[np.float64],
    rarity: NDArray[np.float64],
    bias: NDArray[np.float64],
) -> None:
    with torch.no_grad():
        ngrams.weights.copy_(torch.from_numpy(table))
        ngrams.rarity.copy_(torch.from_numpy(rarity)[:, None])
        ngrams.bias.copy_(torch.from_numpy(bias))
