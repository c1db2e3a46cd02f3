"""Serve a file of posts as Telegram would, to try the collector on: `--help` tells how."""

import argparse
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TextIO

from .accounts import Account
from .channel import ServedChannel
from .script import ScriptError, fill
from .server import TelegramServer
from .world import World


def parse_arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.telegram_server",
        description="A Telegram server on 127.0.0.1 that serves the posts of a file.",
    )
    add = parser.add_argument
    add("--channels", type=Path, required=True, metavar="FILE", help="posts as JSON (Lines), .gz")
    add("--port", type=int, default=0, help="default: any free port")
    add("--phone", default="+10000000001", help="default: %(default)s")
    add("--code", default="12345", help="the sign-in code; default: %(default)s")
    add("--password", help="the second factor; default: none")
    add("--session", type=Path, metavar="PATH", help="write a session, not signed in, to PATH")
    add("--recent", action="store_true", help="shift all dates: the newest post is of now")
    return parser.parse_args()


def when_interrupted() -> threading.Event:
    """Return what is set when the process is asked to end."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


def main() -> int:
    """Serve until interrupted."""
    arguments = parse_arguments()
    stop = when_interrupted()
    world = World()
    try:
        channels = fill(world, arguments.channels, recent=arguments.recent)
        account = world.add_account(arguments.phone, arguments.code, arguments.password)
        with TelegramServer(world, arguments.port) as server:
            introduce(server, account, channels, arguments.session)
            stop.wait()
    except (OSError, ScriptError, ValueError) as error:
        say(f"telegram_server: {error}", sys.stderr)
        return 1
    return 0


def introduce(
    server: TelegramServer,
    account: Account,
    channels: list[ServedChannel],
    session: Path | None,
) -> None:
    """Say how to reach the server, and write the session file."""
    say(f"Telegram test server on {server.host}:{server.port}; Ctrl-C stops it.")
    for channel in channels:
        say(f"  @{channel.username}: {len(channel.messages)} posts, {channel.title}")
    say(f"Phone: {account.phone}  Code: {account.code}  Password: {account.password or 'none'}")
    if session is not None:
        write_private(session, server.unsigned_session())
        say(f"Not signed in, to try signing in with: {session}")
    say("Signed in, for the environment (any API id and hash will do):")
    say(f"TGSTANCE_SESSION={server.session(account)}")


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whoever could read an older one."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(text + "\n")


def say(line: str, stream: TextIO | None = None) -> None:
    """Print a line at once: scripts wait for it."""
    print(line, file=stream, flush=True)


if __name__ == "__main__":
    sys.exit(main())
