"""Shows how much memory scoring takes while it goes through a large archive.

    python benchmarks/scoring/memory.py [--posts 1000000] [--model embedded] [--backend auto]

The posts are synthetic: words of real Russian, Ukrainian and English in random order, of the length
of real posts, no two the same. Prints the memory in use after every tenth of them. With --model
tiny, a model of one narrow layer is made on the spot: what is measured then is all but the model.
"""

import argparse
import json
import random
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import torch
from transformers import BertConfig, BertForSequenceClassification

from collector.archive import COLLECTOR, open_archive
from collector.importing import import_file
from models.embedded_shape import Shape, build_tokenizer
from models.engine.setting import EngineSetting
from models.labelling import OneProcess
from models.labels import SENTIMENT
from models.loading import load_classifier
from models.model_name import ModelName
from models.preparing import store_readings
from models.scoring import score
from models.tables import MODELS

WORDS = """
    президент выборы санкции победа война мир народ власть фронт удар город область сегодня
    вчера заявил сообщил против вместе снова никогда вибори перемога війна влада місто
    сьогодні заявив разом знову ніколи president election victory war peace people power front
    today said against together again never
""".split()  # noqa: SIM905 (a list of so many words would fill the page)
ROW = "| {:>10} | {:>9} | {:>9} | {:>8} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--posts", type=int, default=1_000_000)
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--backend", default="auto")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        source, model = Path(directory) / "posts.jsonl", options.model
        write_posts(source, options.posts)
        if model == "tiny":
            model = str(build_tiny(Path(directory) / "model"))
        with open_archive(Path(directory) / "archive.sqlite", [COLLECTOR, MODELS]) as archive:
            import_file(archive, source, on_problem=print)
            print(f"imported: {in_use():.0f} MB in use", flush=True)
            store_readings(archive)
            print(f"read: {in_use():.0f} MB in use\n", flush=True)
            setting = EngineSetting(backend=options.backend)
            labeller = load_classifier(ModelName(model), SENTIMENT, setting)
            with OneProcess(labeller) as labelling:
                score(archive, labelling, (), reporter(options.posts))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak of the whole process {peak:.0f} MB, {labeller.backend}")


def write_posts(path: Path, count: int) -> None:
    """Write distinct posts, some 40 words long, in ten channels."""
    chance = random.Random(1)
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            words = chance.choices(WORDS, k=max(3, min(int(chance.lognormvariate(3.3, 0.9)), 500)))
            row = {
                "channel": f"channel{number % 10}",
                "message_id": number // 10 + 1,
                "date": "2025-11-05T10:00:00Z",
                "text": f"{' '.join(words)} {number}",
            }
            file.write(f"{json.dumps(row, ensure_ascii=False)}\n")


def build_tiny(directory: Path) -> Path:
    """Write a model of one narrow layer."""
    tokenizer = build_tokenizer([" ".join(WORDS)] * 3, Shape(vocabulary=1_000))
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=256,
        id2label={0: "negative", 1: "neutral", 2: "positive"},
    )
    BertForSequenceClassification(config).save_pretrained(directory)
    tokenizer.save_pretrained(directory)
    return directory


def reporter(total: int) -> Callable[[int], None]:
    """Return what prints a row after every tenth of the posts."""
    print(ROW.format("scored", "posts/s", "in use MB", "minutes"))
    print(ROW.format("--:", "--:", "--:", "--:"), flush=True)
    done, started = 0, time.perf_counter()

    def report(count: int) -> None:
        nonlocal done
        before, done = done, done + count
        if done * 10 // total > before * 10 // total:
            seconds = time.perf_counter() - started
            row = (done, f"{done / seconds:.0f}", f"{in_use():.0f}", f"{seconds / 60:.1f}")
            print(ROW.format(*row), flush=True)

    return report


def in_use() -> float:
    """Return the resident memory of this process in MB."""
    return psutil.Process().memory_info().rss / 1e6


if __name__ == "__main__":
    main()
