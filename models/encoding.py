"""Puts passages before a model as token ids: the same way in training and in scoring."""

from transformers import BatchEncoding, PreTrainedTokenizerBase

from models.labels import SENTIMENT
from models.passage import MARK_OPEN, Passage

__all__ = ["encode", "is_cut"]


def encode(
    tokenizer: PreTrainedTokenizerBase, passage: Passage, task: str, max_length: int
) -> BatchEncoding:
    """Return at most `max_length` token ids of a passage.

    Sentiment reads the text; all else the text, with its mentions marked where the tokenizer knows
    the marks, and the target as a pair. Of what is too long, the longer one loses its end first.
    """
    pair = None if task == SENTIMENT else passage.target
    text = passage.marked() if pair and _knows_marks(tokenizer) else passage.text
    encoded: BatchEncoding = tokenizer(
        text, pair, truncation=True, max_length=max_length, verbose=False
    )
    return encoded


def is_cut(encoded: BatchEncoding, max_length: int) -> bool:
    """Tell whether tokens were left out; where a tokenizer does not say, whether it is full."""
    if encoded.encodings:
        return bool(encoded.encodings[0].overflowing)
    return len(encoded["input_ids"]) >= max_length


def _knows_marks(tokenizer: PreTrainedTokenizerBase) -> bool:
    return tokenizer.convert_tokens_to_ids(MARK_OPEN) not in {None, tokenizer.unk_token_id}
