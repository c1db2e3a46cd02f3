"""Which inputs share a batch, so that little of it is padding, and how a batch is padded."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

__all__ = ["Row", "batches", "pad"]

Row = Mapping[str, Sequence[int]]  # one input as a tokenizer made it: input_ids and so on


def batches(
    lengths: Sequence[int], budget: int, *, most_rows: int | None = None
) -> Iterator[list[int]]:
    """Yield the indices of inputs of these lengths in batches, the longest first.

    Inputs of similar length share a batch of at most `budget` tokens, padding included, and
    `most_rows` inputs. One that is longer than the budget is a batch of its own.
    """
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True):
        if batch and (lengths[batch[0]] * (len(batch) + 1) > budget or len(batch) == most_rows):
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def pad(
    rows: Sequence[Row], tokenizer: PreTrainedTokenizerBase, *, multiple_of: int, longest: int
) -> dict[str, NDArray[np.int64]]:
    """Return (n, length) arrays: the length is of the longest row, or up to a multiple beyond.

    No longer than `longest`, though. Padding stands on the tokenizer's side, with its tokens.
    """
    needed = max(len(row["input_ids"]) for row in rows)
    length = max(needed, min(-(-needed // multiple_of) * multiple_of, longest))
    fill = {
        "input_ids": tokenizer.pad_token_id or 0,
        "token_type_ids": tokenizer.pad_token_type_id,
    }
    left = tokenizer.padding_side == "left"
    padded = {}
    for key in rows[0]:
        whole = np.full((len(rows), length), fill.get(key, 0), dtype=np.int64)
        for line, row in zip(whole, rows, strict=True):
            values = row[key]
            line[length - len(values) if left else 0 :][: len(values)] = values
        padded[key] = whole
    return padded
