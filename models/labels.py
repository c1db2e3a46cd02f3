"""The tasks, their labels, and how the labels of a model map onto them."""

import re
from collections.abc import Collection, Mapping, Sequence

from collector.errors import ModelError

__all__ = [
    "CONTRADICTION",
    "ENTAILMENT",
    "LABELS",
    "LEFT_OUT",
    "NEUTRAL",
    "SENTIMENT",
    "STANCE",
    "TARGET_SENTIMENT",
    "canonical",
    "columns",
    "head",
    "head_label",
    "nli_columns",
]

SENTIMENT = "sentiment"
STANCE = "stance"
TARGET_SENTIMENT = "target_sentiment"

# From against to for: column 0 counts as -1, column 1 as 0, column 2 as +1.
LABELS: Mapping[str, tuple[str, str, str]] = {
    SENTIMENT: ("negative", "neutral", "positive"),
    STANCE: ("against", "neutral", "favor"),
    TARGET_SENTIMENT: ("negative", "neutral", "positive"),
}

# Labels of annotated sets that are no class of ours: a false mention, both moods at once.
LEFT_OUT = frozenset({"unrelated", "mixed"})

# Star ratings and numbers are left out on purpose: what they mean differs from set to set.
_SYNONYMS: Sequence[frozenset[str]] = (
    frozenset({"negative", "neg", "against", "anti", "con", "contra", "oppose", "opposed", "deny"})
    | frozenset({"отрицательный", "отрицательная", "негативный", "негативная", "негатив", "против"})
    | frozenset({"негативний", "проти"}),
    frozenset({"neutral", "neu", "none", "neither", "no stance"})
    | frozenset({"нейтральный", "нейтральная", "нейтрально", "нейтральний"}),
    frozenset({"positive", "pos", "favor", "favour", "in favor", "in favour", "for", "pro"})
    | frozenset({"support", "supporting", "affirm"})
    | frozenset({"положительный", "положительная", "позитивный", "позитивная", "позитив", "за"})
    | frozenset({"позитивний"}),
)

# What a model of natural-language inference says of a hypothesis.
ENTAILMENT = "entailment"
NEUTRAL = "neutral"
CONTRADICTION = "contradiction"
_NLI_SYNONYMS: Mapping[str, frozenset[str]] = {
    ENTAILMENT: frozenset({ENTAILMENT, "entailed", "entail", "entails"}),
    NEUTRAL: frozenset({NEUTRAL}),
    CONTRADICTION: frozenset(
        {CONTRADICTION, "contradict", "contradicts", "contradictory", "not entailment"}
    ),
}

# A model of several heads names its labels with the task; a stance head also answers for target
# sentiment where the model has no head of that name.
_HEADS: Mapping[str, tuple[str, ...]] = {
    SENTIMENT: (SENTIMENT,),
    STANCE: (STANCE,),
    TARGET_SENTIMENT: (TARGET_SENTIMENT, STANCE),
}


def head_label(task: str, label: str) -> str:
    """Return the name that a label has in a model of several tasks: ``stance_favor``."""
    return f"{task}_{label}"


def canonical(label: str, task: str) -> str | None:
    """Return our label of `task` that a well-known word means: ``FAVOUR``, ``anti``, ``neu``.

    None for any other word, numbers and star ratings included.
    """
    plain = _plain(label)
    for ours, synonyms in zip(LABELS[task], _SYNONYMS, strict=True):
        if plain in synonyms:
            return ours
    return None


