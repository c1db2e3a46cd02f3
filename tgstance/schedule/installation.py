"""What a scheduler has to know of this installation: its command, its paths, its environment."""

import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tgstance.schedule.quoting import require_writable_down

if TYPE_CHECKING:
    from tgstance.session import Session

__all__ = ["Installation", "Logging", "this_installation"]

_SETTINGS = (  # shown with their values
    *("XDG_DATA_HOME", "XDG_CACHE_HOME", "TGSTANCE_CACHE", "HF_HOME", "HF_HUB_CACHE"),
    *("HF_HUB_OFFLINE", "OMP_NUM_THREADS", "SSL_CERT_FILE"),
)
_PRIVATE = (  # only named: they are secrets, or may hold one
    *("TELEGRAM_API_ID", "TELEGRAM_API_HASH", "TGSTANCE_SESSION", "TGSTANCE_PREVIEW_URL"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "HF_TOKEN"),
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
    *("PGUSER", "PGPASSWORD", "PGPASSFILE", "PGSSLMODE"),
)
_ALWAYS_NAMED = ("TELEGRAM_API_ID", "TELEGRAM_API_HASH", "TGSTANCE_SESSION")
_ARCHIVE = "TGSTANCE_ARCHIVE"
_OPTION = re.compile("TGSTANCE_RUN_[A-Z_]+")
_HOMES = tuple(map(Path, ("/home", "/root", "/run/user")))
_TEMPORARY = tuple(map(Path, ("/tmp", "/var/tmp")))  # noqa: S108 (asked about, not written to)


@dataclass(frozen=True, slots=True)
class Logging:
    """How the scheduled command is to log."""

    file: Path | None = None
    as_json: bool = False


@dataclass(frozen=True, slots=True)
class Installation:
    """One installation of tgstance with one configuration.

    `options` are those of the command before `run`, without the configuration. `writable` are the
    directories that a run writes in. `settings` are environment variables with their values;
    `private` names those that belong into the environment file, of which `private_now` are set now.
    """

    program: tuple[str, ...]
    config: Path
    options: tuple[str, ...]
    user: str
    writable: tuple[Path, ...]
    settings: Mapping[str, str]
    private: tuple[str, ...]
    private_now: tuple[str, ...]
    in_homes: bool
    in_temporary: bool

    @property
    def directory(self) -> Path:
        """The configuration's directory."""
        return self.config.parent

    @property
    def environment_file(self) -> Path:
        """Where secrets are to be kept."""
        return self.directory / "tgstance.env"

    @property
    def missing(self) -> tuple[Path, ...]:
        """The directories to be written in that are not there yet."""
        return tuple(path for path in self.writable if not path.is_dir())


def this_installation(session: "Session", logging: Logging) -> Installation:
    """Return what runs now, with its configuration.

    Raises ConfigError when there is no valid configuration, or a path cannot be written down.
    """
    writable = tuple(_outermost(_written_in(session, logging)))
    program = _program()
    read = [Path(program[0]), Path(sys.prefix), Path(sys.base_prefix), *_models(session)]
    found = Installation(
        program=program,
        config=_absolute(session.config_path),
        options=tuple(_options(session, logging)),
        user=_user(),
        writable=writable,
        settings={name: os.environ[name] for name in _SETTINGS if os.environ.get(name)},
        private=_private(session, _ALWAYS_NAMED),
        private_now=_private(session, ()),
        in_homes=_any_within([*read, *writable], _HOMES),
        in_temporary=_any_within([*read, *writable], _TEMPORARY),
    )
    for text in (*program, str(found.config), *found.options, *map(str, writable)):
        require_writable_down(text)
    for text in found.settings.values():
        require_writable_down(text)
    return found


def _program() -> tuple[str, ...]:
    """Return what starts the command; the interpreter's own path keeps its virtual environment."""
    installed = Path(sys.executable).with_name("tgstance")
    if os.access(installed, os.X_OK):
        return (str(installed),)
    return (sys.executable, "-P", "-m", "tgstance")  # -P: not what lies in the working directory


def _options(session: "Session", logging: Logging) -> Iterator[str]:
    archive = session.archive_location
    if archive and "://" not in archive:
        yield from ("--archive", str(_absolute(Path(archive))))
    if logging.file:
        yield from ("--log-file", str(_absolute(logging.file)))
    if logging.as_json:
        yield from ("--log-format", "json")


def _written_in(session: "Session", logging: Logging) -> Iterator[Path]:
    from platformdirs import user_data_path

    from models.engine.onnx_cache import cache_directory

    config = session.config
    archive = str(session.archive_location or config.archive)
    if "://" not in archive:
        yield _absolute(Path(archive)).parent
    elif archive.startswith("sqlite"):
        yield from _directory_of(archive)
    yield config.report_directory
    yield user_data_path("tgstance")
    yield config.session_file.parent
    yield cache_directory()
    if logging.file:
        yield logging.file.parent
    hub = Path(os.environ.get("HF_HOME") or "~/.cache/huggingface").expanduser()
    if hub.is_dir():
        yield hub


def _directory_of(url: str) -> Iterator[Path]:
    from sqlalchemy import make_url

    if database := make_url(url).database:
        yield _absolute(Path(database)).parent


def _models(session: "Session") -> Iterator[Path]:
    """Yield what may be the directory of a model."""
    directory = session.config_path.resolve().parent
    for text in _texts(session.config.as_json()["models"]):
        yield directory / Path(text).expanduser()


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401 (JSON)
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)


def _private(session: "Session", always: tuple[str, ...]) -> tuple[str, ...]:
    """Name the variables that are set now, and `always` some."""
    by_url = [_ARCHIVE] if "://" in (session.archive_location or "") else []
    options = sorted(filter(_OPTION.fullmatch, os.environ))
    set_now = [name for name in _PRIVATE if os.environ.get(name)]
    return tuple(dict.fromkeys([*always, *set_now, *by_url, *options]))


def _outermost(paths: Iterator[Path]) -> Iterator[Path]:
    """Yield the paths that lie in none of the others, each once."""
    there = dict.fromkeys(map(_absolute, paths))
    for path in there:
        if not any(other in path.parents for other in there):
            yield path


def _any_within(paths: list[Path], roots: tuple[Path, ...]) -> bool:
    both = {form for path in paths for form in (path, path.resolve())}
    return any(path.is_relative_to(root) for path in both for root in roots)


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 (a link stays one)


def _user() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container may run under a number that has no name
        return str(os.getuid())
