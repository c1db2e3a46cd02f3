"""Pretraining on texts without labels."""

import torch
from transformers import PreTrainedTokenizerBase

from models.embedded_shape import Shape, build_classifier, build_encoder, build_tokenizer
from models.pretraining import PretrainingPace, pretrain

TEXTS = [f"утром пьют кофе, вечером пьют чай, {number}" for number in range(60)] * 4
SHAPE = Shape(vocabulary=120, width=32, layers=1, heads=2, positions=128)
PACE = PretrainingPace(epochs=6, seed=1, cpu=True)


def learned(tokenizer: PreTrainedTokenizerBase) -> tuple[torch.Tensor, list[float]]:
    torch.manual_seed(1)
    encoder = build_encoder(tokenizer, TEXTS, SHAPE)
    losses: list[float] = []
    pretrain(
        encoder, tokenizer, TEXTS, pace=PACE, on_epoch=lambda _epoch, loss: losses.append(loss)
    )
    return encoder.encoder.words.weight.detach().clone(), losses


def test_it_learns_to_guess_and_a_seed_fixes_what_it_learns() -> None:
    tokenizer = build_tokenizer(TEXTS, SHAPE)
    words, losses = learned(tokenizer)
    assert len(losses) == 6
    assert losses[-1] < losses[0]
    again, _ = learned(tokenizer)
    assert torch.equal(words, again)


def test_a_classifier_goes_on_with_what_the_encoder_knows() -> None:
    tokenizer = build_tokenizer(TEXTS, SHAPE)
    encoder = build_encoder(tokenizer, TEXTS, SHAPE)
    classifier = build_classifier(encoder, ["stance_against", "stance_neutral", "stance_favor"])
    known, kept = encoder.encoder.words.weight, classifier.encoder.words.weight
    assert torch.equal(known, kept)
    assert classifier.config.id2label[2] == "stance_favor"
    assert classifier.classifier.out_features == 3


def test_texts_too_short_or_too_long_for_a_sequence_do_no_harm() -> None:
    texts = ["", "да", "погода " * 500, *TEXTS]
    tokenizer = build_tokenizer(texts, SHAPE)
    encoder = build_encoder(tokenizer, texts, SHAPE)
    seen: list[float] = []
    pace = PretrainingPace(epochs=1, seed=1, cpu=True)
    pretrain(encoder, tokenizer, texts, pace=pace, on_epoch=lambda epoch, _: seen.append(epoch))
    assert seen == [1]
