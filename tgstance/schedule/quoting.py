"""Writes paths and values so that each scheduler reads back exactly what was meant."""

import re
import shlex
from collections.abc import Sequence

from collector.errors import ConfigError

__all__ = [
    "cron_command",
    "require_writable_down",
    "shell",
    "systemd_argument",
    "systemd_command",
    "systemd_line",
    "templated",
]

_PLAIN = re.compile(r"[\w@+=:,./-]+", re.ASCII)
_PROGRAM = re.compile(r"""[^"'\\]+""")
_BY_SHELL = ("/bin/sh", "-c", 'exec "$@"', "sh")
_UNSPEAKABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def require_writable_down(text: str) -> None:
    """Raise ConfigError for a path or value that the files of schedulers cannot hold."""
    if _UNSPEAKABLE.search(text):
        raise ConfigError(
            f"{text!r} has a control character or no UTF-8 name: a scheduler cannot name it"
        )


def systemd_argument(text: str) -> str:
    """Quote a word of a list, such as ReadWritePaths= or Environment= (systemd.syntax(7))."""
    escaped = _specifiers(text).replace("\\", "\\\\").replace('"', '\\"')
    return text if _PLAIN.fullmatch(text) else f'"{escaped}"'


def systemd_command(words: Sequence[str]) -> str:
    """Quote a command line for ExecStart=, which expands variables, but not in the program's path.

    A program whose path has quotes or backslashes, which systemd refuses, is left to a shell.
    """
    program, *rest = words if _PROGRAM.fullmatch(words[0]) else [*_BY_SHELL, *words]
    arguments = (systemd_argument(word).replace("$", "$$") for word in rest)
    return " ".join([systemd_argument(program), *arguments])


def systemd_line(text: str) -> str:
    """Escape a setting that is one path up to the end of the line, in which quotes are letters."""
    return _specifiers(text)


def cron_command(command: str) -> str:
    r"""Escape a shell command for crontab(5), where % ends it.

    Some crons take the backslash of \% away and others leave it to the shell, so no % may stand
    within quotes: `shell` of this package writes none there.
    """
    return command.replace("%", "\\%")


def shell(words: Sequence[str]) -> str:
    """Quote the words of a command for sh, each % outside of quotes."""
    return " ".join(map(_shell_word, words))


def templated(text: str) -> str:
    """Escape a text that Airflow renders as a Jinja template."""
    return text.replace("{", "{{ '{' }}")


def _shell_word(word: str) -> str:
    parts = word.split("%")
    return "%".join(shlex.quote(part) if part else "" for part in parts) or "''"


def _specifiers(text: str) -> str:
    return text.replace("%", "%%")
