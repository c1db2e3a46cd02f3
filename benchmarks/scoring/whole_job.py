"""Times the whole job against the naive one: every post with every target through the pipeline.

    python benchmarks/scoring/whole_job.py [--backend auto] [--naive 240] [--posts FILE]

The same model for both, of the size of XLM-RoBERTa base with random weights, and five targets. Ours
is import, reading, looking for targets, and scoring the stance of what mentions them, archive to
archive. The naive job would take hours: so many of its inputs as --naive says are timed, drawn by
chance, and the time of all is in proportion.
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from material import POSTS, build_base_size, texts
from sqlalchemy import func, select
from transformers import pipeline
from transformers.utils import logging

from collector.archive import COLLECTOR, open_archive
from collector.importing import import_file
from collector.tables import posts
from models.engine.setting import EngineSetting
from models.labelling import OneProcess
from models.labels import STANCE
from models.loading import load_classifier
from models.model_name import ModelName
from models.preparing import find_mentions, store_readings
from models.scoring import score
from models.tables import MODELS
from models.targets import Target

TARGETS = (
    Target("Трамп", ("Trump",)),
    Target("Путин", ("Путін", "Putin")),
    Target("Зеленский", ("Зеленський", "Zelensky")),
    Target("санкции", ("санкції", "sanctions")),
    Target("НАТО", ("NATO",)),
)
ROW = "| {:<52} | {:>9} | {:>9} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--posts", type=Path, default=POSTS)
    parser.add_argument("--backend", default="auto")
    parser.add_argument("--naive", type=int, default=240, help="inputs of the naive job to time")
    options = parser.parse_args()
    logging.set_verbosity_error()
    all_texts = texts(options.posts)
    with tempfile.TemporaryDirectory() as directory:
        model = Path(directory) / "model"
        build_base_size(model, all_texts)
        load_classifier(ModelName(str(model)), STANCE, EngineSetting(backend=options.backend))
        print(ROW.format("", "inputs", "seconds"))
        print(ROW.format("---", "--:", "--:"), flush=True)
        ours = our_job(options.posts, model, options.backend)
        naive = naive_job(all_texts, model, options.naive)
    print(f"\nThe naive job takes {naive / ours:.0f} times as long")


def our_job(source: Path, model: Path, backend: str) -> float:
    """Time the job in a fresh archive beside the model; return seconds."""
    started = time.perf_counter()
    with open_archive(model.parent / "archive.sqlite", [COLLECTOR, MODELS]) as archive:
        import_file(archive, source, on_problem=lambda problem: print(problem, file=sys.stderr))
        store_readings(archive)
        find_mentions(archive, TARGETS)
        setting = EngineSetting(backend=backend)
        with OneProcess(load_classifier(ModelName(str(model)), STANCE, setting)) as labelling:
            scored = score(archive, labelling, TARGETS, lambda _: None)
        seconds = time.perf_counter() - started
        with archive.connect() as connection:
            count = connection.scalar(select(func.count()).select_from(posts))
    name = f"tgstance, {count} posts, {labelling.backend}"
    print(ROW.format(name, scored, f"{seconds:.1f}"), flush=True)
    return seconds


def naive_job(all_texts: list[str], model: Path, count: int) -> float:
    """Time some of the naive job's inputs; return the seconds that all would take."""
    inputs = [{"text": text, "text_pair": target.name} for text in all_texts for target in TARGETS]
    chosen = random.Random(1).sample(range(len(inputs)), count)
    task = pipeline("text-classification", model=str(model), device="cpu")
    some = [inputs[index] for index in sorted(chosen)]
    task(some[:4], batch_size=32, truncation=True, max_length=512)
    started = time.perf_counter()
    task(some, batch_size=32, truncation=True, max_length=512)
    seconds = time.perf_counter() - started
    whole = seconds * len(inputs) / count
    print(ROW.format("transformers.pipeline, batch_size=32, timed", count, f"{seconds:.1f}"))
    print(ROW.format("transformers.pipeline, in proportion", len(inputs), f"{whole:.1f}"))
    return whole


if __name__ == "__main__":
    main()
