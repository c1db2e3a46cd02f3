"""What the benchmarks of scoring work on: real posts, and a model as large as XLM-RoBERTa base."""

import gzip
import json
import random
from pathlib import Path

import torch
from transformers import XLMRobertaConfig, XLMRobertaForSequenceClassification

from models.embedded_shape import Shape, build_tokenizer
from models.reading import read

POSTS = Path(__file__).parents[3] / "shared/data/telegram_posts/posts.jsonl.gz"
VOCABULARY = 30_000
LABELS = {0: "negative", 1: "neutral", 2: "positive"}


def texts(posts: Path = POSTS) -> list[str]:
    """Return what a classifier reads of each post that has a text, in the order of the file."""
    if not posts.exists():
        raise SystemExit(f"{posts} is not here: name a file of posts with --posts")
    with gzip.open(posts, "rt", encoding="utf-8") as lines:
        found = (read(json.loads(line).get("text") or "") for line in lines)
        return [text for text in found if text]


def sample(all_texts: list[str], count: int) -> list[str]:
    """Return so many of the texts by chance, the same every time, in their order."""
    chosen = random.Random(1).sample(range(len(all_texts)), min(count, len(all_texts)))
    return [all_texts[index] for index in sorted(chosen)]


def build_base_size(directory: Path, all_texts: list[str]) -> None:
    """Write a model of 12 layers of 768 with random weights, its vocabulary cut to 30,000."""
    tokenizer = build_tokenizer(all_texts, Shape(vocabulary=VOCABULARY))
    torch.manual_seed(1)
    config = XLMRobertaConfig(
        vocab_size=len(tokenizer),
        pad_token_id=tokenizer.pad_token_id,
        max_position_embeddings=514,
        type_vocab_size=2,
        id2label=LABELS,
    )
    tokenizer.model_max_length = 512
    model = XLMRobertaForSequenceClassification(config)
    # By chance alone its labels would be near ties, which no two ways of computing agree on.
    model.classifier.out_proj.bias.data[0] = 1.0
    model.save_pretrained(directory)
    tokenizer.save_pretrained(directory)
