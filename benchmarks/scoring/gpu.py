"""Times scoring on a GPU, beside the library's pipeline on the same card.

    python benchmarks/scoring/gpu.py [--count 20000] [--posts FILE]

A model of the size of XLM-RoBERTa base with random weights, in bf16, on real posts (repeated where
there are fewer). The share of the card's peak compares the multiplications that the real tokens,
without padding, need with what the card does in one large product of matrices in bf16, measured
here. Without a GPU it says so and ends.
"""

import argparse
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

import torch
from material import POSTS, build_base_size, texts
from transformers import pipeline
from transformers.utils import logging

from models.engine.setting import EngineSetting
from models.labels import SENTIMENT
from models.loading import load_classifier
from models.model_name import ModelName
from models.passage import Passage

ROW = "| {:<40} | {:>8} | {:>9} | {:>10} | {:>10} |"
LAYERS, WIDTH, FEED = 12, 768, 3072


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--posts", type=Path, default=POSTS)
    parser.add_argument("--count", type=int, default=20_000)
    options = parser.parse_args()
    if not torch.cuda.is_available():
        print("there is no GPU here: run this where there is one")
        return
    logging.set_verbosity_error()
    all_texts = texts(options.posts)
    with tempfile.TemporaryDirectory() as directory:
        build_base_size(Path(directory), all_texts)
        compare(Path(directory), list(islice(cycle(all_texts), options.count)))


def compare(directory: Path, chosen: list[str]) -> None:
    """Print our engine, compiled and not, and the pipeline."""
    peak = peak_of_card()
    print(f"{torch.cuda.get_device_name()}: {peak / 1e12:.0f} TFLOP/s in bf16 at best\n")
    print(ROW.format("", "seconds", "posts/s", "of the peak", "padding"))
    print(ROW.format("---", *["--:"] * 4), flush=True)
    passages = [Passage(text) for text in chosen]
    for compiled in (False, True):
        setting = EngineSetting(backend="torch", device="cuda", compiled=compiled)
        labeller = load_classifier(ModelName(str(directory)), SENTIMENT, setting)
        labeller.predict(passages[: len(passages) // 4])
        before = labeller.timings.tokens
        seconds = timed(lambda labeller=labeller: labeller.predict(passages))
        work = operations(labeller.timings.tokens - before, len(passages))
        name = f"tgstance, {labeller.backend}{', compiled' if compiled else ''}"
        padding = f"{labeller.timings.padding_share:.1%}"
        speed = f"{len(chosen) / seconds:.0f}"
        of_peak = f"{work / seconds / peak:.1%}"
        print(ROW.format(name, f"{seconds:.1f}", speed, of_peak, padding), flush=True)
    task = pipeline(
        "text-classification", model=str(directory), device="cuda", dtype=torch.bfloat16
    )
    seconds = timed(lambda: task(chosen, batch_size=32, truncation=True, max_length=512))
    speed = f"{len(chosen) / seconds:.0f}"
    print(ROW.format("transformers.pipeline, batch_size=32", f"{seconds:.1f}", speed, "", ""))


def operations(tokens: int, count: int) -> float:
    """Return the floating-point operations of the encoder for so many tokens in so many texts.

    Two for each multiplication: per token the four square products and the two of the feed-forward
    part of each layer, and attention over a text of mean length.
    """
    dense = 2 * (4 * WIDTH * WIDTH + 2 * WIDTH * FEED)
    attention = 2 * 2 * WIDTH * tokens / count
    return tokens * LAYERS * (dense + attention)


def peak_of_card() -> float:
    """Return the floating-point operations per second of one large product in bf16."""
    size = 8192
    left = torch.randn(size, size, device="cuda", dtype=torch.bfloat16)
    best = min(timed(lambda: left @ left) for _ in range(10))
    return 2 * size**3 / best


def timed(run: object) -> float:
    """Return the seconds that a call takes, the card's work included."""
    torch.cuda.synchronize()
    started = time.perf_counter()
    run()
    torch.cuda.synchronize()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
