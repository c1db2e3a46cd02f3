"""Says what `tgstance run` would do, and touches nothing."""

from typing import TYPE_CHECKING

import click

from collector.errors import ArchiveError
from tgstance.pipeline import Job, Stage
from tgstance.session import Session

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["tell"]


def tell(session: Session, job: Job) -> None:
    """Print a line for each stage: what it would read, label or write."""
    from tgstance.commands.collect import plan_of

    tellers = {
        Stage.COLLECT: lambda: plan_of(session, job.since),
        Stage.SCORE: lambda: _scoring(session),
        Stage.REPORT: lambda: _report(session),
    }
    for stage in job.stages:
        click.echo(f"{stage}: {tellers[stage]()}")


def _scoring(session: Session) -> str:
    models = {session.config.sentiment_model.text, session.config.stance_model.text}
    with_models = f"with {' and '.join(sorted(models))}"
    try:
        with session.open_read_only() as archive, archive.connect() as connection:
            return f"{_waiting(session, connection)}, {with_models}"
    except ArchiveError as error:
        return f"what is new, {with_models} ({error})"


def _waiting(session: Session, connection: "Connection") -> str:
    from models.pending import count_unread, count_unscored

    config = session.config
    texts = count_unscored(connection, "sentiment", config.sentiment_model.fingerprint, ())
    pairs = count_unscored(connection, "stance", config.stance_model.fingerprint, config.targets)
    return (
        f"{count_unread(connection)} posts that were not read yet, {texts} texts without a "
        f"sentiment, {pairs} pairs of text and target without a stance"
    )


def _report(session: Session) -> str:
    from tgstance.reporting.publishing import newest

    config = session.config
    before = newest(config.report_directory)
    return (
        f"by {config.period}, as {', '.join(config.formats)}, into {config.report_directory}; the "
        f"newest there is {before.name if before else 'none'}"
    )
