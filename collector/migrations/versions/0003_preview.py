"""What the web preview leaves open: counts that are rounded, edits without a date."""

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add to `posts`."""
    for name in ("views_rounded", "reactions_rounded", "edited"):
        op.add_column("posts", sa.Column(name, sa.Boolean))
