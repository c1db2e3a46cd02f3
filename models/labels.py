"""The tasks, their labels, and how the labels of a model map onto them."""

from collections.abc import Mapping, Sequence

from collector.errors import ModelError

__all__ = ["LABELS", "LEFT_OUT", "SENTIMENT", "STANCE", "TARGET_SENTIMENT", "columns", "head_label"]

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

_SYNONYMS: Sequence[frozenset[str]] = (
    frozenset({"negative", "neg", "against", "anti", "con", "oppose", "отрицательный"}),
    frozenset({"neutral", "neu", "none", "neither", "нейтральный"}),
    frozenset({"positive", "pos", "favor", "favour", "for", "pro", "support", "положительный"}),
)
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


def columns(
    id2label: Mapping[int, str], task: str, override: Mapping[str, str] | None = None
) -> tuple[int, int, int]:
    """Return which outputs of a model are the three labels of `task`, in the order of `LABELS`.

    `override` maps labels of the model to ours. Raises ModelError when the labels cannot be mapped.
    """
    wanted = LABELS[task]
    names = {index: _plain(label) for index, label in id2label.items()}
    if override:
        given = {_plain(theirs): ours for theirs, ours in override.items()}
        _reject_unknown(given, names, task)
        return _three([_index_of({given.get(n): i for i, n in names.items()}, w) for w in wanted])
    for head in _HEADS[task]:
        group = {
            n.removeprefix(f"{head}_"): i for i, n in names.items() if n.startswith(f"{head}_")
        }
        if group:
            names = {index: name for name, index in group.items()}
            break
    if len(names) == len(wanted):
        found = [[i for i, n in names.items() if n in synonyms] for synonyms in _SYNONYMS]
        if all(len(indices) == 1 for indices in found):
            return _three([indices[0] for indices in found])
    raise ModelError(
        f"the model's labels {sorted(id2label.values())} cannot be mapped to {list(wanted)} for "
        f'{task}: set labels = {{ THEIRS = "{wanted[0]}", ... }} for this model in tgstance.toml'
    )


def _plain(label: str) -> str:
    return label.strip().lower()


def _reject_unknown(given: Mapping[str, str], names: Mapping[int, str], task: str) -> None:
    missing = sorted(set(given) - set(names.values()))
    if missing or set(given.values()) != set(LABELS[task]) or len(given) != len(LABELS[task]):
        raise ModelError(
            f"labels = {dict(given)} must map three of the model's labels "
            f"({sorted(names.values())}) to {list(LABELS[task])}, each once"
        )


def _index_of(indices: Mapping[str | None, int], label: str) -> int:
    return indices[label]


def _three(indices: Sequence[int]) -> tuple[int, int, int]:
    against, neutral, favor = indices
    return against, neutral, favor
