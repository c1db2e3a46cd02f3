"""The command, run as a user runs it, on SQLite."""

from tests.tgstance.conftest import Outcome, apart, logging_as_it_was, run

__all__ = ["Outcome", "apart", "logging_as_it_was", "run"]
