"""Fills the templates with what is known of an installation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from jinja2 import Environment, PackageLoader, StrictUndefined

from collector.errors import ConfigError
from tgstance.schedule.installation import Installation
from tgstance.schedule.quoting import (
    cron_command,
    shell,
    systemd_argument,
    systemd_command,
    systemd_line,
    templated,
)
from tgstance.schedule.timing import Timing, shortly

__all__ = ["File", "Scheduler", "render"]

_LONGEST_CRON_LINE = 998  # crontab(5): a longer one is cut without a word


class Scheduler(StrEnum):
    """A scheduler that files can be written for."""

    SYSTEMD = "systemd"
    CRON = "cron"
    AIRFLOW = "airflow"


@dataclass(frozen=True, slots=True)
class File:
    """A file for a scheduler: its name, and what is in it, with a line that says where it goes."""

    name: str
    text: str


def render(
    scheduler: Scheduler, name: str, installation: Installation, timing: Timing
) -> Sequence[File]:
    """Return the files that make `scheduler` run an installation under a name.

    Raises ConfigError where the scheduler cannot hold so long a command.
    """
    files = {
        Scheduler.SYSTEMD: {
            f"{name}.service": "systemd.service",
            f"{name}.timer": "systemd.timer",
        },
        Scheduler.CRON: {f"{name}.cron": "crontab"},
        Scheduler.AIRFLOW: {f"{name.replace('-', '_')}_dag.py": "airflow_dag.py"},
    }[scheduler]
    known = {
        "name": name,
        "here": installation,
        "timing": timing,
        "run": _run(timing.deadline),
        "environment": f"{shell(['.', str(installation.environment_file)])}",
    }
    templates = _environment()
    return [
        _checked(File(file, templates.get_template(f"{template}.j2").render(known, file=file)))
        for file, template in files.items()
    ]


def _run(deadline: timedelta | None) -> tuple[str, ...]:
    return ("run", *(() if deadline is None else ("--deadline", shortly(deadline))))


def _environment() -> Environment:
    environment = Environment(  # noqa: S701 (these are no pages)
        loader=PackageLoader("tgstance.schedule"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "cron": cron_command,
        "python": ascii,
        "shell": shell,
        "systemd_argument": systemd_argument,
        "systemd_command": systemd_command,
        "systemd_line": systemd_line,
        "templated": templated,
    }
    return environment


def _checked(file: File) -> File:
    if file.name.endswith(".cron"):
        longest = max(len(line.encode()) for line in file.text.splitlines() if line[0:1] != "#")
        if longest > _LONGEST_CRON_LINE:
            raise ConfigError(
                f"the paths are too long for cron, which takes {_LONGEST_CRON_LINE} bytes a line: "
                "use `tgstance schedule systemd`, or shorter paths"
            )
    return file
