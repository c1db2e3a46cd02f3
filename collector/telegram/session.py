"""The session: what proves to Telegram which account asks. Whoever has it has the account."""

import os
from dataclasses import dataclass
from pathlib import Path

from telethon.sessions import StringSession

from collector.errors import ConfigError, OutputError, SignInError

__all__ = ["SessionFile", "key_id", "read_session"]

SQLITE = "SQLite format 3"
LARGEST = 4096  # bytes; a session has some 360
HOW = "sign in with `tgstance login`"


@dataclass(frozen=True)
class SessionFile:
    """A session as Telethon's string, in a file that only its owner can read."""

    path: Path

    def read(self) -> StringSession:
        """Return the session.

        Raises SignInError if there is none, ConfigError if the file holds something else.
        """
        try:
            with self.path.open("rb") as file:
                text = file.read(LARGEST).decode("ascii", errors="replace").strip()
        except FileNotFoundError as error:
            raise SignInError(f"no session at {self.path}: {HOW}") from error
        except OSError as error:
            raise ConfigError(f"{self.path}: cannot be read ({error.strerror})") from error
        if text.startswith(SQLITE):
            raise ConfigError(f"{self.path}: is a session of another program; name another file")
        return read_session(text, str(self.path))

    def read_or_new(self) -> StringSession:
        """Return the session, or one of which Telegram knows nothing yet.

        Raises ConfigError if the file holds something else.
        """
        try:
            return self.read()
        except SignInError:
            return StringSession()

    def write(self, session: StringSession) -> None:
        """Replace the file by a session.

        Raises OutputError if it cannot be written; the old one then is as it was.
        """
        new = self.path.with_name(f"{self.path.name}.new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            new.unlink(missing_ok=True)
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(session.save() + "\n")
            new.replace(self.path)
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be written ({error.strerror})") from error

    def delete(self) -> None:
        """Delete the file, if it is there.

        Raises OutputError if that is not allowed.
        """
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be deleted ({error.strerror})") from error


def read_session(text: str, origin: str) -> StringSession:
    """Return the session of a string; `origin` says in errors where it comes from.

    Raises ConfigError, without the string, if it is no session.
    """
    try:
        session = StringSession(text)
    except Exception as error:  # ValueError, struct.error, binascii.Error: Telethon checks little
        raise ConfigError(f"{origin}: is not a Telethon string session; {HOW}") from error
    if session.auth_key is None:
        raise SignInError(f"{origin}: is empty; {HOW}")
    return session


def key_id(session: StringSession) -> str:
    """Return what tells sessions apart without giving anything away: the id of their key."""
    return f"{session.auth_key.key_id:016x}"
