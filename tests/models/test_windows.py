"""How a text that a model cannot take at once is cut into windows, for tokenizers of every kind."""

from collections.abc import Sequence
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import BPE, Unigram
from tokenizers.pre_tokenizers import ByteLevel, Metaspace
from tokenizers.processors import TemplateProcessing
from tokenizers.trainers import BpeTrainer, UnigramTrainer
from transformers import ByT5Tokenizer, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from models.embedded_shape import Shape, build_tokenizer
from models.encoding import encode, encode_windows
from models.labels import SENTIMENT, STANCE
from models.passage import MARK_CLOSE, MARK_OPEN, Passage
from models.windows import MOST_WINDOWS, around, leave_out, over

TEXTS = ["Трамп победил на выборах", "санкции не работают", "the president said nothing", "погода"]
MARKS = [MARK_OPEN, MARK_CLOSE]
BERT = {"pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]", "unk_token": "[UNK]"}
ROBERTA = {"pad_token": "<pad>", "cls_token": "<s>", "sep_token": "</s>", "unk_token": "<unk>"}


def unigram(special: dict[str, str], pair: str) -> PreTrainedTokenizerBase:
    names = list(special.values())
    made = Tokenizer(Unigram())
    made.pre_tokenizer = Metaspace()
    trainer = UnigramTrainer(
        vocab_size=120, special_tokens=names, unk_token=special["unk_token"], show_progress=False
    )
    made.train_from_iterator(TEXTS * 3, trainer)
    made.post_processor = TemplateProcessing(
        single=f"{special['cls_token']} $A {special['sep_token']}",
        pair=pair,
        special_tokens=[(name, made.token_to_id(name)) for name in names],
    )
    return PreTrainedTokenizerFast(tokenizer_object=made, extra_special_tokens=MARKS, **special)


def byte_level(names: Sequence[str]) -> Tokenizer:
    made = Tokenizer(BPE())
    made.pre_tokenizer = ByteLevel(add_prefix_space=False)
    trainer = BpeTrainer(
        vocab_size=400,
        special_tokens=list(names),
        initial_alphabet=ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(TEXTS * 3, trainer)
    return made


def modern_bert() -> PreTrainedTokenizerBase:
    made = byte_level(list(BERT.values()))
    made.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[(name, made.token_to_id(name)) for name in ("[CLS]", "[SEP]")],
    )
    names = ["input_ids", "attention_mask"]
    return PreTrainedTokenizerFast(
        tokenizer_object=made, extra_special_tokens=MARKS, model_input_names=names, **BERT
    )


def gpt() -> PreTrainedTokenizerBase:
    made = byte_level(["<|end|>"])
    return PreTrainedTokenizerFast(
        tokenizer_object=made, eos_token="<|end|>", extra_special_tokens=MARKS
    )


def slow() -> PreTrainedTokenizerBase:
    made = ByT5Tokenizer()
    made.add_special_tokens({"additional_special_tokens": MARKS})
    return made


MAKERS = {
    "bert": lambda: build_tokenizer(TEXTS * 3, Shape(vocabulary=200)),
    "xlm-roberta": lambda: unigram(ROBERTA, "<s> $A </s> </s> $B </s>"),
    "deberta-v2": lambda: unigram(BERT, "[CLS] $A [SEP] $B:1 [SEP]:1"),
    "modernbert": modern_bert,
    "gpt": gpt,
    "slow": slow,
}
KINDS = list(MAKERS)


@cache
def tokenizer_of(kind: str) -> PreTrainedTokenizerBase:
    return MAKERS[kind]()


COMMON = ["Трамп", "погода", "выборах", "said", "👍", "...", "не,работают", "中文文本"]
WORDS = st.lists(st.one_of(st.sampled_from(COMMON), st.text(max_size=12)), max_size=120)


def with_mentions(words: Sequence[str], named: Sequence[int], target: str) -> Passage:
    starts = [sum(len(word) + 1 for word in words[:index]) for index in range(len(words))]
    spans = tuple((starts[index], starts[index] + len(words[index])) for index in named)
    return Passage(" ".join(words), target, spans)


def marked_parts(tokenizer: PreTrainedTokenizerBase, ids: Sequence[int]) -> list[list[int]]:
    """Return the ids from each mark that opens to the one that closes."""
    opens, closes = tokenizer.convert_tokens_to_ids(MARKS)
    starts = [at for at, token in enumerate(ids) if token == opens]
    return [list(ids[at : ids.index(closes, at) + 1]) for at in starts if closes in ids[at:]]


def never(_: int) -> bool:
    return False


