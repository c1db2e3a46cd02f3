"""Small real models and archives, made on the spot."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerBase

from collector.archive import COLLECTOR, Archive, open_archive
from models.embedded_shape import Shape, build_tokenizer
from models.tables import MODELS

TEXTS = ["Трамп победил на выборах", "санкции не работают", "the president said nothing", "погода"]


@pytest.fixture(scope="session")
def new_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive that nobody has used: to make one takes longer than most tests."""
    path = tmp_path_factory.mktemp("new") / "archive.db"
    open_archive(path, [COLLECTOR, MODELS]).close()
    return path


@pytest.fixture
def archive(archive_location: str | Path, new_archive: Path) -> Iterator[Archive]:
    if isinstance(archive_location, Path):
        shutil.copy(new_archive, archive_location)
    with open_archive(archive_location, [COLLECTOR, MODELS]) as archive:
        yield archive


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerBase:
    return build_tokenizer(TEXTS * 3, Shape(vocabulary=200))


@pytest.fixture
def make_model(tmp_path: Path, tokenizer: PreTrainedTokenizerBase) -> Callable[..., Path]:
    """Return a maker of untrained BERT classifiers in directories of their own."""

    def make(
        name: str = "model", labels: tuple[str, ...] = ("negative", "neutral", "positive")
    ) -> Path:
        torch.manual_seed(sum(map(ord, name)))
        config = BertConfig(
            vocab_size=len(tokenizer),
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=64,
            initializer_range=0.3,
            pad_token_id=0,
            id2label=dict(enumerate(labels)),
        )
        directory = tmp_path / name
        BertForSequenceClassification(config).save_pretrained(directory)
        tokenizer.save_pretrained(directory)
        return directory

    return make
