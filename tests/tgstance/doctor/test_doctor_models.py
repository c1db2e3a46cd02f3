"""What the doctor says of models: missing, broken, of the hub, in a cascade."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

import models
from tests.tgstance.doctor.examined import configure, examine
from tests.tgstance.started import TGSTANCE

pytestmark = pytest.mark.sqlite_only  # they look at the file

Run = Callable[..., Any]

COMMIT = "0123456789abcdef0123456789abcdef01234567"
HUB = f'stance = {{ name = "someone/big", revision = "{COMMIT}" }}\n'
EMBEDDED = Path(models.__file__).parent / "embedded"


@pytest.fixture
def copied(used: Run) -> Path:
    """A copy of the embedded model, which is configured for stance."""
    configure(more='stance = "./model"\n')
    return Path(shutil.copytree(EMBEDDED, "model"))


def test_a_directory_that_is_gone_is_wrong(used: Run) -> None:
    configure(more='stance = "./gone"\n')
    found = examine(used)
    state, said, fix = found["stance model"]
    assert state == "wrong"
    assert "model ./gone: no such directory" in said
    assert "[models], stance, in tgstance.toml" in fix
    assert found["sentiment model"][0] == "ok"
    assert found.checks("skipped") == ["outdated scores", "unscored posts"]


def test_a_directory_without_weights_is_wrong(used: Run, copied: Path) -> None:
    assert examine(used)["stance model"][0] == "ok"
    (copied / "model.safetensors").unlink()
    state, said, _ = examine(used)["stance model"]
    assert state == "wrong"
    assert "has no weights in safetensors" in said


def test_weights_that_are_broken_are_found_by_loading_them(used: Run, copied: Path) -> None:
    weights = copied / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    assert examine(used)["stance model"][1].endswith("it was not loaded (--quick)")
    found = examine(used, "--thorough")
    assert found["stance model"][0] == "wrong"
    assert "cannot be loaded" in found["stance model"][1]
    assert found["sentiment model"][0] == "ok"


def test_labels_that_mean_nothing_are_found(used: Run, copied: Path) -> None:
    config = json.loads((copied / "config.json").read_text())
    config["id2label"] = {key: f"LABEL_{key}" for key in config["id2label"]}
    (copied / "config.json").write_text(json.dumps(config))
    state, said, _ = examine(used, "--stale", "2d")["stance model"]
    assert state == "wrong"
    assert "LABEL_" in said


def test_the_fingerprint_is_that_of_the_scores(used: Run) -> None:
    said = examine(used)["stance model"][1]
    fingerprint = said.partition("fingerprint ")[2][:16]
    configure(more='stance = "./model"\n')
    shutil.copytree(EMBEDDED, "model")
    assert fingerprint in examine(used)["stance model"][1]
    assert examine(used)["outdated scores"][1].startswith("all ")


def test_a_cascade_has_two_models(used: Run) -> None:
    configure(more='escalate_to = "./larger"\n')
    shutil.copytree(EMBEDDED, "larger")
    (Path("larger") / "calibration.json").unlink()
    found = examine(used)
    for check in ("sentiment model", "stance model"):
        assert found[check][1].startswith("embedded, fingerprint")
        assert found[f"{check}, larger"][1].startswith(str(Path("larger").resolve()))
    (Path("larger") / "model.safetensors").unlink()
    assert examine(used)["stance model"][0] == "wrong"


def test_a_model_of_the_hub_that_is_not_here_is_wrong_offline(used: Run) -> None:
    state, said, fix = apart(HF_HUB_OFFLINE="1")
    assert state == "wrong"
    assert said == "someone/big is not on this machine, and offline mode is on (HF_HUB_OFFLINE)"
    assert fix == f"hf download someone/big --revision {COMMIT}, where there is a network"
    state, said, _ = apart(HF_ENDPOINT="http://127.0.0.1:1")
    assert state == "wrong"
    assert "there is no way to http://127.0.0.1:1 (" in said


def test_a_model_of_the_hub_that_can_be_had_is_a_warning(used: Run) -> None:
    class Hub(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        state, said, fix = apart(HF_ENDPOINT=f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
    assert state == "warning"
    assert said == "someone/big is not on this machine: the next `tgstance score` downloads it"
    assert fix == f"hf download someone/big --revision {COMMIT}"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_model_in_the_hubs_cache_is_loaded_from_there(used: Run, tmp_path: Path) -> None:
    snapshot = Path("hub/models--someone--big/snapshots", COMMIT)
    shutil.copytree(EMBEDDED, snapshot)
    state, said, _ = apart("--thorough", HF_ENDPOINT="http://127.0.0.1:1")
    assert state == "ok"
    assert said.startswith("someone/big, fingerprint ")
    assert "it loads" in said
    (snapshot / "model.safetensors").unlink()
    assert apart(HF_HUB_OFFLINE="1")[0] == "wrong"


def apart(*options: str, **environment: str) -> tuple[str, str, str]:
    """Examine the stance model in a process of its own: the hub's settings are read but once."""
    configure(more=HUB)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "TRANS"))}
    kept |= {"HF_HUB_CACHE": str(Path("hub").resolve()), "NO_PROXY": "*"}
    told = subprocess.run(
        [TGSTANCE, "doctor", "--json", *(options or ("--quick",))],
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not told.stderr
    rows = {row["check"]: row for row in json.loads(told.stdout)}
    row = rows["stance model"]
    assert told.returncode == (5 if row["state"] == "wrong" else 0)
    return row["state"], row["found"], row["fix"]
