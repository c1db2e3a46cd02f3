"""Compares the scoring engine with the library's pipeline and a hand-tuned loop, on a CPU.

    python benchmarks/scoring/engine.py [--count 320] [--posts FILE]

The same posts and weights, in one run: a model of the size of XLM-RoBERTa base (12 x 768) with
random weights, which cost as much time as trained ones, and a vocabulary of 30,000. Loading,
exporting and the first batch are not timed; tokenising is. The hand-tuned loop sorts by length and
cuts batches of 2,048 padded tokens, in torch fp32. Takes some minutes; each row says which backend.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import torch
from material import POSTS, build_base_size, sample, texts
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline
from transformers.utils import logging

from models.engine.setting import EngineSetting
from models.labels import SENTIMENT
from models.loading import load_classifier
from models.model_name import ModelName
from models.passage import Passage

ROW = "| {:<44} | {:>7} | {:>7} | {:>22} | {:>21} | {:>19} |"
TOKENS = 2_048
Run = Callable[[list[str]], None]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--posts", type=Path, default=POSTS)
    parser.add_argument("--count", type=int, default=320)
    options = parser.parse_args()
    logging.set_verbosity_error()
    all_texts = texts(options.posts)
    chosen = sample(all_texts, options.count)
    with tempfile.TemporaryDirectory() as directory:
        build_base_size(Path(directory), all_texts)
        print(f"{len(chosen)} posts, {torch.get_num_threads()} threads")
        compare(Path(directory), chosen)


def compare(directory: Path, chosen: list[str]) -> None:
    """Time every way, and print each beside the first three."""
    heads = [
        "",
        "seconds",
        "posts/s",
        "times pipeline, 32",
        "times pipeline, 1",
        "times sorted loop",
    ]
    print(ROW.format(*heads))
    print(ROW.format("---", *["--:"] * 5), flush=True)
    spent: list[float] = []
    for name, run in ways(directory):
        run(chosen[:4])
        started = time.perf_counter()
        run(chosen)
        spent.append(time.perf_counter() - started)
        ratios = [f"{other / spent[-1]:.1f}" for other in spent[:3]]
        ratios += [""] * (3 - len(ratios))
        row = (f"{spent[-1]:.1f}", f"{len(chosen) / spent[-1]:.1f}", *ratios)
        print(ROW.format(name, *row), flush=True)


def ways(directory: Path) -> Iterator[tuple[str, Run]]:
    """Yield the ways to label texts, by name; each is loaded only when it is its turn."""
    model = AutoModelForSequenceClassification.from_pretrained(directory).eval()
    tokenizer = AutoTokenizer.from_pretrained(directory)
    task = pipeline("text-classification", model=model, tokenizer=tokenizer, device="cpu")
    for size in (32, 1):

        def by_pipeline(chosen: list[str], size: int = size) -> None:
            task(chosen, batch_size=size, truncation=True, max_length=512)

        yield f"transformers.pipeline, batch_size={size}", by_pipeline
    yield "sorted loop with a token budget", lambda chosen: sorted_loop(model, tokenizer, chosen)
    for backend in ("torch", "onnx", "openvino"):
        if backend == "torch" or find_spec("onnxruntime" if backend == "onnx" else backend):
            setting = EngineSetting(backend=backend, device="cpu")
            labeller = load_classifier(ModelName(str(directory)), SENTIMENT, setting)

            def by_engine(chosen: list[str], labeller: object = labeller) -> None:
                labeller.predict([Passage(text) for text in chosen])

            yield f"tgstance, {labeller.backend}", by_engine


@torch.inference_mode()
def sorted_loop(model: torch.nn.Module, tokenizer: AutoTokenizer, chosen: list[str]) -> None:
    """Label texts as somebody who has read about padding would."""
    rows = tokenizer(chosen, truncation=True, max_length=512)["input_ids"]
    batch: list[list[int]] = []
    for row in [*sorted(rows, key=len, reverse=True), None]:
        if batch and (row is None or len(batch[0]) * (len(batch) + 1) > TOKENS):
            model(**tokenizer.pad({"input_ids": batch}, return_tensors="pt")).logits.softmax(-1)
            batch = []
        if row is not None:
            batch.append(row)


if __name__ == "__main__":
    main()
