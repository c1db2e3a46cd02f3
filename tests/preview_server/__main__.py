"""Serve a file of posts as the web preview would, to try the collector on: `--help` tells how."""

import argparse
import sys
from pathlib import Path

from tests.telegram_server import World
from tests.telegram_server.__main__ import say, when_interrupted
from tests.telegram_server.script import ScriptError, fill

from .server import PreviewServer


def parse_arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.preview_server",
        description="The web preview of the posts of a file, on 127.0.0.1.",
    )
    add = parser.add_argument
    add("--channels", type=Path, required=True, metavar="FILE", help="posts as JSON (Lines), .gz")
    add("--port", type=int, default=0, help="default: any free port")
    add("--recent", action="store_true", help="shift all dates: the newest post is of now")
    return parser.parse_args()


def main() -> int:
    """Serve until interrupted."""
    arguments = parse_arguments()
    stop = when_interrupted()
    world = World()
    try:
        channels = fill(world, arguments.channels, recent=arguments.recent)
        with PreviewServer(world, arguments.port) as server:
            names = ", ".join(f"@{channel.username}" for channel in channels)
            say(f"Preview of {names}; Ctrl-C stops it.")
            say(f"TGSTANCE_PREVIEW_URL={server.url}")
            stop.wait()
    except (OSError, ScriptError, ValueError) as error:
        say(f"preview_server: {error}", sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
