"""Options whose text is a moment or a duration."""

from collections.abc import Callable
from datetime import datetime

import click

from tgstance.moments import parse_moment

__all__ = ["TimeOption", "parse_since"]


class TimeOption(click.ParamType[object]):
    """An option whose text a function of `tgstance.moments` understands."""

    def __init__(self, name: str, parse: Callable[[str], object]) -> None:
        self.name = name
        self._parse = parse

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> object:
        """Return what the text means, or say why it means nothing."""
        if not isinstance(value, str):
            return value
        try:
            return self._parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def parse_since(text: str) -> datetime:
    """Return the moment from which channels are to be read: before all posts for `all`."""
    from collector.planning import BEGINNING

    return BEGINNING if text == "all" else parse_moment(text)
