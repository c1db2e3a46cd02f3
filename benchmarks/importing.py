"""Times the import of a file into a new archive, and once more when nothing in it is new.

    python benchmarks/importing.py [FILE] [--posts 50000]

Without FILE, of a generated Telegram Desktop export with that many posts.
"""

import argparse
import json
import random
import resource
import tempfile
import time
from pathlib import Path

from collector.archive import open_archive
from collector.importing import import_file

__all__ = ["main"]

WORDS = ("город", "новость", "сегодня", "решение", "власти", "жители", "цена", "школа", "👍")


def main() -> None:
    """Print a table: posts, seconds, posts per second, peak memory of this process so far."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--posts", type=int, default=50_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.file or generated(Path(folder) / "result.json", arguments.posts)
        print(f"{path.name}, {path.stat().st_size / 1e6:.1f} MB")
        print("import     posts  seconds  posts/s  peak MB")
        for name in ("new", "again"):
            posts, seconds = timed(Path(folder) / "archive.db", path)
            print(f"{name:6} {posts:9} {seconds:8.2f} {posts / seconds:8.0f} {peak_mb():8.0f}")


def timed(database: Path, path: Path) -> tuple[int, float]:
    """Import a file; return how many posts it held, and the seconds that took."""
    start = time.perf_counter()
    with open_archive(database) as archive:
        result = import_file(archive, path, on_problem=print)
    return result.read, time.perf_counter() - start


def peak_mb() -> float:
    """Return the most memory that this process has used, in MiB (Linux counts in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def generated(path: Path, posts: int) -> Path:
    """Write an export of one channel as Telegram Desktop does."""
    choose = random.Random(0)
    with path.open("w", encoding="utf-8") as file:
        file.write('{\n "name": "Городские новости",\n "type": "public_channel",\n "id": 1,\n')
        file.write(' "messages": [\n')
        for number in range(1, posts + 1):
            message = json.dumps(generated_message(number, choose), ensure_ascii=False, indent=1)
            file.write(message + (",\n" if number < posts else "\n ]\n}\n"))
    return path


def generated_message(number: int, choose: random.Random) -> dict[str, object]:
    """Return a post of the usual size: a bold line, some text, a link, reactions."""
    title, body = (" ".join(choose.choices(WORDS, k=count)) for count in (8, 40))
    link = {"type": "text_link", "text": "Подробнее", "href": "https://example.org"}
    bold = {"type": "bold", "text": title}
    return {
        "id": number,
        "type": "message",
        "date": "2024-11-01T12:00:00",
        "date_unixtime": str(1_700_000_000 + 60 * number),
        "from": "Городские новости",
        "from_id": "channel1",
        "photo": "(File not included. Change data exporting settings to download.)",
        "width": 1280,
        "height": 720,
        "text": [bold, f"\n\n{body}\n\n", link],
        "text_entities": [bold, {"type": "plain", "text": f"\n\n{body}\n\n"}, link],
        "reactions": [{"type": "emoji", "count": number % 50, "emoji": "👍"}],
    }


if __name__ == "__main__":
    main()
