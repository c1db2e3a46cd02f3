"""The model's directory is replaced by another model's while a run uses it."""

import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import torch
from safetensors.torch import load_file, save_file

from benchmarks.reliability.installation import EMBEDDED, Installation
from benchmarks.reliability.served import Served
from benchmarks.reliability.trial import UNLIMITED, Row, turns
from benchmarks.reliability.truth import copied
from models import model_name

__all__ = ["other_model", "replace_model"]

MODELS = f'{EMBEDDED}\nsentiment = "./model"\nstance = "./model"'
SIGNS = ("", "new", "read ", "read ", "sentiment:", "stance:")
PROBABILITIES = """
SELECT models.fingerprint, readings.hash, scores.task, targets.fingerprint, scores.p_favor
FROM scores JOIN models ON models.id = scores.model_id
JOIN readings ON readings.id = scores.reading_id JOIN targets ON targets.id = scores.target_id
"""
_SAME = 0.01  # in batches of other sizes the last digits differ


def replace_model(tries: int, seed: int, seconds: float = UNLIMITED) -> Row:
    """Run, put another model in the place of the first in the middle, and see who said what."""
    row = Row("model directory replaced while running")
    chance = Random(seed)
    with TemporaryDirectory() as scratch, Served(seed, channels=2, posts=20) as served:
        homes = Path(scratch, "home")
        home = Installation(homes, served, Path(scratch, "logs"), models=MODELS)
        other_model(home.directory / "model", seed=1)
        other_model(home.directory / "other", seed=2)
        for row.tries in turns(tries, seconds):
            served.write(6)
            child = home.start("run", forked=chance.random() < 0.5)
            child.wait_for(chance.choice(SIGNS))
            time.sleep(chance.random())
            swap(home.directory / "model", home.directory / "other")
            ran = child.wait()
            row.seen[f"exit code {ran.code}"] += 1
            row.require(ran, 0, 2, 75)
            row.ask(home)
            row.mend(home)
        wrong = _misattributed(home)
        row.scores_wrong += wrong
        row.note(f"{wrong} scores are not of the model that they name" if wrong else "")
    return row


def other_model(directory: Path, seed: int) -> None:
    """Write a model that is the embedded one with its answers changed."""
    embedded = Path(model_name.__file__).parent / "embedded"
    shutil.copytree(embedded, directory, ignore=shutil.ignore_patterns("training*", "*.md"))
    weights = load_file(directory / "model.safetensors")
    torch.manual_seed(seed)
    changed = {
        name: value + torch.randn_like(value) if name.startswith("classifier") else value
        for name, value in weights.items()
    }
    save_file(changed, directory / "model.safetensors", metadata={"format": "pt"})


def swap(one: Path, other: Path) -> None:
    """Let two directories change places, as a deployment does: a name is free for an instant."""
    away = one.with_name("away")
    one.rename(away)
    other.rename(one)
    away.rename(other)


def _misattributed(home: Installation) -> int:
    """Count scores that differ from what the model of that fingerprint says.

    Each of the models scores everything once more, in an installation that nothing disturbs.
    """
    truth = {}
    for name in ("model", "other"):
        sound = Installation(
            home.directory.with_name(f"sound {name}"), home.served, home.logs, models=MODELS
        )
        shutil.copytree(home.directory / name, sound.directory / "model")
        sound.run("run")
        truth.update(_said(sound))
    said = _said(home)
    return sum(abs(said[key] - truth[key]) > _SAME for key in said.keys() & truth.keys())


def _said(home: Installation) -> dict[tuple[str, ...], float]:
    """Return one probability of each score, by model, text, task and target."""
    with copied(home) as copy, closing(sqlite3.connect(copy)) as database:
        return {tuple(row[:-1]): row[-1] for row in database.execute(PROBABILITIES)}
