"""One order of texts for every database: that of their code points, with empty columns first."""

from typing import Any

from sqlalchemy import ColumnElement, Text, UnaryExpression
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

__all__ = ["by_code_point"]


class _Plain(FunctionElement[Any]):
    """A text that is compared byte by byte, as SQLite always does and others by their locale."""

    type = Text()
    inherit_cache = True


def by_code_point(column: ColumnElement[Any]) -> UnaryExpression[Any]:
    """Return what to order by, so that the same rows come in the same order everywhere."""
    return _Plain(column).asc().nulls_first()


@compiles(_Plain)
def _as_it_is(element: _Plain, compiler: SQLCompiler, **settings: Any) -> str:  # noqa: ANN401 (SQLAlchemy's signature)
    return compiler.process(element.clauses, **settings)


@compiles(_Plain, "postgresql")
def _without_locale(element: _Plain, compiler: SQLCompiler, **settings: Any) -> str:  # noqa: ANN401 (SQLAlchemy's signature)
    return f'{compiler.process(element.clauses, **settings)} COLLATE "C"'
