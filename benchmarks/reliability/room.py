"""A small file system of its own, to be filled or made read-only. Needs root and `mount`."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

__all__ = ["filled", "mounted", "read_only", "why_not"]

SIZE = 600 * 2**20  # more than doctor wants to be free, when it is empty
_BALLAST = "ballast"


def why_not() -> str:
    """Return why no file system can be mounted, "" if one can."""
    if os.geteuid() != 0:
        return "needs root, to mount a small file system"
    try:
        with TemporaryDirectory() as scratch, mounted(Path(scratch)):
            return ""
    except (OSError, subprocess.CalledProcessError) as error:
        return f"no file system can be mounted here ({error})"


@contextmanager
def mounted(directory: Path) -> Iterator[Path]:
    """Mount an empty file system in memory on a directory, until the end of the block."""
    directory.mkdir(parents=True, exist_ok=True)
    _call("mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tgstance-test", str(directory))
    try:
        yield directory
    finally:
        _call("umount", "--lazy", str(directory))


@contextmanager
def filled(directory: Path, free: int) -> Iterator[None]:
    """Leave so many bytes of a mounted file system, rounded up to pages, until the block ends."""
    ballast = directory / _BALLAST
    stat = os.statvfs(directory)
    descriptor = os.open(ballast, os.O_WRONLY | os.O_CREAT)
    try:
        os.posix_fallocate(descriptor, 0, max(1, stat.f_bavail * stat.f_frsize - free))
        yield
    finally:
        os.close(descriptor)
        with suppress(FileNotFoundError):
            ballast.unlink()


@contextmanager
def read_only(directory: Path) -> Iterator[None]:
    """Let nobody write to a mounted file system until the end of the block."""
    _call("mount", "-o", "remount,ro", str(directory))
    try:
        yield
    finally:
        _call("mount", "-o", "remount,rw", str(directory))


def _call(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
