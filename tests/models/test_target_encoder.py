"""The embedded architecture: what it pools, and that padding and writing change nothing."""

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoModelForMaskedLM, AutoModelForSequenceClassification

from models.target_encoder import (
    TargetEncoderConfig,
    TargetEncoderForMaskedLM,
    TargetEncoderForSequenceClassification,
)

OPEN, CLOSE = 5, 6
PLAIN = [2, 10, 11, 12, 13, 14, 3]


@pytest.fixture
def config() -> TargetEncoderConfig:
    torch.manual_seed(1)
    return TargetEncoderConfig(
        vocab_size=40,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
        mark_open_id=OPEN,
        mark_close_id=CLOSE,
        initializer_range=0.3,
        id2label=dict(enumerate(["against", "neutral", "favor"])),
    )


@pytest.fixture
def model(config: TargetEncoderConfig) -> TargetEncoderForSequenceClassification:
    return TargetEncoderForSequenceClassification(config).eval()


def logits(model: torch.nn.Module, *rows: list[int]) -> torch.Tensor:
    longest = max(map(len, rows))
    ids = torch.tensor([[*row, *[0] * (longest - len(row))] for row in rows])
    with torch.inference_mode():
        result: torch.Tensor = model(ids, (ids != 0).long()).logits
    return result


def test_padding_changes_nothing(model: TargetEncoderForSequenceClassification) -> None:
    alone = logits(model, PLAIN)
    padded = logits(model, PLAIN, [2, *range(10, 30), 3])
    assert torch.allclose(alone[0], padded[0], atol=1e-5)


def test_it_answers_for_the_marked_mention(model: TargetEncoderForSequenceClassification) -> None:
    first = [2, OPEN, 10, CLOSE, 11, 12, 13, 3]
    last = [2, 10, 11, 12, OPEN, 13, CLOSE, 3]
    answers = logits(model, first, last)
    assert not torch.allclose(answers[0], answers[1], atol=1e-3)


def test_what_is_marked_is_a_kind_of_token_of_its_own(
    model: TargetEncoderForSequenceClassification,
) -> None:
    marked = [2, OPEN, 10, 11, CLOSE, 12, 3]
    before = logits(model, marked, PLAIN)
    with torch.no_grad():
        model.encoder.types.weight[2] += torch.randn(
            16
        )  # not the same everywhere: it is normalised
    after = logits(model, marked, PLAIN)
    assert not torch.allclose(before[0], after[0], atol=1e-3)
    assert torch.allclose(before[1], after[1], atol=1e-5)


def test_a_mark_that_was_cut_off_does_no_harm(
    model: TargetEncoderForSequenceClassification,
) -> None:
    rows = [[2, OPEN, 10, 11], [2, 10, CLOSE, 11], [2, CLOSE, OPEN, 3]]
    assert torch.isfinite(logits(model, *rows)).all()


@st.composite
def well_formed(draw: st.DrawFn) -> list[int]:
    """A row in which every mark that opens is closed before the next."""
    words = st.lists(st.integers(7, 39), max_size=4)
    parts = draw(st.lists(st.tuples(words, words), max_size=3))
    row = [token for out, named in parts for token in (*out, OPEN, *named, CLOSE)]
    return [2, *row, 3]


def mentioned(rows: list[list[int]]) -> list[list[bool]]:
    """Return which tokens of each row, filled up with padding, are a mention's."""
    model = TargetEncoderForSequenceClassification(
        TargetEncoderConfig(
            vocab_size=40, hidden_size=8, num_hidden_layers=1, num_attention_heads=1
        )
    )
    longest = max(map(len, rows))
    ids = torch.tensor([[*row, *[0] * (longest - len(row))] for row in rows])
    _, _, mention = model._encode(ids, None, (ids != 0).long())  # noqa: SLF001
    found: list[list[bool]] = mention.tolist()
    return found


@given(st.lists(well_formed(), min_size=1, max_size=4))
def test_a_mention_reaches_from_mark_to_mark(rows: list[list[int]]) -> None:
    for row, found in zip(rows, mentioned(rows), strict=True):
        depth = [row[: at + 1].count(OPEN) - row[: at + 1].count(CLOSE) for at in range(len(row))]
        expected = [deep > 0 or token == CLOSE for deep, token in zip(depth, row, strict=True)]
        assert found == [*expected, *[False] * (len(found) - len(row))]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ([2, CLOSE, OPEN, 10, CLOSE, 11, 3], [2, 3, 4]),
        ([2, CLOSE, CLOSE, OPEN, 10, CLOSE, 11], [3, 4, 5]),
        ([2, 10, OPEN, 10, OPEN, 11, CLOSE, 12, 3], [2, 3, 4, 5, 6]),
        ([2, 10, OPEN, 11, 12], [2, 3, 4]),
        ([2, 10, CLOSE, 11], []),
        ([OPEN, OPEN, OPEN], [0, 1, 2]),
    ],
)
def test_marks_without_a_partner_hide_nothing_and_reach_no_padding(
    row: list[int], expected: list[int]
) -> None:
    found, _ = mentioned([row, [2] * 15])
    assert [at for at, inside in enumerate(found) if inside] == expected


def test_padding_changes_nothing_after_a_mark_that_was_cut_off(
    model: TargetEncoderForSequenceClassification,
) -> None:
    cut = [2, 10, OPEN, 11, 12]
    padded = logits(model, cut, [2, *range(10, 30), 3])
    assert torch.allclose(logits(model, cut)[0], padded[0], atol=1e-5)


def test_it_is_read_back_as_it_was_written(
    model: TargetEncoderForSequenceClassification, tmp_path: Path
) -> None:
    model.save_pretrained(tmp_path)
    read = AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    assert torch.allclose(logits(model, PLAIN), logits(read, PLAIN), atol=1e-5)


def test_masked_tokens_alone_count(config: TargetEncoderConfig) -> None:
    model = TargetEncoderForMaskedLM(config).eval()
    ids = torch.tensor([PLAIN])
    labels = torch.full_like(ids, -100)
    labels[0, 2] = 11
    with torch.inference_mode():
        one = model(ids, labels=labels)
        everywhere = model(ids)
    assert one.logits.shape == (1, 40)
    expected = -everywhere.logits.view(len(PLAIN), 40)[2].log_softmax(0)[11]
    assert torch.allclose(one.loss, expected, atol=1e-5)


def test_words_are_guessed_by_the_embeddings_that_they_are_read_by(
    config: TargetEncoderConfig, tmp_path: Path
) -> None:
    model = TargetEncoderForMaskedLM(config)
    model.save_pretrained(tmp_path)
    read = AutoModelForMaskedLM.from_pretrained(tmp_path)
    assert read.decoder.weight is read.encoder.words.weight
    assert torch.equal(read.encoder.words.weight, model.encoder.words.weight)
