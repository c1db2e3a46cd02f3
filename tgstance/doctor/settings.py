"""Checks of the configuration and of the session."""

import stat
from pathlib import Path
from shlex import quote

from collector.errors import ConfigError, SignInError
from tgstance.doctor.case import Case
from tgstance.doctor.finding import SkippedError, Verdict, ok, warning, wrong
from tgstance.sources import Source

__all__ = ["check_configuration", "check_session", "open_to_others"]

_NOT_ASKED = "whether Telegram accepts it was not asked"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def check_configuration(case: Case) -> Verdict:
    """Tell whether the file can be read, and what it asks for."""
    path = case.session.config_path
    try:
        config = case.session.config
    except ConfigError as error:
        fix = f"edit {path}" if path.exists() else "tgstance init"
        return wrong(str(error), fix)
    channels = len(config.collect.channels)
    found = f"{path}: {len(config.targets)} targets, {channels} channels"
    if not config.targets:
        return warning(f"{found}: only sentiment is labelled", f"add [[targets]] to {path}")
    return ok(found)


def check_session(case: Case) -> Verdict:
    """Tell whether there is a session, and whether others may read it; Telegram is not asked."""
    from collector.telegram.session import SessionFile, read_session
    from tgstance.account import given_session

    if text := given_session():
        try:
            read_session(text, "TGSTANCE_SESSION")
        except (ConfigError, SignInError) as error:
            return wrong(str(error), "set TGSTANCE_SESSION to what `tgstance login` wrote")
        return _with_credentials(case, "TGSTANCE_SESSION is a session")
    path = Path(case.config.session_file)
    if not path.exists():
        return _without_session(case, path)
    try:
        SessionFile(path).read()
    except (ConfigError, SignInError) as error:
        return wrong(str(error), f"move {path} away, then: tgstance login")
    if mode := open_to_others(path):
        return wrong(f"{path}: others may use it (mode {mode:o})", f"chmod 600 {quote(str(path))}")
    return _with_credentials(case, f"{path} is a session")


def open_to_others(path: Path) -> int:
    """Return the mode of a file that others than its owner may read or write, else 0."""
    mode = stat.S_IMODE(path.stat().st_mode)
    return mode if mode & _OTHERS else 0


def _with_credentials(case: Case, found: str) -> Verdict:
    from tgstance.account import find_credentials

    try:
        find_credentials(case.config)
    except ConfigError as error:
        return wrong(f"{found}, but there is {error}", "set TELEGRAM_API_ID and TELEGRAM_API_HASH")
    except SkippedError:
        pass  # what is in the environment was looked at
    return ok(f"{found}; {_NOT_ASKED}")


def _without_session(case: Case, path: Path) -> Verdict:
    config = case.config.collect
    sources = {channel.source or config.source for channel in config.channels}
    if Source.TELEGRAM in sources:
        return wrong(f"no session at {path}, and channels are read from Telegram", "tgstance login")
    if Source.AUTO in sources:
        return ok("none: channels are read from the web preview (or: tgstance login)")
    return ok("none, and none is needed")
