"""The forward pass: batches, padding, and tokenizers that have nothing to pad with."""

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import (
    GPT2Config,
    GPT2ForSequenceClassification,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
)

from collector.errors import ModelError
from models.classifier import Classifier
from models.engine.forward import Forward
from models.engine.torch_backend import TorchBackend
from models.labels import SENTIMENT
from models.model_name import ModelName

VOCABULARY = {"<end>": 0, "<pad>": 1, "<unk>": 2, "war": 3, "peace": 4, "now": 5}
TEXTS = [
    " ".join(["war", "peace", "now"][: 1 + number % 3] * (number % 7 + 1)) for number in range(60)
]


def gpt_tokenizer(**special: str) -> PreTrainedTokenizerBase:
    made = Tokenizer(WordLevel(VOCABULARY, unk_token="<unk>"))
    made.pre_tokenizer = Whitespace()
    names = ["input_ids", "attention_mask"]
    return PreTrainedTokenizerFast(
        tokenizer_object=made, eos_token="<end>", model_input_names=names, **special
    )


def gpt_model() -> GPT2ForSequenceClassification:
    torch.manual_seed(3)
    config = GPT2Config(
        vocab_size=len(VOCABULARY),
        n_positions=64,
        n_embd=16,
        n_layer=1,
        n_head=2,
        n_inner=32,
        initializer_range=0.5,
        bos_token_id=0,
        eos_token_id=0,
        id2label={0: "negative", 1: "neutral", 2: "positive"},
    )
    return GPT2ForSequenceClassification(config).eval()


def forward_of(model: GPT2ForSequenceClassification, tokenizer: PreTrainedTokenizerBase) -> Forward:
    model.config.pad_token_id = tokenizer.pad_token_id
    return Forward(TorchBackend(model), model.config, tokenizer, name="gpt")


@pytest.mark.parametrize("special", [{}, {"pad_token": "<pad>"}], ids=["no pad token", "pads"])
def test_a_decoder_answers_for_the_last_token_of_each_input(special: dict[str, str]) -> None:
    model, tokenizer = gpt_model(), gpt_tokenizer(**special)
    with torch.inference_mode():
        by_hand = [
            model(torch.tensor([tokenizer(text)["input_ids"]])).logits[0].numpy() for text in TEXTS
        ]
    forward = forward_of(model, tokenizer)
    assert forward.max_length == 64
    logits = forward.logits([tokenizer(text) for text in TEXTS])
    assert logits.dtype == np.float32
    assert np.allclose(logits, np.array(by_hand), atol=1e-5)


def test_no_inputs_give_no_rows() -> None:
    assert forward_of(gpt_model(), gpt_tokenizer()).logits([]).shape == (0, 3)


def test_a_decoder_without_a_pad_token_reads_empty_and_long_texts() -> None:
    classifier = Classifier(
        forward_of(gpt_model(), gpt_tokenizer()), SENTIMENT, name=ModelName("gpt")
    )
    rows = classifier.probabilities(["", "war " * 500, "peace"])
    assert np.isfinite(rows).all()
    assert np.allclose(rows.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_logits_that_are_no_numbers_are_refused(value: float) -> None:
    model, tokenizer = gpt_model(), gpt_tokenizer(pad_token="<pad>")
    with torch.no_grad():
        model.score.weight[1] = value
    with pytest.raises(ModelError, match="model gpt answers with NaN"):
        forward_of(model, tokenizer).logits([tokenizer("war")])
