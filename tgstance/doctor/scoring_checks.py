"""Checks of the scores: by which models, and of what there is none."""

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from collector.errors import ConfigError, ModelError
from tgstance.doctor.case import Case
from tgstance.doctor.finding import SkippedError, Verdict, listed, ok, warning

if TYPE_CHECKING:
    from collector.archive import Archive
    from models.cascade import AnyModel

__all__ = ["check_outdated_scores", "check_unscored"]


def check_outdated_scores(case: Case, archive: "Archive") -> Verdict:
    """Count the scores by models that are not configured any more: reports leave them out."""
    from models.tables import models, scores

    current = {print_ for model in _configured(case) for print_ in _fingerprints(model)}
    query = (
        select(models.c.fingerprint, models.c.name, func.count())
        .join(scores, scores.c.model_id == models.c.id)
        .group_by(models.c.id, models.c.fingerprint, models.c.name)
        .order_by(models.c.id)
    )
    with archive.connect() as connection:
        counts = [tuple(row) for row in connection.execute(query)]
    old = [f"{n} by {name} ({print_})" for print_, name, n in counts if print_ not in current]
    if old:
        return ok(f"{listed(old)}, which are not configured now: reports do not count them")
    return ok(f"all {sum(row[2] for row in counts)} are by the configured models")


def check_unscored(case: Case, archive: "Archive") -> Verdict:
    """Count what `tgstance score` would label."""
    from models.pending import count_unread, count_unscored

    sentiment, stance = (model.fingerprint for model in _configured(case))
    with archive.connect() as connection:
        unread = count_unread(connection)
        texts = count_unscored(connection, "sentiment", sentiment, ())
        pairs = count_unscored(connection, "stance", stance, case.config.targets)
    counts = {
        "posts that were not read yet": unread,
        "texts without a sentiment": texts,
        "pairs of text and target without a stance": pairs,
    }
    waiting = [f"{count} {what}" for what, count in counts.items() if count]
    return warning(", ".join(waiting), "tgstance score") if waiting else ok("nothing waits")


def _configured(case: Case) -> "tuple[AnyModel, AnyModel]":
    """Return the models for sentiment and stance, whose fingerprints can be told."""
    config = case.config
    try:
        both = config.sentiment_model, config.stance_model
        for model in both:
            model.fingerprint  # noqa: B018 (raises where the model is not there)
    except (ConfigError, ModelError) as error:
        raise SkippedError("needs the configured models", "mend the models") from error
    return both


def _fingerprints(model: "AnyModel") -> list[str]:
    from models.cascade import Cascade

    if isinstance(model, Cascade):
        return [model.fingerprint, model.first.fingerprint, model.second.fingerprint]
    return [model.fingerprint]
