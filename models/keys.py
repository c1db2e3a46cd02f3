"""Under which numbers the archive keeps targets and models."""

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select

from models.cascade import AnyModel
from models.tables import models, targets
from models.targets import Target

__all__ = ["NO_MODEL", "model_id", "register_model", "target_ids"]

NO_MODEL = -1


def target_ids(connection: Connection, wanted: Iterable[Target]) -> dict[Target, int]:
    """Return the ids of those targets that were ever searched for, defined as they are now."""
    by_fingerprint = {target.fingerprint: target for target in wanted}
    query = select(targets.c.fingerprint, targets.c.id).where(
        targets.c.fingerprint.in_(by_fingerprint)
    )
    return {by_fingerprint[row.fingerprint]: row.id for row in connection.execute(query)}


def model_id(connection: Connection, fingerprint: str) -> int:
    """Return the id of a model, NO_MODEL (which no score has) if it never scored here."""
    known = connection.scalar(select(models.c.id).where(models.c.fingerprint == fingerprint))
    return NO_MODEL if known is None else known


def register_model(connection: Connection, model: AnyModel) -> int:
    """Return the id of a model, which gets one if it never scored here."""
    known = model_id(connection, model.fingerprint)
    if known != NO_MODEL:
        return known
    row = {
        "fingerprint": model.fingerprint,
        "name": model.text,
        "revision": model.revision,
        "first_used": datetime.now(UTC),
    }
    return int(connection.execute(insert(models).returning(models.c.id), row).scalar_one())
