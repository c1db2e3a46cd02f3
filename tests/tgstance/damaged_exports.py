"""Ways to damage an export; each does it and returns what is to be said of it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from collector.moving.manifest import NAME, checksum

__all__ = ["DAMAGES", "manifest_with"]


def damage_file(out: Path) -> str:
    (out / "posts.jsonl").write_bytes((out / "posts.jsonl").read_bytes() + b" ")
    return "posts.jsonl: has been changed or damaged"


def damage_missing(out: Path) -> str:
    (out / "channels.jsonl").unlink()
    return "channels.jsonl: is missing"


def damage_manifest(out: Path) -> str:
    (out / NAME).write_text("{")
    return "is not the manifest"


def damage_foreign(out: Path) -> str:
    (out / NAME).write_text('{"format": "something else"}')
    return "is not the manifest"


def damage_none(out: Path) -> str:
    (out / NAME).unlink()
    return "is no exported archive"


def manifest_with(out: Path, change: Callable[[dict[str, Any]], None]) -> None:
    manifest = json.loads((out / NAME).read_text())
    change(manifest)
    (out / NAME).write_text(json.dumps(manifest))


def damage_newer(out: Path) -> str:
    manifest_with(out, lambda manifest: manifest["migrations"].update(models="9999"))
    return "was written by a newer tgstance"


def damage_table(out: Path) -> str:
    manifest_with(
        out, lambda manifest: manifest["tables"].update({"../x": manifest["tables"]["posts"]})
    )
    return "there is no table '../x'"


def damage_secret(out: Path) -> str:
    manifest_with(
        out, lambda manifest: manifest["tables"].update(accounts=manifest["tables"]["posts"])
    )
    return "there is no table 'accounts'"


def damage_columns(out: Path) -> str:
    manifest_with(out, lambda manifest: manifest["tables"]["posts"]["columns"].pop("text_hash"))
    return "posts lacks the columns text_hash"


def rewritten(out: Path, table: str, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change the rows of a table, and the manifest with them, as a stranger may."""
    path = out / f"{table}.jsonl"
    rows = [json.loads(line) for line in path.read_bytes().splitlines()]
    path.write_text("".join(json.dumps(change(row)) + "\n" for row in rows))
    manifest_with(out, lambda manifest: manifest["tables"][table].update(sha256=checksum(path)))


def damage_reference(out: Path) -> str:
    rewritten(out, "posts", lambda row: row | {"channel_id": 4})
    return "posts refers to a row 4 that the export has not"


def damage_kind(out: Path) -> str:
    rewritten(out, "posts", lambda row: row | {"message_id": "1; DROP TABLE posts"})
    return "posts.jsonl, after row 0: cannot be read"


def damage_poll(out: Path) -> str:
    rewritten(out, "posts", lambda row: row | {"poll": {"question": 1}})
    return "the poll of row 1 is none"


def damage_number(out: Path) -> str:
    rewritten(out, "posts", lambda row: row | {"views": 10**30})
    return "is too large"


def damage_half_character(out: Path) -> str:
    rewritten(out, "posts", lambda row: row | {"text": "\ud800"})
    return "surrogates not allowed"


def damage_row(out: Path) -> str:
    rewritten(out, "posts", lambda row: [row])
    return "posts.jsonl, after row 0"


DAMAGES = [value for name, value in sorted(globals().items()) if name.startswith("damage_")]
