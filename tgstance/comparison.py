"""Shows what Telegram's API and the web preview say differently of a channel's newest posts."""

from collections import Counter
from typing import TYPE_CHECKING

import click

from tgstance.session import Session
from tgstance.sources import Source, hold_preview

if TYPE_CHECKING:
    from collections.abc import Callable

    from collector.comparing import Comparison
    from collector.limits import Limits

__all__ = ["run_compare"]

_EXIT_DIFFERENT = 5
_LONGEST_VALUE = 60
_COMMAND = "tgstance collect --compare"


def run_compare(
    session: Session, name: str, count: int, limits: "Callable[[Source], Limits]"
) -> None:
    """Read the newest `count` posts from both sources and print what differs; store no post.

    Exits with 5 if something differs.
    """
    from collector.comparing import compare
    from collector.naming import parse_channel
    from tgstance.account import hold_account

    channel = parse_channel(name)
    with (
        hold_account(session.config, _COMMAND) as account,
        hold_preview(_COMMAND) as preview,
        session.run("compare", alone=True) as (archive, run),
    ):
        found = compare(
            archive,
            account,
            preview,
            channel,
            count=count,
            limits=lambda source: limits(Source(source)),
        )
        run.summary |= {"channel": str(channel), "compared": found.compared}
        run.exit_code = 0 if found.agrees else _EXIT_DIFFERENT
    _show(str(channel), found)
    if run.exit_code:
        raise click.exceptions.Exit(run.exit_code)


def _show(channel: str, found: "Comparison") -> None:
    from tgstance.terminal import show_table

    rows = [
        (one.message_id, one.field, _short(one.telegram), _short(one.preview))
        for one in found.differences
    ]
    if rows:
        show_table(f"{channel}: what differs", ["post", "field", "telegram", "preview"], rows)
    for source, ids in (("telegram", found.only_telegram), ("preview", found.only_preview)):
        if ids:
            click.echo(f"only {source} shows: {', '.join(map(str, ids))}")
    fields = Counter(one.field for one in found.differences)
    kinds = ", ".join(f"{name} in {number}" for name, number in fields.most_common())
    same = found.compared - len({one.message_id for one in found.differences})
    click.echo(
        f"{channel}: {same} of {found.compared} posts are the same{f'; {kinds}' if kinds else ''}"
    )


def _short(value: object) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"
