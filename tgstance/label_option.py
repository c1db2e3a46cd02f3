"""Options that say what the labels of a set or of a model mean: THEIRS=OURS."""

from collections.abc import Mapping

import click

__all__ = ["cascade_label_option", "label_option", "model_label_option"]


def _ours(
    _context: click.Context, _parameter: click.Parameter, pairs: tuple[str, ...]
) -> Mapping[str, str]:
    """Take pairs whose second half is a label of one of our tasks, or of rows to leave out."""
    from models.labels import LABELS, LEFT_OUT

    known = [*dict.fromkeys(label for labels in LABELS.values() for label in labels)]
    known += sorted(LEFT_OUT)
    labels = _as_mapping(pairs)
    for theirs, ours in labels.items():
        if ours not in known:
            raise click.BadParameter(f"{theirs}={ours}: {ours!r} is none of {', '.join(known)}")
    return labels


def _any(
    _context: click.Context, _parameter: click.Parameter, pairs: tuple[str, ...]
) -> Mapping[str, str]:
    """Take any pairs: what they may say depends on the model."""
    return _as_mapping(pairs)


def _as_mapping(pairs: tuple[str, ...]) -> Mapping[str, str]:
    labels: dict[str, str] = {}
    for pair in pairs:
        # The last "=" divides: ours holds none.
        theirs, _, ours = (part.strip() for part in pair.rpartition("="))
        if not theirs or not ours:
            raise click.BadParameter(f"{pair!r} is not THEIRS=OURS, such as 1=favor")
        if labels.setdefault(theirs, ours.lower()) != ours.lower():
            raise click.BadParameter(f"{theirs!r} is given two meanings: {labels[theirs]}, {ours}")
    return labels


# Hands the command a Mapping[str, str] named `labels`, for models.dataset.read_set and read_sets.
label_option = click.option(
    "--label",
    "labels",
    metavar="THEIRS=OURS",
    multiple=True,
    callback=_ours,
    help="What a label of FILE means, such as 1=favor; unrelated or mixed leave rows out. May be "
    "repeated.",
)

# Hands the command a Mapping[str, str] named `model_labels`, for models.model_name.ModelName.
model_label_option = click.option(
    "--model-label",
    "model_labels",
    metavar="THEIRS=OURS",
    multiple=True,
    callback=_any,
    help="What a label of the model means, such as LABEL_2=favor. May be repeated.",
)

# The same, named `cascade_labels`.
cascade_label_option = click.option(
    "--cascade-label",
    "cascade_labels",
    metavar="THEIRS=OURS",
    multiple=True,
    callback=_any,
    help="As --model-label, of SECOND. May be repeated.",
)