@given(length=st.integers(0, 3_000), room=st.integers(1, 200), data=st.data())
def test_windows_over_a_text_leave_nothing_out_until_there_are_too_many(
    length: int, room: int, data: st.DataObject
) -> None:
    begins = set(data.draw(st.lists(st.integers(0, length), max_size=200)))
    windows = over(length, room, begins.__contains__)
    assert 1 <= len(windows) <= MOST_WINDOWS
    assert all(0 <= window.end - window.start <= room for window in windows)
    assert windows[0].start == 0
    assert windows[-1].end == length
    if len(windows) < MOST_WINDOWS:
        assert not leave_out(windows, length)
        assert sum(window.weight for window in windows) == max(length, 1)


@given(
    gaps=st.lists(st.tuples(st.integers(0, 300), st.integers(0, 12)), min_size=1, max_size=40),
    after=st.integers(0, 300),
    room=st.integers(12, 200),
)
def test_windows_around_mentions_hold_each_of_them_whole_and_count_it_once(
    gaps: list[tuple[int, int]], after: int, room: int
) -> None:
    mentions, at = [], 0
    for gap, size in gaps:
        mentions.append((at + gap, at + gap + size))
        at += gap + size
    windows = around(mentions, at + after, room, never)
    assert all(0 <= w.start <= w.end <= at + after for w in windows)
    assert all(w.end - w.start <= room for w in windows)
    if len(windows) < MOST_WINDOWS:
        assert sum(window.weight for window in windows) == len(mentions)
        for start, end in mentions:
            assert any(w.start <= start and end <= w.end for w in windows)
    for window in windows:  # and none is cut at an edge
        for edge in (window.start, window.end):
            assert not any(start < edge < end for start, end in mentions)


def test_windows_begin_with_a_word_and_weigh_what_they_add() -> None:
    windows = over(200, 80, lambda at: at % 9 == 0)
    assert [(w.start, w.end, w.weight) for w in windows] == [
        (0, 80, 80),
        (63, 143, 63),
        (126, 200, 57),
    ]


def test_mentions_near_each_other_share_a_window_and_stand_in_its_middle() -> None:
    windows = around([(500, 503), (520, 525), (800, 803)], 1_000, 101, never)
    assert [(w.start, w.end, w.weight) for w in windows] == [(462, 563, 2), (751, 852, 1)]


def test_a_mention_at_an_end_of_the_text_has_the_rest_of_the_window_beside_it() -> None:
    windows = around([(0, 3), (997, 1_000)], 1_000, 100, never)
    assert [(w.start, w.end) for w in windows] == [(0, 100), (900, 1_000)]


def test_a_mention_longer_than_a_window_is_cut_at_its_end() -> None:
    (window,) = around([(300, 500)], 1_000, 100, never)
    assert (window.start, window.end) == (300, 400)


def test_mentions_without_end_are_read_in_an_even_spread() -> None:
    windows = around([(at, at + 3) for at in range(0, 100_000, 50)], 100_000, 60, never)
    assert len(windows) == MOST_WINDOWS
    assert windows[0].start == 0
    assert windows[-1].end > 99_900
    assert leave_out(windows, 100_000)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None)
@given(words=WORDS, limit=st.integers(8, 64))
def test_every_token_of_a_text_is_in_a_window_of_the_right_size(
    kind: str, words: list[str], limit: int
) -> None:
    tokenizer, text = tokenizer_of(kind), " ".join(words)
    encoded = encode_windows(tokenizer, [Passage(text)], SENTIMENT, limit)[0]
    assert 1 <= len(encoded.windows) <= MOST_WINDOWS
    assert all(1 <= len(window["input_ids"]) <= limit for window in encoded.windows)
    assert all(len({len(row) for row in window.values()}) == 1 for window in encoded.windows)
    assert sum(encoded.weights) == pytest.approx(1)
    if not encoded.truncated:
        read = {token for window in encoded.windows for token in window["input_ids"]}
        assert read >= set(tokenizer(text)["input_ids"])


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None)
@given(words=WORDS, limit=st.integers(48, 64), data=st.data())
def test_every_mention_is_whole_in_a_window(
    kind: str, words: list[str], limit: int, data: st.DataObject
) -> None:
    words = [word.replace("[", "(") for word in words] + ["Трамп"]
    named = data.draw(st.sets(st.integers(0, len(words) - 1), min_size=1, max_size=MOST_WINDOWS))
    tokenizer, passage = tokenizer_of(kind), with_mentions(words, sorted(named), "Трамп")
    encoded = encode_windows(tokenizer, [passage], STANCE, limit)[0]
    assert 1 <= len(encoded.windows) <= MOST_WINDOWS
    assert all(len(window["input_ids"]) <= limit for window in encoded.windows)
    read = [part for w in encoded.windows for part in marked_parts(tokenizer, w["input_ids"])]
    for part in marked_parts(tokenizer, tokenizer(passage.marked())["input_ids"]):
        assert part in read or len(part) > limit // 2 - 5


