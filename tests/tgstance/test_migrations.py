"""The migrations of all packages, together."""

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from collector.archive import COLLECTOR, open_archive
from collector.tables import metadata
from models.tables import MODELS
from reports.annotation.tables import REPORTS
from tgstance.runs import TGSTANCE

PACKAGES = [COLLECTOR, MODELS, REPORTS, TGSTANCE]


def test_migrations_make_the_tables_that_the_code_uses(tmp_path: Path) -> None:
    def ours(name: str | None, kind: str, _parents: object) -> bool:
        return kind != "table" or not (name or "").startswith("alembic_version_")

    with (
        open_archive(tmp_path / "archive.db", PACKAGES) as archive,
        archive.connect() as connection,
    ):
        options = {"compare_type": True, "include_name": ours}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


def test_a_collectors_archive_gets_the_other_tables_later(tmp_path: Path) -> None:
    open_archive(tmp_path / "archive.db").close()
    with (
        open_archive(tmp_path / "archive.db", PACKAGES) as archive,
        archive.connect() as connection,
    ):
        assert {"posts", "scores", "gold_items", "runs"} <= set(
            archive.engine.dialect.get_table_names(connection)
        )
    open_archive(tmp_path / "archive.db").close()
