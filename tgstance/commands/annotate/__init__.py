"""tgstance annotate: gold samples, from drawing them to the labels that are final."""

import click

from tgstance.commands.annotate.agree import agree
from tgstance.commands.annotate.labelling import adjudicate, import_labels
from tgstance.commands.annotate.sample import sample
from tgstance.commands.annotate.status import status

__all__ = ["annotate"]


@click.group(
    commands=[sample, import_labels, agree, adjudicate, status],
    short_help="Draw samples to label by hand, and take the labels in.",
)
def annotate() -> None:
    """Draw texts to label by hand, take the labels in, and see how far coders agree.

    With such gold labels `tgstance report` corrects its shares for the model's errors. Let two
    people label the same sheet, each a copy of their own: their agreement says how far the labels
    can be trusted.

    \b
    Example:
      tgstance annotate sample --size 300 --out gold.csv
      tgstance annotate import gold-anna.csv --coder anna
      tgstance annotate import gold-boris.csv --coder boris
      tgstance annotate agree --out disputed.csv
      tgstance annotate adjudicate disputed.csv --coder clara
      tgstance annotate status
    """
