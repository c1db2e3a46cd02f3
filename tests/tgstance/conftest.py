"""The command, run as a user runs it, in a directory of its own."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tgstance.cli import main

POSTS = [
    ("Трамп победил, отличная новость!", "2025-11-03T10:00:00Z"),
    ("Санкции против страны не сработали", "2025-11-04T10:00:00Z"),
    ("Погода: дождь", "2025-11-05T10:00:00Z"),
    ("Трампу снова позвонили из НАТО", "2025-11-12T10:00:00Z"),
]


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Outcome]:
    """Return a function that runs the command in an empty directory."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Outcome:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        captured = capsys.readouterr()
        return Outcome(int(ended.value.code or 0), captured.out, captured.err)

    return run


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    """Return a file of four posts of one channel."""
    path = tmp_path / "posts.jsonl"
    rows = [
        {
            "channel": "@test_news",
            "title": "Test news",
            "message_id": number,
            "date": date,
            "text": text,
        }
        for number, (text, date) in enumerate(POSTS, start=1)
    ]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path
