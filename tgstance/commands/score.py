"""tgstance score: labels what has no label yet."""

from typing import TYPE_CHECKING

import click

from tgstance.session import Session

if TYPE_CHECKING:
    from collector.archive import Archive
    from models.model_name import ModelName

__all__ = ["run_score", "score"]


@click.command(short_help="Label posts that have no score yet.")
@click.pass_obj
def score(session: Session) -> None:
    """Label the sentiment of posts and their stance toward the configured targets.

    Only what the configured models have not scored yet is scored, each distinct text once, a batch
    at a time: an interrupted run goes on where it stopped.

    \b
    Example:
      tgstance score
    """
    run_score(session)


def run_score(session: Session) -> None:
    """Prepare and score everything that is new, as one recorded run."""
    from tgstance.terminal import log

    if not session.config.targets:
        log.warning("no [[targets]] in %s: only sentiment is scored", session.config_path)
    models = {"sentiment": session.config.sentiment_model, "stance": session.config.stance_model}
    fingerprints = {task: name.fingerprint for task, name in models.items()}
    with session.run("score", alone=True) as (archive, run):
        run.summary["models"] = fingerprints
        _prepare(session, archive)
        for task, name in models.items():
            run.summary[task] = _score_task(session, archive, task, name)


def _prepare(session: Session, archive: "Archive") -> None:
    from models.preparing import find_mentions, store_readings
    from tgstance.terminal import log

    new = store_readings(archive)
    find_mentions(archive, session.config.targets)
    log.info("read %s new texts and looked for %s targets", new, len(session.config.targets))


def _score_task(session: Session, archive: "Archive", task: str, name: "ModelName") -> int:
    from models.pending import count_unscored
    from tgstance.terminal import log, progress

    targets = session.config.targets
    with archive.connect() as connection:
        waiting = count_unscored(connection, task, name.fingerprint, targets)
    if not waiting:
        log.info("%s: nothing new to score", task)
        return 0
    from models.loading import load_classifier
    from models.scoring import score as score_archive

    classifier = load_classifier(name, task)
    with progress(f"{task} with {name.text}", waiting, quiet=session.quiet) as advance:
        done = score_archive(archive, classifier, targets, advance)
    log.info("%s: %s scored with %s", task, done, name.text)
    return done
