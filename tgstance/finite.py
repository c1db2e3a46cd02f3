"""An option that takes a number within bounds, and no other thing that Python calls a float."""

import math
from typing import Any

import click

__all__ = ["Finite"]


class Finite(click.FloatRange):
    """A range of numbers without "nan" and "inf", which click lets through."""

    def convert(
        self,
        value: Any,  # noqa: ANN401 (click's)
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float:
        """Return the number, or say what is wrong with it."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a number to compute with.", param, ctx)
        return number
