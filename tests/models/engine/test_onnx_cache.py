"""The cache of exported models: made once, whole or not at all, private."""

import os
import subprocess
import sys
import time
from multiprocessing import get_context
from pathlib import Path

import pytest

from collector.errors import ModelError
from models.engine.onnx_cache import Exported, Verified, exported, find_exported


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TGSTANCE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "onnx"


def make(directory: Path) -> Verified:
    (directory / "model.onnx").write_bytes(b"weights")
    with (directory.parent / "made.log").open("a") as log:
        log.write("once\n")
    return Verified(
        file="model.onnx",
        precision="int8",
        samples=1,
        agreement=1,
        largest_difference=0,
        margin=0,
        made_with={},
    )


def times_made(cache: Path) -> int:
    return len((cache / "made.log").read_text().splitlines())


def test_it_is_made_once_and_is_nobody_elses(cache: Path) -> None:
    first, second = exported("key", make), exported("key", make)
    assert first == second == find_exported("key")
    assert first.path.read_bytes() == b"weights"
    assert times_made(cache) == 1
    assert cache.stat().st_mode & 0o777 == first.path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("damage", ["model.onnx", "verified.json"])
@pytest.mark.parametrize("how", [b"weighty", b"", None])
def test_what_is_damaged_is_made_again(cache: Path, damage: str, how: bytes | None) -> None:
    victim = exported("key", make).path.parent / damage
    if how is None:
        victim.unlink()
    else:
        victim.write_bytes(how)
    assert find_exported("key") is None
    assert exported("key", make).path.read_bytes() == b"weights"
    assert times_made(cache) == 2


def test_what_a_killed_process_left_is_cleared_away(cache: Path) -> None:
    left = cache / "key.tmp123"
    left.mkdir(parents=True)
    (left / "fp32.onnx").write_bytes(b"half")
    exported("key", make)
    assert not left.exists()


def test_a_failure_leaves_nothing(cache: Path) -> None:
    def fail(directory: Path) -> Verified:
        (directory / "fp32.onnx").write_bytes(b"half")
        raise ModelError("it disagrees")

    with pytest.raises(ModelError, match="it disagrees"):
        exported("key", fail)
    assert [path.name for path in cache.iterdir()] in (["key.lock"], [])


def slowly(directory: Path) -> Verified:
    time.sleep(0.5)
    return make(directory)


def export_slowly(_: int) -> Exported:
    return exported("key", slowly)


def test_two_processes_export_once(cache: Path) -> None:
    with get_context("spawn").Pool(2) as pool:
        one, other = pool.map(export_slowly, range(2), chunksize=1)
    assert one == other
    assert times_made(cache) == 1


HOLD = """
import sys, time
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    time.sleep(300)
"""


def test_a_process_that_never_ends_its_export_is_not_waited_for_for_ever(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.engine.onnx_cache._LONGEST_EXPORT_S", 0.1)
    cache.mkdir(mode=0o700, parents=True)
    command = [sys.executable, "-c", HOLD, str(cache / "key.lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"held\n"
            with pytest.raises(ModelError, match=r"key.lock.* could not be acquired"):
                exported("key", make)
        finally:
            holder.kill()


def test_a_place_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TGSTANCE_CACHE", os.fspath(tmp_path / "file" / "cache"))
    with pytest.raises(ModelError, match="set TGSTANCE_CACHE to another directory"):
        exported("key", make)
