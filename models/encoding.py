"""Puts passages before a model as token ids: the same way in training and in scoring."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from transformers import BatchEncoding, PreTrainedTokenizerBase

from models.engine.batching import Row
from models.labels import SENTIMENT
from models.passage import MARK_CLOSE, MARK_OPEN, Passage
from models.windows import Window, around, leave_out, over

__all__ = ["Encoded", "encode", "encode_windows"]

_Spans = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Encoded:
    """A passage as one input or, where it is too long, as windows of it.

    `weights` has one share per window; they sum to 1. `truncated` tells that a token of the text
    is in no window, or that the target's name was cut.
    """

    windows: Sequence[Row]
    weights: Sequence[float]
    truncated: bool


def encode(tokenizer: PreTrainedTokenizerBase, passage: Passage, task: str, max_length: int) -> Row:
    """Return at most `max_length` token ids: a passage or, where it is too long, one window of it.

    That is the window around the first mentions of the target, or else the beginning.
    """
    return encode_windows(tokenizer, [passage], task, max_length)[0].windows[0]


def encode_windows(
    tokenizer: PreTrainedTokenizerBase, passages: Sequence[Passage], task: str, max_length: int
) -> list[Encoded]:
    """Return each passage as inputs of at most `max_length` tokens each.

    Sentiment reads the text; all else the text, with its mentions marked where the tokenizer knows
    the marks, and the target as a pair; what looks like a mark in either is none. What is too long
    is read around the mentions of the target, or all over where it has none (`models.windows`).
    Beside a text that does not fit, at most half of an input goes to the target's name.
    """
    knows_marks = _knows_marks(tokenizer)
    written = [_written(passage, task, knows_marks=knows_marks) for passage in passages]
    rows = _tokenize(tokenizer, written)
    return [
        Encoded([row], [1.0], truncated=False)
        if len(row["input_ids"]) <= max_length
        else _in_windows(tokenizer, one, max_length)
        for one, row in zip(written, rows, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Written:
    """A passage as it is put to the tokenizer; `mentions` are spans in its text."""

    text: str
    pair: str | None
    mentions: _Spans = ()


def _written(passage: Passage, task: str, *, knows_marks: bool) -> _Written:
    asked = _without_marks(passage) if knows_marks else passage
    if task == SENTIMENT or not asked.target:
        return _Written(asked.text, None)
    if not (asked.mentions and knows_marks):
        return _Written(asked.text, asked.target, asked.mentions)
    text = asked.marked()
    spans = _marked_spans(asked.mentions, len(text) - len(asked.text))
    return _Written(text, asked.target, spans)


def _tokenize(tokenizer: PreTrainedTokenizerBase, written: Sequence[_Written]) -> list[Row]:
    """Return the token ids of each, all at once, which a fast tokenizer does on all cores."""
    rows: list[Row] = [{}] * len(written)
    for paired in (False, True):
        chosen = [index for index, one in enumerate(written) if (one.pair is not None) == paired]
        if not chosen:
            continue
        texts = [written[index].text for index in chosen]
        pairs = [written[index].pair for index in chosen] if paired else None
        found = tokenizer(texts, pairs, verbose=False)
        for place, index in enumerate(chosen):
            row = {key: values[place] for key, values in found.items()}
            rows[index] = row if row["input_ids"] else _nothing(tokenizer)
    return rows


def _nothing(tokenizer: PreTrainedTokenizerBase) -> Row:
    """Return what stands for no text where a tokenizer adds nothing: models need a token."""
    row: BatchEncoding = tokenizer(next(iter(tokenizer.all_special_tokens), "."), verbose=False)
    return dict(row)


def _in_windows(tokenizer: PreTrainedTokenizerBase, written: _Written, limit: int) -> Encoded:
    whole: BatchEncoding = tokenizer(written.text, written.pair, verbose=False)
    long = _fast(whole, written.text, written.mentions) or _slow(tokenizer, written)
    return _cut(whole, long, limit)


def _without_marks(passage: Passage) -> Passage:
    """Return a passage whose own text marks nothing; its mentions stand where they stood."""
    return replace(
        passage,
        text=_in_round_brackets(passage.text),
        target=passage.target and _in_round_brackets(passage.target),
    )


def _in_round_brackets(text: str) -> str:
    for mark in (MARK_OPEN, MARK_CLOSE):
        text = text.replace(mark, f"({mark[1:-1]})")
    return text


def _marked_spans(mentions: _Spans, added: int) -> _Spans:
    """Return where mentions and the marks around them stand once `added` characters are there."""
    per_mention = added // len(mentions)
    return [
        (start + number * per_mention, end + (number + 1) * per_mention)
        for number, (start, end) in enumerate(mentions)
    ]


@dataclass(frozen=True, slots=True)
class _Long:
    """Where the tokens of the text and of the target stand in an input that is too long.

    `mentions` and `begins_word` count from the first token of the text.
    """

    text: range
    target: range
    mentions: _Spans
    begins_word: Callable[[int], bool]


def _fast(whole: BatchEncoding, text: str, mentions: _Spans) -> _Long | None:
    """Return the parts of what a tokenizer made that tells where its tokens come from."""
    if not whole.encodings:
        return None
    of = whole.encodings[0].sequence_ids
    target = _run(of, 1, len(of))
    body = _run(of, 0, target.start)
    offsets = whole.encodings[0].offsets[body.start : body.stop]
    starts, ends = [start for start, _ in offsets], [end for _, end in offsets]
    spans = [(bisect_right(ends, start), bisect_left(starts, end)) for start, end in mentions]

    def begins_word(at: int) -> bool:
        char = starts[at]
        return char == 0 or any(map(str.isspace, text[char - 1 : char + 1]))

    return _Long(body, target, spans, begins_word)


def _run(of: Sequence[int | None], part: int, default: int) -> range:
    start = of.index(part) if part in of else default
    return range(start, start + of.count(part))


def _slow(tokenizer: PreTrainedTokenizerBase, written: _Written) -> _Long:
    """Return the parts by counting tokens piece by piece, which is near enough for windows."""
    text, pair, mentions = written.text, written.pair, written.mentions
    encoded = tokenizer(text, pair, return_special_tokens_mask=True, verbose=False)
    special = [*encoded["special_tokens_mask"], 0]
    count, target_count = (len(tokenizer.tokenize(part or "")) for part in (text, pair))
    start = special.index(0)
    target_start = special.index(0, start + count)
    edges = [0, *(edge for span in mentions for edge in span)]
    pieces = [len(tokenizer.tokenize(text[start:end])) for start, end in pairwise(edges)]
    places = [min(place, count) for place in accumulate(pieces)]
    return _Long(
        range(start, start + count),
        range(target_start, target_start + target_count),
        list(zip(places[::2], places[1::2], strict=True)),
        lambda _: True,
    )


def _cut(whole: BatchEncoding, long: _Long, max_length: int) -> Encoded:
    length, named = len(long.text), len(long.target)
    free = max_length - (len(whole["input_ids"]) - length - named)
    kept = min(named, max(free // 2, free - length))
    room = max(free - kept, 1)
    if long.mentions and length > room:
        windows = around(long.mentions, length, room, long.begins_word)
    else:
        windows = over(length, room, long.begins_word)
    total = sum(window.weight for window in windows)
    return Encoded(
        [_input(whole, long, window, kept) for window in windows],
        [window.weight / total for window in windows],
        truncated=kept < named or leave_out(windows, length),
    )


def _input(whole: BatchEncoding, long: _Long, window: Window, kept: int) -> Row:
    """Return `whole` with no more of the text than a window, and `kept` tokens of the target."""
    text, target = long.text, long.target
    parts = [
        slice(0, text.start),
        slice(text.start + window.start, text.start + window.end),
        slice(text.stop, target.start + kept),
        slice(target.stop, None),
    ]
    return {key: [item for part in parts for item in row[part]] for key, row in whole.items()}


def _knows_marks(tokenizer: PreTrainedTokenizerBase) -> bool:
    return tokenizer.convert_tokens_to_ids(MARK_OPEN) not in {None, tokenizer.unk_token_id}