@pytest.mark.parametrize("kind", KINDS)
def test_a_passage_that_fits_is_encoded_as_the_tokenizer_does(kind: str) -> None:
    tokenizer = tokenizer_of(kind)
    text = "Трамп победил на выборах"
    plain = encode_windows(tokenizer, [Passage(text)], SENTIMENT, 512)[0]
    assert [dict(window) for window in plain.windows] == [dict(tokenizer(text))]
    pair = encode_windows(tokenizer, [Passage(text, "Трамп", ((0, 5),))], STANCE, 512)[0]
    marked = f"{MARK_OPEN} Трамп {MARK_CLOSE} победил на выборах"
    assert [dict(window) for window in pair.windows] == [dict(tokenizer(marked, "Трамп"))]
    assert not plain.truncated
    assert not pair.truncated


@pytest.mark.parametrize("kind", KINDS)
def test_windows_are_built_like_a_whole_input(kind: str) -> None:
    tokenizer = tokenizer_of(kind)
    words = ["погода"] * 300
    passage = with_mentions([*words, "Трамп", *words], [300], "Трамп")
    (window,) = encode_windows(tokenizer, [passage], STANCE, 64)[0].windows
    text = tokenizer("погода", add_special_tokens=False)["input_ids"]
    whole = tokenizer("погода", "Трамп")["input_ids"]
    start = whole.index(text[0])
    head, tail = whole[:start], whole[start + len(text) :]
    ids = window["input_ids"]
    assert len(ids) > 50
    assert ids[: len(head)] == head
    assert ids[-len(tail) :] == tail
    assert window == encode(tokenizer, passage, STANCE, 64)


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_text_is_one_input_of_special_tokens(kind: str) -> None:
    tokenizer = tokenizer_of(kind)
    for passage, task in ((Passage(""), SENTIMENT), (Passage("", "Трамп"), STANCE)):
        encoded = encode_windows(tokenizer, [passage], task, 64)[0]
        assert len(encoded.windows) == 1
        assert encoded.windows[0]["input_ids"]
        assert not encoded.truncated


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("task", [SENTIMENT, STANCE])
def test_marks_in_the_words_of_a_post_or_a_target_mark_nothing(kind: str, task: str) -> None:
    tokenizer = tokenizer_of(kind)
    written = ["погода", "[/T]", "Трамп", "[T]", "[T[T]]"]
    harmless = ["погода", "(/T)", "Трамп", "(T)", "[T(T)]"]
    for times in (1, 30):
        given, plain = (
            with_mentions([*words * times, "Трамп"], [2, 5 * times], name)
            for words, name in ((written, "[T] Трамп"), (harmless, "(T) Трамп"))
        )
        encoded, expected = (
            encode_windows(tokenizer, [one], task, 64)[0] for one in (given, plain)
        )
        assert encoded.windows == expected.windows
        marked = [marked_parts(tokenizer, window["input_ids"]) for window in encoded.windows]
        assert any(marked) == (task == STANCE)


def test_a_tokenizer_without_marks_reads_them_as_they_are() -> None:
    text = "погода [T] Трамп"
    for task in (SENTIMENT, STANCE):
        ids = encode(ByT5Tokenizer(), Passage(text, "Трамп"), task, 200)["input_ids"]
        assert text in ByT5Tokenizer().decode(ids)


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_takes_no_more_than_half_of_an_input(kind: str) -> None:
    tokenizer = tokenizer_of(kind)
    text, name = "победил " * 300, "Трамп " * 300
    encoded = encode_windows(tokenizer, [Passage(text, name)], STANCE, 64)[0]
    assert encoded.truncated
    assert len(encoded.windows) > 4
    assert all(len(window["input_ids"]) <= 64 for window in encoded.windows)
    alone = encode_windows(tokenizer, [Passage("победил", name)], STANCE, 64)[0]
    assert alone.truncated
    assert len(alone.windows) == 1
    assert len(alone.windows[0]["input_ids"]) == 64


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_of_a_hundred_thousand_characters_is_bounded(
    kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    tokenizer = tokenizer_of(kind)
    for text in ("слово " * 17_000, "а" * 100_000):
        encoded = encode_windows(tokenizer, [Passage(text)], SENTIMENT, 64)[0]
        assert len(encoded.windows) <= MOST_WINDOWS
    assert capfd.readouterr().err == ""
