"""The command: reads tgstance.toml, runs the stages, says what came of it."""

__version__ = "0.1.0"
