"""Models in several files and in the hub's cache: what is missing is fetched, or named."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from transformers import AutoModelForSequenceClassification

from collector.errors import ModelError
from models.labels import SENTIMENT
from models.loading import load_classifier
from models.model_name import ModelName

pytestmark = pytest.mark.timeout(300)  # on a busy machine to load torch takes long

MakeModel = Callable[..., Path]
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def sharded(directory: Path, to: Path) -> Path:
    """Split the weights of a model among several files."""
    model = AutoModelForSequenceClassification.from_pretrained(directory)
    model.save_pretrained(to, max_shard_size="8KB")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(directory / name, to)
    return to


def test_weights_in_several_files_are_needed_all(make_model: MakeModel, tmp_path: Path) -> None:
    directory = sharded(make_model(), tmp_path / "sharded")
    load_classifier(ModelName(str(directory)), SENTIMENT)
    first, *others = sorted(directory.glob("*.safetensors"))
    assert others
    first.unlink()
    with pytest.raises(ModelError, match=f"lacks {first.name}: download it again"):
        load_classifier(ModelName(str(directory)), SENTIMENT)


def in_cache(cache: Path, directory: Path, hub_id: str) -> Path:
    """Lay a model into a hub cache as a download would, and return where it lies."""
    repository = cache / f"models--{hub_id.replace('/', '--')}"
    shutil.copytree(directory, repository / "snapshots" / COMMIT)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMIT)
    return repository / "snapshots" / COMMIT


_LOAD = """
import sys, time
from collector.errors import ModelError
from models.loading import load_classifier
from models.model_name import ModelName

for name in sys.argv[1:]:
    began = time.monotonic()
    try:
        rows = load_classifier(ModelName(*name.split("@")), "sentiment").probabilities(["погода"])
        print("loaded", rows.shape)
    except ModelError as error:
        print(f"{time.monotonic() - began:.1f}", error)
"""


def load_apart(names: list[str], **environment: str) -> list[str]:
    """Load models in a process of its own, as the hub's settings are read but once."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "TRANS"))}
    result = subprocess.run(
        [sys.executable, "-c", _LOAD, *names],
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=280,
    )
    assert not result.stderr
    return result.stdout.splitlines()


@pytest.mark.slow
def test_offline_a_cached_model_is_loaded_and_any_other_named(
    make_model: MakeModel, tmp_path: Path
) -> None:
    in_cache(tmp_path / "hub", make_model(), "someone/small")
    cached, lacking = load_apart(
        [f"someone/small@{COMMIT}", f"someone/none@{COMMIT}"],
        TRANSFORMERS_OFFLINE="1",
        HF_HUB_CACHE=str(tmp_path / "hub"),
    )
    assert cached == "loaded (1, 3)"
    assert "model someone/none is neither a directory here nor to be had from the hub" in lacking
    assert "offline mode is on" in lacking
    assert f"hf download someone/none --revision {COMMIT} --local-dir DIR" in lacking


@pytest.mark.slow
def test_without_a_network_a_cached_model_is_loaded_and_any_other_soon_named(
    make_model: MakeModel, tmp_path: Path
) -> None:
    in_cache(tmp_path / "hub", make_model(), "someone/small")
    unfinished = tmp_path / "hub" / "models--someone--half" / "snapshots" / COMMIT
    unfinished.mkdir(parents=True)
    shutil.copy(tmp_path / "model" / "config.json", unfinished)
    cached, half, lacking = load_apart(
        [f"someone/small@{COMMIT}", f"someone/half@{COMMIT}", "someone/none"],
        HF_HUB_CACHE=str(tmp_path / "hub"),
        HF_ENDPOINT="http://127.0.0.1:9",
    )
    assert cached == "loaded (1, 3)"
    assert "no way to http://127.0.0.1:9" in half
    assert "hf download someone/none --local-dir DIR" in lacking
    assert float(lacking.split()[0]) < 10


@pytest.fixture
def unfinished(whole: Path, tmp_path: Path) -> dict[str, Path]:
    """Three models in a hub cache, by name, and the file that each lacks."""
    lost = {}
    for number, name in enumerate(("tokenizer.json", "model-00002-of-", "config.json")):
        cached = in_cache(tmp_path / "hub", whole, f"someone/big{number}")
        (file,) = cached.glob(f"{name}*")
        file.unlink()
        lost[f"someone/big{number}"] = file
    return lost


@pytest.fixture
def whole(make_model: MakeModel, tmp_path: Path) -> Path:
    return sharded(make_model(), tmp_path / "whole")


@pytest.mark.slow
def test_without_a_network_an_unfinished_download_is_named_with_what_it_lacks(
    unfinished: dict[str, Path], tmp_path: Path
) -> None:
    names = [f"{name}@{COMMIT}" for name in unfinished]
    messages = load_apart(names, HF_HUB_OFFLINE="1", HF_HUB_CACHE=str(tmp_path / "hub"))
    for message, (name, file) in zip(messages, unfinished.items(), strict=True):
        assert "offline mode is on" in message
        assert f"the cache lacks {file.name} ({file.parent})" in message
        assert f"hf download {name} --revision {COMMIT} --local-dir DIR" in message


@contextmanager
def hub_with(directory: Path) -> Iterator[tuple[str, list[str]]]:
    """Serve a model as the hub does; yield the address and what was asked for."""
    asked: list[str] = []

    class Hub(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer(with_body=False)

        def do_GET(self) -> None:
            self.answer(with_body=True)

        def answer(self, *, with_body: bool) -> None:
            path = self.path.partition("?")[0]
            asked.append(path)
            body = listing if "/tree/" in path else b""
            if "/resolve/" in path:
                body = (directory / path.rpartition("/")[2]).read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Type", "application/json")
            self.send_header("ETag", f'"{path.rpartition("/")[2]}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.end_headers()
            self.wfile.write(body if with_body else b"")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its own name)
            pass

    files = [
        {"type": "file", "path": path.name, "size": path.stat().st_size, "oid": path.name}
        for path in directory.iterdir()
    ]
    listing = json.dumps(files).encode()
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()


@pytest.mark.slow
def test_an_unfinished_download_is_finished_and_a_whole_one_needs_no_request(
    unfinished: dict[str, Path], whole: Path, tmp_path: Path
) -> None:
    names = [f"{name}@{COMMIT}" for name in unfinished]
    with hub_with(whole) as (address, asked):
        settings = {"HF_ENDPOINT": address, "HF_HUB_CACHE": str(tmp_path / "hub")}
        settings |= {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "NO_PROXY": "*"}
        assert load_apart(names, **settings) == ["loaded (1, 3)"] * 3
        for name, file in unfinished.items():
            assert f"/{name}/resolve/{COMMIT}/{file.name}" in asked
        asked.clear()
        assert load_apart(names, **settings) == ["loaded (1, 3)"] * 3
        assert asked == []
