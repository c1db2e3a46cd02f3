"""tgstance collect: brings channels up to date from Telegram's API or its web preview."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, TypeVar, Unpack

import click

from collector.errors import ConfigError
from tgstance.collection import run_collect
from tgstance.comparison import run_compare
from tgstance.finite import Finite
from tgstance.moments import parse_duration, parse_moment
from tgstance.session import Session
from tgstance.sources import Source, by_source
from tgstance.time_option import TimeOption, parse_since

if TYPE_CHECKING:
    from collector.limits import Limits
    from collector.naming import ChannelName
    from collector.planning import Wish

__all__ = ["collect", "collect_configured", "plan_of"]

_Parsed = TypeVar("_Parsed")
_COMPARED = 100  # posts
_NOT_COMPARING = ("since", "until", "recent", "source")  # options
_MARKED_ID = re.compile(r"-100[0-9]+")


class _Options(TypedDict):
    since: datetime | None
    until: datetime | None
    limit: int | None
    recent: timedelta | None
    pace: float | None
    at_once: int | None
    max_wait: timedelta | None
    source: str | None
    compare: str | None


class _WithIds(click.Command):
    """Takes -1001234567890 for the id of a channel, as Telegram's programs show it, not options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ids = [f"id {text}" if _MARKED_ID.fullmatch(text) else text for text in args]
        return super().parse_args(ctx, ids)


@click.command(cls=_WithIds, short_help="Fetch new posts of the channels from Telegram.")
@click.argument("channels", nargs=-1)
@click.option(
    "--channels-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File that names channels, one a line; # begins a comment.",
)
@click.option(
    "--since",
    type=TimeOption("moment", parse_since),
    help="Read from this date, from so long ago (30d), or all. The default is for the first time: "
    "afterwards only what is new is read, unless this is earlier.  [default: 30d]",
)
@click.option("--until", type=TimeOption("moment", parse_moment), help="Read nothing from then on.")
@click.option(
    "--limit", type=click.IntRange(min=1), help="New posts per channel, the oldest first."
)
@click.option(
    "--recent",
    type=TimeOption("duration", parse_duration),
    help="Read younger posts again for edits, deletions and views.  [default: 7d]",
)
@click.option(
    "--pace", type=Finite(0, 3600), help="Seconds between requests.  [default: 0.5; preview: 1]"
)
@click.option(
    "--at-once", type=click.IntRange(1, 20), help="Channels read side by side.  [default: 3]"
)
@click.option(
    "--max-wait",
    type=TimeOption("duration", parse_duration),
    help="Sit out flood waits up to this; a longer one ends the run with 75.  [default: 5m]",
)
@click.option(
    "--source",
    type=click.Choice([source.value for source in Source]),
    help="Telegram's API, the public web preview, or the API if signed in.  [default: auto]",
)
@click.option(
    "--compare",
    metavar="NAME",
    help="Store nothing; read the newest posts of a channel from both sources (--limit says how "
    "many) and show what differs.  [default limit: 100]",
)
@click.pass_obj
def collect(
    session: Session,
    /,
    channels: tuple[str, ...],
    channels_file: Path | None,
    **options: Unpack[_Options],
) -> None:
    """Bring channels up to date: those named here or in a file, else those of the configuration.

    A channel is @name, t.me/name, a link to a post, or a numeric id. Nothing is lost when a run is
    killed: the next one goes on where it stopped. One channel that fails does not stop the others.
    Without an account, channels are read from the web preview, which rounds views.

    \b
    Example:
      tgstance collect @rian_ru --source preview
      tgstance collect
      tgstance collect @rian_ru t.me/s/uniannet --since 2024-11-01
      tgstance collect --channels-file channels.txt --since all --limit 1000
    """
    if options["compare"] is not None:
        if channels or channels_file:
            raise ConfigError("--compare takes one channel, and no others besides")
        if without := [name for name in _NOT_COMPARING if options.get(name) is not None]:
            raise ConfigError(f"--compare goes without --{without[0]}")
        count = options["limit"] or _COMPARED
        run_compare(session, options["compare"], count, lambda one: _limits(session, options, one))
        return
    _collect(session, _channels(session, channels, channels_file), options)


def collect_configured(session: Session, since: datetime | None) -> None:
    """Bring the configured channels up to date, if there are any, as `tgstance collect` does."""
    from tgstance.logs import log

    if session.config.collect.channels:
        options = _Options(
            since=since,
            until=None,
            limit=None,
            recent=None,
            pace=None,
            at_once=None,
            max_wait=None,
            source=None,
            compare=None,
        )
        _collect(session, _channels(session, (), None), options)
    else:
        log.info("no channels in %s: nothing to collect", session.config_path)


def plan_of(session: Session, since: datetime | None) -> str:
    """Say what `collect_configured` would read."""
    if not session.config.collect.channels:
        return f"nothing: no channels in {session.config_path}"
    wanted = by_source(session.config, _channels(session, (), None), None)
    parts = [f"{len(names)} channels from {source}" for source, names in wanted.items()]
    earliest = f"{since:%Y-%m-%d}" if since else session.config.collect.since
    return f"{' and '.join(parts)}: what is new, at first since {earliest}"


def _collect(session: Session, wanted: "Sequence[ChannelName]", options: _Options) -> None:
    wish = _wish(session, options)
    sources = by_source(session.config, wanted, options["source"])
    limits = {source: _limits(session, options, source) for source in sources}
    run_collect(session, sources, wish, limits)


def _channels(session: Session, named: tuple[str, ...], file: Path | None) -> "list[ChannelName]":
    from collector.naming import parse_channels, read_channels_file

    texts = [*named, *(read_channels_file(file) if file else ())]
    configured = [channel.name for channel in session.config.collect.channels]
    wanted = parse_channels(texts or configured)
    if not wanted:
        raise ConfigError(
            "no channels: name some, or list them under [collect] in the configuration"
        )
    return wanted


def _wish(session: Session, options: _Options) -> "Wish":
    from collector.planning import Wish

    config = session.config.collect
    since = _given(options["since"], lambda: parse_since(config.since))
    until = options["until"]
    if since > datetime.now(UTC):
        raise ConfigError("since lies in the future")
    if until is not None and until <= since:
        hint = "" if options["since"] else f", which is {config.since}: give an earlier --since"
        raise ConfigError(f"--until is not after --since{hint}")
    recent = _given(options["recent"], lambda: parse_duration(config.recent))
    return Wish(since, until, options["limit"], recent)


def _limits(session: Session, options: _Options, source: Source) -> "Limits":
    from collector.limits import Limits

    config = session.config.collect
    max_wait = _given(options["max_wait"], lambda: parse_duration(config.max_wait))
    pace = config.preview_pace if source is Source.PREVIEW else config.pace
    return Limits(
        pace=_given(options["pace"], lambda: pace),
        at_once=_given(options["at_once"], lambda: config.at_once),
        max_wait=max_wait.total_seconds(),
        deadline=config.timeout,
        attempts=config.attempts,
        ends_at=session.stop.ends_at,
    )


def _given(option: _Parsed | None, otherwise: Callable[[], _Parsed]) -> _Parsed:
    return otherwise() if option is None else option
