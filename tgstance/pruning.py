"""Drops what is old from all tables of the archive, in an order that loses no figure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from tgstance.config import Config

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from collector.archive import Archive
    from models.pruning import Keep

__all__ = ["Choice", "Old", "count_old", "fingerprints", "prune"]


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be dropped: words from before a moment, and what else was asked for."""

    before: datetime
    gold: bool = False
    old_scores: bool = False

    def keep(self) -> "Keep":
        """Return what other tables need of texts and labels."""
        from models.pruning import Keep
        from reports.annotation.pruning import drawn, drawn_since, labelled_targets

        texts = drawn_since(self.before) if self.gold else drawn()
        return Keep(texts, drawn(), labelled_targets())


@dataclass(frozen=True, slots=True)
class Old:
    """How many posts, earlier versions of edited posts, and distinct texts are to lose their words.

    `unlabelled` counts those of the posts and texts that no model has labelled, `gold` the texts of
    gold samples among the old ones.
    """

    posts: int
    versions: int
    texts: int
    unlabelled: int
    gold: int


def count_old(connection: "Connection", choice: Choice) -> Old:
    """Count what `prune` would drop."""
    from collector.pruning import count_old_words
    from models.pruning import count_old_texts, count_unlabelled
    from reports.annotation.pruning import count_old_items

    before, keep = choice.before, choice.keep()
    words = count_old_words(connection, before)
    return Old(
        words.posts,
        words.versions,
        count_old_texts(connection, before, keep),
        count_unlabelled(connection, before, keep),
        count_old_items(connection, before),
    )


def prune(
    archive: "Archive", choice: Choice, config: Config, after_batch: Callable[[int], None]
) -> dict[str, int]:
    """Drop what is old, a batch a transaction; return how many rows of what that were.

    It can be broken off at any time: the same call goes on there.
    """
    from collector.pruning import drop_old_words, erase_traces
    from models.preparing import store_readings
    from models.pruning import drop_old_scores, drop_old_texts, drop_unused
    from reports.annotation.pruning import drop_old_notes

    store_readings(archive)  # a text that is never read is known by no reading later
    words = drop_old_words(archive, choice.before, after_batch)
    done = {"posts": words.posts, "versions": words.versions}
    done["unused"] = drop_unused(archive, choice.keep(), after_batch)
    done["texts"] = drop_old_texts(archive, choice.before, choice.keep(), after_batch)
    if choice.gold:
        drop_old_notes(archive, choice.before)
    if choice.old_scores:
        done["scores"] = drop_old_scores(archive, fingerprints(config), after_batch)
    erase_traces(archive)
    return done


def fingerprints(config: Config) -> set[str]:
    """Return the fingerprints of the configured models, and of those that cascades are made of."""
    from models.cascade import Cascade

    found = set()
    for model in (config.sentiment_model, config.stance_model):
        parts = [model.first, model.second] if isinstance(model, Cascade) else []
        found |= {one.fingerprint for one in (model, *parts)}
    return found
