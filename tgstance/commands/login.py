"""tgstance login and logout: sign in to Telegram, and out."""

import sys
from typing import TYPE_CHECKING

import click

from collector.errors import ConfigError
from tgstance.session import Session

if TYPE_CHECKING:
    from collector.telegram.session import SessionFile
    from tgstance.config import Config

__all__ = ["login", "logout"]


@click.command(short_help="Sign in to Telegram, once per machine.")
@click.option("--qr", is_flag=True, help="Sign in by a QR code instead of phone and code.")
@click.pass_obj
def login(session: Session, *, qr: bool) -> None:
    """Sign in to Telegram: by phone, code and two-step password, or by QR code.

    The session is kept in a file that only you can read (see [telegram] in the configuration).
    Whoever has it has the account. Needs a terminal, and api_id and api_hash from
    my.telegram.org/apps in TELEGRAM_API_ID and TELEGRAM_API_HASH or in the configuration.

    \b
    Example:
      tgstance login
      tgstance login --qr     scan it in Telegram: Settings > Devices > Link desktop device
    """
    from collector.telegram.client import Account
    from collector.telegram.login import sign_in
    from tgstance.account import find_credentials
    from tgstance.harmless import harmless
    from tgstance.locks import hold
    from tgstance.logs import log

    config = session.config_or_defaults
    _check_possible()
    credentials = find_credentials(config)
    file = _session_file(config)
    with hold(file.path, "tgstance login"):
        account = Account(file.read_or_new(), credentials)
        name = sign_in(account, _Terminal(), qr=qr)
        file.write(account.session)
    log.info("signed in as %s; the session is in %s", harmless(name), file.path)


@click.command(short_help="Sign out of Telegram and delete the session.")
@click.pass_obj
def logout(session: Session) -> None:
    """End the session on Telegram's side, and delete its file.

    \b
    Example:
      tgstance logout
    """
    from collector.errors import SignInError
    from collector.telegram.login import sign_out
    from tgstance.account import given_session, hold_account
    from tgstance.logs import log

    config = session.config_or_defaults
    file = _session_file(config)
    if not given_session() and not file.path.exists():
        log.info("nobody is signed in: there is no session at %s", file.path)
        return
    try:
        with hold_account(config, "tgstance logout") as account:
            sign_out(account)
    except SignInError as error:
        log.warning("%s", error)
    if given_session():
        log.info("signed out; remove TGSTANCE_SESSION from the environment")
    else:
        file.delete()
        log.info("signed out; %s is deleted", file.path)


def _check_possible() -> None:
    from tgstance.account import given_session

    if given_session():
        raise ConfigError("TGSTANCE_SESSION is set: unset it to sign in to a session file")
    if not all(stream and stream.isatty() for stream in (sys.stdin, sys.stderr)):
        raise ConfigError(
            "login needs a terminal; sign in on one, and hand the session to other machines' "
            "jobs as a file or as TGSTANCE_SESSION"
        )


def _session_file(config: "Config") -> "SessionFile":
    from collector.telegram.session import SessionFile

    return SessionFile(config.session_file)


class _Terminal:
    """Asks on the terminal; what it prints goes to stderr, and answers are never echoed twice."""

    def phone(self) -> str:
        return self._ask("Phone number (like +380501234567)")

    def code(self) -> str:
        return self._ask("Code that Telegram has sent")

    def password(self) -> str:
        return str(click.prompt("Two-step password", hide_input=True, err=True))

    def show_qr(self, url: str) -> None:
        import segno

        click.echo("Scan this in Telegram: Settings > Devices > Link desktop device", err=True)
        segno.make(url, error="l").terminal(out=sys.stderr, compact=True)

    def _ask(self, what: str) -> str:
        try:
            return str(click.prompt(what, err=True))
        except click.Abort as error:  # by which click leaves the line of the prompt unended
            raise KeyboardInterrupt from error
