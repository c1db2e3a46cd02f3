"""What is known of the errors of the model whose labels a report counts."""

import json
from collections.abc import Sequence

from collector.errors import ModelError
from models.cascade import AnyModel, Cascade
from models.labels import STANCE
from models.model_name import ModelName

__all__ = ["UNCORRECTED", "model_errors"]

UNCORRECTED = (
    "net is a count of the model's labels, not of opinions: where few posts take a side, errors on "
    "the many that take none can outnumber the opinions; `tgstance annotate sample` draws posts to "
    "label by hand, which corrects it."
)

_OPINIONS = 0.05  # of posts, in the example: in news channels it is a few percent

Confusion = Sequence[Sequence[int]]  # a row for each true label: against, neutral, favor


def model_errors(model: AnyModel) -> str | None:
    """Return a sentence on how often a model errs where it was measured, None where it was not.

    That is on the rows that its training held out, as `tgstance train` wrote them down; those of
    the models of a cascade say nothing of the two together.
    """
    confusion = None if isinstance(model, Cascade) else _held_out(model)
    return _sentence(confusion) if confusion else None


def _held_out(model: ModelName) -> Confusion | None:
    """Return the confusion matrix, None where none is written down that can be used."""
    try:
        directory = model.directory
        if directory is None:
            return None
        written = json.loads((directory / "training.json").read_text(encoding="utf-8"))
        rows = written["tasks"][STANCE]["measures"]["confusion"]
        numbers = [[int(number) for number in row] for row in rows]
    except (ModelError, OSError, ValueError, KeyError, TypeError):
        return None
    shaped = [len(row) for row in numbers] == [3, 3, 3] and min(map(min, numbers)) >= 0
    return numbers if shaped and all(map(sum, numbers)) else None


def _sentence(confusion: Confusion) -> str:
    against, neutral, favor = confusion
    opinions = sum(against) + sum(favor)
    invented = 1 - neutral[1] / sum(neutral)
    right = (against[0] + favor[2]) / opinions
    reversed_ = (against[2] + favor[0]) / opinions
    wrong = (1 - _OPINIONS) * invented + _OPINIONS * reversed_
    named = wrong + _OPINIONS * right
    example = f"{wrong / named if named else 0:.0%} of the sides it names would be wrong"
    return (
        f"On the {sum(map(sum, confusion))} pairs of text and target that its training held out, "
        f"the model saw a side in {invented:.0%} of the neutral ones, and the right side in "
        f"{right:.0%} of the others; where {_OPINIONS:.0%} of posts take a side, {example}."
    )
