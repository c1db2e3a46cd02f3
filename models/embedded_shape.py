"""The embedded model's shape: a compact multilingual encoder made from nothing but texts.

Its vocabulary of word pieces is learned from the texts, and its token embeddings start from a
truncated singular value decomposition of the positive pointwise mutual information of tokens near
each other (Levy, Goldberg and Dagan 2015, "Improving Distributional Similarity with Lessons
Learned from Word Embeddings"), so that pretraining begins with words that already know their like.
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
from tokenizers import Regex, Tokenizer
from tokenizers.models import BPE, WordPiece
from tokenizers.normalizers import NFC, Lowercase
from tokenizers.normalizers import Sequence as Normalizers
from tokenizers.pre_tokenizers import BertPreTokenizer, Metaspace, Split
from tokenizers.pre_tokenizers import Sequence as PreTokenizers
from tokenizers.processors import TemplateProcessing
from tokenizers.trainers import BpeTrainer
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from models.passage import MARK_CLOSE, MARK_OPEN
from models.target_encoder import (
    TargetEncoderConfig,
    TargetEncoderForMaskedLM,
    TargetEncoderForSequenceClassification,
)

__all__ = ["Shape", "build_classifier", "build_encoder", "build_tokenizer"]

_ALPHABET = 400
_NOISE = 0.2  # of the usual random values
_WORD_START = "▁"
_NORMALIZER = Normalizers([NFC(), Lowercase()])
_PRE_TOKENIZER = PreTokenizers([Split(Regex(r"[\p{So}\p{Sk}]"), "isolated"), BertPreTokenizer()])
_PRETRAINING_DROPOUT = 0.05
_DROPOUT = 0.2  # labelled rows are few and read several times
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
    """Sizes of the encoder. The default has 7.3 million parameters: 15 MB in half precision."""

    vocabulary: int = 16_000
    width: int = 256
    layers: int = 3
    heads: int = 4
    positions: int = 256


def build_tokenizer(texts: Sequence[str], shape: Shape) -> PreTrainedTokenizerBase:
    """Learn a lower-case WordPiece vocabulary that also knows the marks around a target.

    The pieces are learned by byte-pair encoding (Sennrich et al. 2016) and matched longest first;
    the same texts give the same vocabulary. Emoji and other symbols are words of their own.
    """
    vocabulary = _word_pieces(texts, shape.vocabulary)
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = _NORMALIZER
    tokenizer.pre_tokenizer = _PRE_TOKENIZER
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(name, vocabulary[name]) for name in ("[CLS]", "[SEP]")],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=shape.positions,
        extra_special_tokens=[MARK_OPEN, MARK_CLOSE],
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
        **_SPECIAL,
    )


def _word_pieces(texts: Sequence[str], size: int) -> dict[str, int]:
    """Return at most `size` pieces: as they begin words, and with ``##`` as they go on.

    The library's own WordPiece trainer numbers equally frequent pieces anew each time.
    """
    learned = Tokenizer(BPE())
    learned.normalizer = _NORMALIZER
    learned.pre_tokenizer = PreTokenizers([_PRE_TOKENIZER, Metaspace(prepend_scheme="always")])
    alphabet = min(_ALPHABET, size // 4)
    trainer = BpeTrainer(vocab_size=size - alphabet, min_frequency=3, show_progress=False)
    learned.train_from_iterator(_common_characters(texts, alphabet), trainer)
    numbers = learned.get_vocab()
    pieces = sorted(numbers, key=numbers.__getitem__)
    letters = [piece for piece in pieces if len(piece) == 1 and piece != _WORD_START]
    written = [
        piece[1:] if piece[0] == _WORD_START else f"##{piece}"
        for piece in pieces
        if piece != _WORD_START
    ]
    names = [*_SPECIAL.values(), MARK_OPEN, MARK_CLOSE, *letters, *written]
    return {name: number for number, name in enumerate(dict.fromkeys(names))}


def _common_characters(texts: Sequence[str], count: int) -> Iterator[str]:
    """Yield the texts without rare characters, which would take up the vocabulary.

    The trainer's own `limit_alphabet` picks among equally rare ones anew each time.
    """
    counts = Counter(chain.from_iterable(map(str.lower, texts)))
    order = sorted(counts, key=lambda char: (-counts[char], char))
    rare = str.maketrans(dict.fromkeys(order[count:], " "))
    for text in texts:
        yield text.lower().translate(rare)


def build_encoder(
    tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], shape: Shape
) -> TargetEncoderForMaskedLM:
    """Make an encoder to pretrain, whose embeddings already know which tokens go together."""
    numbers = tokenizer.get_vocab()
    config = TargetEncoderConfig(
        vocab_size=len(tokenizer),
        hidden_size=shape.width,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=4 * shape.width,
        max_position_embeddings=shape.positions,
        pad_token_id=tokenizer.pad_token_id,
        mark_open_id=numbers[MARK_OPEN],
        mark_close_id=numbers[MARK_CLOSE],
        dropout=_PRETRAINING_DROPOUT,
    )
    model = TargetEncoderForMaskedLM(config)
    ids = tokenizer(list(texts), add_special_tokens=False, verbose=False)["input_ids"]
    vectors = _svd_embeddings(ids, len(tokenizer), shape.width)
    with torch.no_grad():  # a little noise stays, for words used alike may not start just the same
        model.encoder.words.weight.mul_(_NOISE).add_(torch.from_numpy(vectors))
    return model


def build_classifier(
    encoder: TargetEncoderForMaskedLM, labels: Sequence[str]
) -> TargetEncoderForSequenceClassification:
    """Put an untrained head with one output per label upon a copy of an encoder."""
    config = TargetEncoderConfig.from_dict(encoder.config.to_dict())
    config.dropout = _DROPOUT
    config.id2label = dict(enumerate(labels))
    config.label2id = {label: index for index, label in enumerate(labels)}
    model = TargetEncoderForSequenceClassification(config)
    model.encoder.load_state_dict(encoder.encoder.state_dict())
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