def columns(
    id2label: Mapping[int, str], task: str, override: Mapping[str, str] | None = None
) -> tuple[int, int, int]:
    """Return which outputs of a model are the three labels of `task`, in the order of `LABELS`.

    `override` maps labels of the model to ours. Raises ModelError when the labels cannot be mapped;
    those of a model without a neutral label cannot: it would take a side on every post.
    """
    wanted = LABELS[task]
    if override:
        chosen = _overridden(id2label, override, wanted)
        return _three([chosen[label] for label in wanted])
    names = _of_task({index: _plain(label) for index, label in id2label.items()}, task)
    if len(names) == len(wanted):
        found = [[i for i, n in names.items() if n in synonyms] for synonyms in _SYNONYMS]
        if all(len(indices) == 1 for indices in found):
            return _three([indices[0] for indices in found])
    raise ModelError(
        f"the model's labels {sorted(id2label.values())} cannot be mapped to {list(wanted)} for "
        f"{task}: {_way_out(names, wanted)}"
    )


def head(answering: Collection[str], task: str) -> str:
    """Return which head a model's labels `answering` for `task` are of: its own, or the stance one.

    It is `task` for a model that names no heads.
    """
    for candidate in _HEADS[task]:
        if all(_plain(label).startswith(_prefix(candidate)) for label in answering):
            return candidate
    return task


def nli_columns(
    id2label: Mapping[int, str], override: Mapping[str, str] | None = None
) -> tuple[int, ...]:
    """Return which outputs are entailment, neutral and contradiction.

    Two for a model that knows only entailment and its absence. `override` maps labels of the model
    to these words. Raises ModelError when the labels cannot be mapped.
    """
    wanted = [word for word in _NLI_SYNONYMS if len(id2label) > 2 or word != NEUTRAL]  # noqa: PLR2004 (two)
    if override:
        chosen = _overridden(id2label, override, wanted)
        return tuple(chosen[word] for word in wanted)
    found = _nli_words({index: _plain(label) for index, label in id2label.items()})
    if len(id2label) == len(wanted) and set(found) == set(wanted):
        return tuple(found[word] for word in wanted)
    raise ModelError(
        f"the model's labels {sorted(id2label.values())} cannot be mapped to {wanted}, so it is "
        'none of kind = "nli": leave the kind out, or set labels = { THEIRS = "entailment", ... } '
        "for this model in tgstance.toml"
    )


def _plain(label: str) -> str:
    return re.sub(r"[\s_-]+", " ", label.strip().lower())


def _prefix(task: str) -> str:
    return _plain(head_label(task, ""))


def _of_task(names: Mapping[int, str], task: str) -> Mapping[int, str]:
    """Return the labels of the head for `task`, all where the model has no such heads."""
    for candidate in _HEADS[task]:
        prefix = _prefix(candidate)
        group = {
            i: name.removeprefix(prefix) for i, name in names.items() if name.startswith(prefix)
        }
        if group:
            return group
    return names


def _nli_words(names: Mapping[int, str]) -> dict[str, int]:
    return {
        word: index
        for index, name in names.items()
        for word, synonyms in _NLI_SYNONYMS.items()
        if name in synonyms
    }


def _way_out(names: Mapping[int, str], wanted: Sequence[str]) -> str:
    if ENTAILMENT in _nli_words(names):
        return 'it is a model of natural-language inference: set kind = "nli" in tgstance.toml'
    if len(names) < len(wanted):
        return "it would take a side on every post: name a model that also knows neutral ones"
    return f'set labels = {{ THEIRS = "{wanted[0]}", ... }} for this model in tgstance.toml'


def _overridden(
    id2label: Mapping[int, str], override: Mapping[str, str], wanted: Sequence[str]
) -> dict[str, int]:
    given = {theirs.strip().lower(): ours for theirs, ours in override.items()}
    names = {label.strip().lower(): index for index, label in id2label.items()}
    if set(given) - set(names) or sorted(given.values()) != sorted(wanted):
        raise ModelError(
            f"labels = {dict(override)} must map {len(wanted)} of the model's labels "
            f"({sorted(id2label.values())}) to {list(wanted)}, each once"
        )
    return {ours: names[theirs] for theirs, ours in given.items()}


def _three(indices: Sequence[int]) -> tuple[int, int, int]:
    against, neutral, favor = indices
    return against, neutral, favor
