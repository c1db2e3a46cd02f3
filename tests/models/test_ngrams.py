"""The table of n-grams beside the encoder: what it counts, and that it can be fitted."""

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerBase

from models.dataset import LabelledRow
from models.embedded_shape import Shape, build_classifier, build_encoder, build_tokenizer
from models.fitting_ngrams import fit_ngrams
from models.ngrams import Ngrams
from models.passage import Passage
from models.target_encoder import TargetEncoderForSequenceClassification
from models.training_data import label_names

KINDS = 9  # tokens, pairs, the target's name, and six of tokens near a mention
BUCKETS = 131_071
SAID = {"against": "плох", "neutral": "тут", "favor": "хорош"}


def near(mention: list[bool], width: int, step: int) -> list[bool]:
    """Tell, in the slow and plain way, who has a mention among `width` neighbours on one side."""
    return [
        not mention[at]
        and any(
            mention[other]
            for distance in range(1, width + 1)
            if 0 <= (other := at + step * distance) < len(mention)
        )
        for at in range(len(mention))
    ]


@given(st.lists(st.tuples(st.integers(0, 15_999), st.booleans()), min_size=1, max_size=90))
def test_tokens_near_a_mention_are_those_within_some_distance(
    tokens: list[tuple[int, bool]],
) -> None:
    ids = torch.tensor([[token for token, _ in tokens]])
    mention = torch.tensor([[mentioned for _, mentioned in tokens]])
    places, present = Ngrams(BUCKETS, 3).features(
        ids, torch.zeros_like(ids), torch.ones_like(ids), mention
    )
    assert places.min() >= 0
    assert places.max() < BUCKETS
    by_kind = present[0].view(KINDS, -1).tolist()
    expected = [near(mention[0].tolist(), width, step) for width in (6, 20, 60) for step in (-1, 1)]
    assert by_kind[3:] == expected


@given(st.lists(st.integers(0, 1_000_000), min_size=1, max_size=50))
def test_hashing_stays_within_31_bits(tokens: list[int]) -> None:
    """Some runtimes compute in 32 bits whatever a file asks for."""
    ids = torch.tensor([tokens])
    rest = torch.zeros_like(ids), torch.ones_like(ids), torch.zeros_like(ids, dtype=torch.bool)
    table = Ngrams(BUCKETS, 3)
    wide, _ = table.features(ids, *rest)
    narrow, _ = table.features(ids.int(), rest[0].int(), rest[1].int(), rest[2])
    assert wide.tolist() == narrow.tolist()


def test_half_precision_holds_a_long_text_too() -> None:
    table = Ngrams(BUCKETS, 3)
    with torch.no_grad():
        table.rarity.fill_(11)
        table.weights.copy_(torch.arange(3.0))
    ids = torch.arange(256)[None] + 10
    mention = torch.zeros_like(ids, dtype=torch.bool)
    mention[0, ::9] = True
    inputs = ids, torch.zeros_like(ids), torch.ones_like(ids), mention
    exact = table(*inputs)
    assert exact[0, 2] > exact[0, 1] > 1
    for precision in (torch.float16, torch.bfloat16):
        assert torch.allclose(table.to(precision)(*inputs), exact, rtol=0.01)


@pytest.fixture(scope="module")
def rows() -> list[LabelledRow]:
    return [
        LabelledRow(
            passage=Passage(f"{name} {word}, сказал {number}", name, mentions=((0, len(name)),)),
            task="stance",
            label=label,
            lang="ru",
        )
        for number in range(20)
        for name in ("Трамп", "Байден")
        for label, word in SAID.items()
    ]


@pytest.fixture(scope="module")
def tokenizer(rows: list[LabelledRow]) -> PreTrainedTokenizerBase:
    return build_tokenizer([row.passage.text for row in rows], Shape(vocabulary=300))


@pytest.fixture
def model(
    rows: list[LabelledRow], tokenizer: PreTrainedTokenizerBase
) -> TargetEncoderForSequenceClassification:
    shape = Shape(vocabulary=300, width=16, layers=1, heads=2)
    encoder = build_encoder(tokenizer, [row.passage.text for row in rows], shape)
    return build_classifier(encoder, label_names(rows)).eval()


def answers(
    model: TargetEncoderForSequenceClassification,
    tokenizer: PreTrainedTokenizerBase,
    *texts: str,
) -> torch.Tensor:
    with torch.inference_mode():
        batch = tokenizer(list(texts), padding=True, return_tensors="pt")
        result: torch.Tensor = model(**batch).logits
    return result


def test_an_empty_table_changes_nothing(
    model: TargetEncoderForSequenceClassification, tokenizer: PreTrainedTokenizerBase
) -> None:
    before = answers(model, tokenizer, "Трамп хорош")
    model.add_ngrams(BUCKETS)
    assert torch.equal(answers(model, tokenizer, "Трамп хорош"), before)


def test_what_was_fitted_tells_the_labels_apart_without_any_training_of_the_encoder(
    model: TargetEncoderForSequenceClassification,
    tokenizer: PreTrainedTokenizerBase,
    rows: list[LabelledRow],
) -> None:
    fit_ngrams(model, tokenizer, rows, 64)
    asked = ["Байден плох, сказал 100", "Трамп тут", "Трамп и правда хорош, сказал 7"]
    assert answers(model, tokenizer, *asked).argmax(dim=1).tolist() == [0, 1, 2]


def test_padding_changes_nothing(
    model: TargetEncoderForSequenceClassification,
    tokenizer: PreTrainedTokenizerBase,
    rows: list[LabelledRow],
) -> None:
    fit_ngrams(model, tokenizer, rows, 64)
    alone = answers(model, tokenizer, "Трамп хорош")
    beside = answers(model, tokenizer, "Трамп хорош", "Байден плох, " * 9)
    assert torch.allclose(alone[0], beside[0], atol=1e-5)


@pytest.mark.parametrize("labels", [{"against", "favor"}, {"neutral"}])
def test_labels_that_no_row_has_are_not_learned(
    model: TargetEncoderForSequenceClassification,
    tokenizer: PreTrainedTokenizerBase,
    rows: list[LabelledRow],
    labels: set[str],
) -> None:
    fit_ngrams(model, tokenizer, [row for row in rows if row.label in labels], 64)
    assert model.ngrams is not None
    learned = model.ngrams.weights.abs().sum(dim=0) > 0
    assert learned.tolist() == [len(labels) > 1 and label in labels for label in SAID]


def test_a_table_for_other_labels_is_read_as_an_empty_one(
    model: TargetEncoderForSequenceClassification,
    tokenizer: PreTrainedTokenizerBase,
    rows: list[LabelledRow],
    tmp_path: Path,
) -> None:
    """As `tgstance train --base` reads a model that it is to teach another task."""
    fit_ngrams(model, tokenizer, rows, 64)
    model.save_pretrained(tmp_path)
    read = TargetEncoderForSequenceClassification.from_pretrained(
        tmp_path, num_labels=6, ignore_mismatched_sizes=True
    )
    assert read.ngrams is not None
    assert read.ngrams.weights.shape == (BUCKETS, 6)
    assert not read.ngrams.weights.any()
    assert not read.ngrams.bias.any()


def test_features_are_refused_where_there_is_no_table(
    model: TargetEncoderForSequenceClassification,
) -> None:
    ids = torch.tensor([[2, 3]])
    with pytest.raises(ValueError, match="reads no n-grams"):
        model.ngram_features(ids, ids, ids)
