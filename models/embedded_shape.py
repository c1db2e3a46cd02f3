"""The embedded model's shape: a compact multilingual encoder made from nothing but texts.

Its vocabulary of word pieces is learned from the texts, and its token embeddings start from a
truncated singular value decomposition of the positive pointwise mutual information of tokens near
each other (Levy, Goldberg and Dagan 2015, "Improving Distributional Similarity with Lessons
Learned from Word Embeddings"), which stands in for a pretraining that nobody could afford.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags
from sklearn.utils.extmath import randomized_svd
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.normalizers import NFC, Lowercase
from tokenizers.normalizers import Sequence as Normalizers
from tokenizers.pre_tokenizers import BertPreTokenizer, Metaspace
from tokenizers.pre_tokenizers import Sequence as PreTokenizers
from tokenizers.processors import TemplateProcessing
from tokenizers.trainers import BpeTrainer
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
)

from models.passage import MARK_CLOSE, MARK_OPEN

__all__ = ["Shape", "build_model", "build_tokenizer"]

_ALPHABET = 400
_WINDOW = 5
_CONTEXT_SMOOTHING = 0.75
_SPECIAL = {
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the encoder. The default has 5.8 million parameters: 12 MB in half precision."""

    vocabulary: int = 16_000
    width: int = 256
    layers: int = 2
    heads: int = 4
    positions: int = 256


def build_tokenizer(texts: Sequence[str], shape: Shape) -> PreTrainedTokenizerBase:
    """Learn a lower-case vocabulary of word pieces that also knows the marks around a target.

    Byte-pair encoding (Sennrich et al. 2016) over words that begin with ``▁`` whatever stood before
    them. The same texts give the same vocabulary.
    """
    learned = Tokenizer(BPE(unk_token="[UNK]", fuse_unk=True))
    learned.normalizer = Normalizers([NFC(), Lowercase()])
    learned.pre_tokenizer = PreTokenizers([BertPreTokenizer(), Metaspace(prepend_scheme="always")])
    trainer = BpeTrainer(
        vocab_size=shape.vocabulary,
        min_frequency=3,
        show_progress=False,
        special_tokens=[*_SPECIAL.values(), MARK_OPEN, MARK_CLOSE],
    )
    learned.train_from_iterator(_common_characters(texts), trainer)
    learned.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(name, learned.token_to_id(name)) for name in ("[CLS]", "[SEP]")],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=learned,
        model_max_length=shape.positions,
        extra_special_tokens=[MARK_OPEN, MARK_CLOSE],
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
        **_SPECIAL,
    )


def _common_characters(texts: Sequence[str]) -> Iterator[str]:
    """Yield the texts without rare characters, which would take up the vocabulary.

    The trainer's own `limit_alphabet` picks among equally rare ones anew each time.
    """
    counts = Counter(chain.from_iterable(map(str.lower, texts)))
    order = sorted(counts, key=lambda char: (-counts[char], char))
    rare = str.maketrans(dict.fromkeys(order[_ALPHABET:], " "))
    for text in texts:
        yield text.lower().translate(rare)


def build_model(
    tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], labels: Sequence[str], shape: Shape
) -> PreTrainedModel:
    """Make an untrained classifier whose embeddings already know which tokens go together."""
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=shape.width,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=4 * shape.width,
        max_position_embeddings=shape.positions,
        pad_token_id=tokenizer.pad_token_id,
        id2label=dict(enumerate(labels)),
        label2id={label: index for index, label in enumerate(labels)},
    )
    model = BertForSequenceClassification(config)
    ids = tokenizer(list(texts), add_special_tokens=False, verbose=False)["input_ids"]
    vectors = _svd_embeddings(ids, len(tokenizer), shape.width)
    with torch.no_grad():  # added to the random values, for words used alike may not start alike
        embeddings = model.bert.embeddings.word_embeddings.weight
        embeddings += torch.from_numpy(vectors)
    return model


def _svd_embeddings(
    ids: Sequence[Sequence[int]], vocabulary: int, width: int
) -> NDArray[np.float32]:
    """Return one row per token, (vocabulary, width); zero for a token that never occurs."""
    components = min(width, vocabulary - 1)
    left, values, _ = randomized_svd(_ppmi(ids, vocabulary), components, random_state=0)
    vectors = np.pad(left * np.sqrt(values), ((0, 0), (0, width - components)))
    scale = 0.05 / max(float(vectors.std()), 1e-12)
    scaled: NDArray[np.float32] = (vectors * scale).astype(np.float32)
    return scaled


def _ppmi(ids: Sequence[Sequence[int]], vocabulary: int) -> csr_matrix:
    counts = _cooccurrences(ids, vocabulary)
    context = np.asarray(counts.sum(axis=0)).ravel() ** _CONTEXT_SMOOTHING
    rows = np.asarray(counts.sum(axis=1)).ravel()
    with np.errstate(divide="ignore"):
        by_row = diags(np.where(rows > 0, 1 / rows, 0))
        by_column = diags(np.where(context > 0, context.sum() / context, 0))
    ratio = (by_row @ counts @ by_column).tocsr()
    ratio.data = np.maximum(np.log(ratio.data), 0)
    ratio.eliminate_zeros()
    return ratio


def _cooccurrences(ids: Sequence[Sequence[int]], vocabulary: int) -> csr_matrix:
    """Count pairs of tokens at most `_WINDOW` apart, nearer ones more."""
    total = csr_matrix((vocabulary, vocabulary), dtype=np.float32)
    for start in range(0, len(ids), 5_000):
        part = [np.asarray([*text, -1], dtype=np.int64) for text in ids[start : start + 5_000]]
        flat = np.concatenate(part) if part else np.empty(0, dtype=np.int64)
        document = np.cumsum(flat == -1)
        for distance in range(1, _WINDOW + 1):
            near, far = flat[:-distance], flat[distance:]
            same = (document[:-distance] == document[distance:]) & (near >= 0) & (far >= 0)
            weights = np.full(int(same.sum()), 1 / distance, dtype=np.float32)
            total += csr_matrix((weights, (near[same], far[same])), shape=(vocabulary, vocabulary))
    return (total + total.T).tocsr()
