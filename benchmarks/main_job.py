"""Times the main job, stage by stage, on real posts.

    python benchmarks/main_job.py [--posts ../shared/data/telegram_posts/posts.jsonl.gz]

Each stage is the installed command in a process of its own, in an empty directory: import, score
and report for five targets. Prints wall time, posts per second and peak memory of each.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DEFAULT = Path(__file__).parents[2] / "shared/data/telegram_posts/posts.jsonl.gz"
TGSTANCE = Path(sys.executable).with_name("tgstance")
TARGETS = {
    "Трамп": ["Trump"],
    "Путин": ["Путін", "Putin"],
    "Зеленский": ["Зеленський", "Zelensky"],
    "санкции": ["санкції", "sanctions"],
    "НАТО": ["NATO"],
}
ROW = "| {:<8} | {:>8} | {:>9} | {:>12} |"


def main() -> None:
    """Run the stages and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--posts", type=Path, default=DEFAULT)
    parser.add_argument("--keep", type=Path, help="leave the archive and reports in this directory")
    options = parser.parse_args()
    if not options.posts.exists():
        print(f"{options.posts} is not here: name a file of posts with --posts")
        return
    if options.keep:
        options.keep.mkdir(parents=True)
        run_job(options.posts.resolve(), options.keep)
        return
    with tempfile.TemporaryDirectory() as directory:
        run_job(options.posts.resolve(), Path(directory))


def run_job(posts: Path, directory: Path) -> None:
    """Run all stages in `directory`."""
    targets = "\n".join(
        f'[[targets]]\nname = "{name}"\naliases = {aliases}\n' for name, aliases in TARGETS.items()
    )
    (directory / "tgstance.toml").write_text(targets, encoding="utf-8")
    print(ROW.format("stage", "seconds", "posts/s", "peak memory"))
    print(ROW.format("---", "--:", "--:", "--:"))
    started = time.perf_counter()
    count = 0
    for stage in (["import", str(posts)], ["score"], ["report", "--period", "month", "--posts"]):
        seconds, peak = timed(stage, directory)
        count = count or posts_in(directory)
        print(ROW.format(stage[0], f"{seconds:.1f}", f"{count / seconds:,.0f}", f"{peak:,.0f} MB"))
    print(f"{count} posts in {time.perf_counter() - started:.1f} s, {len(TARGETS)} targets")


def timed(arguments: list[str], directory: Path) -> tuple[float, float]:
    """Run the command; return wall seconds and peak memory in MB."""
    started = time.perf_counter()
    process = subprocess.Popen([TGSTANCE, "-q", *arguments], cwd=directory)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{arguments[0]} failed: status {status}")
    return time.perf_counter() - started, usage.ru_maxrss / 1024


def posts_in(directory: Path) -> int:
    """Return how many posts the archive holds."""
    result = subprocess.run(
        [TGSTANCE, "status"], cwd=directory, capture_output=True, text=True, check=True
    )
    return int(result.stdout.split()[0])


if __name__ == "__main__":
    main()
