"""Small classifiers of several architectures, made on the spot."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest
import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    DebertaV2Config,
    DebertaV2ForSequenceClassification,
    ModernBertConfig,
    ModernBertForSequenceClassification,
    PreTrainedModel,
    XLMRobertaConfig,
    XLMRobertaForSequenceClassification,
)

from models.engine.backend import Inputs

_SHAPE = {
    "vocab_size": 200,
    "hidden_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 130,
    "initializer_range": 0.3,
    "pad_token_id": 0,
    "num_labels": 3,
}


def _bert() -> PreTrainedModel:
    return BertForSequenceClassification(BertConfig(**_SHAPE))


def _xlm_roberta() -> PreTrainedModel:
    return XLMRobertaForSequenceClassification(XLMRobertaConfig(**_SHAPE))


def _deberta() -> PreTrainedModel:
    own = {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "position_buckets": 16}
    config = DebertaV2Config(**_SHAPE, **own, position_biased_input=False, type_vocab_size=0)
    return DebertaV2ForSequenceClassification(config)


def _modern_bert() -> PreTrainedModel:
    ends = {"bos_token_id": 2, "cls_token_id": 2, "eos_token_id": 3, "sep_token_id": 3}
    config = ModernBertConfig(**_SHAPE, **ends, local_attention=16)
    return ModernBertForSequenceClassification(config)


_KINDS: Mapping[str, Callable[[], PreTrainedModel]] = {
    "bert": _bert,
    "xlm-roberta": _xlm_roberta,
    "deberta-v2": _deberta,
    "modernbert": _modern_bert,
}


@pytest.fixture(scope="session")
def small() -> Callable[[str], PreTrainedModel]:
    """Return a maker of untrained classifiers with three labels."""

    def make(kind: str = "bert") -> PreTrainedModel:
        torch.manual_seed(7)
        return _KINDS[kind]().eval()

    return make


@pytest.fixture(scope="session")
def outlying(small: Callable[[str], PreTrainedModel]) -> PreTrainedModel:
    """Return a classifier in which one value of each token drowns the others in 8 bits.

    Nothing ever reads that value and it is taken away at once: in 32 bits it changes no label.
    """
    model = small("bert")
    with torch.no_grad():
        for layer in model.bert.encoder.layer:
            layer.attention.output.LayerNorm.bias[0] = 500
            layer.intermediate.dense.weight[:, 0] = 0
            layer.output.dense.bias[0] -= 500
            layer.output.LayerNorm.weight[0] = 0
    return model


@pytest.fixture(scope="session")
def random_inputs() -> Callable[[int, int], Inputs]:
    """Return a maker of token ids of which the last row's second half is padding."""
    return _random_inputs


def _random_inputs(rows: int, length: int) -> Inputs:
    ids = np.random.default_rng(rows * length).integers(4, 200, (rows, length))
    mask = np.ones_like(ids)
    mask[-1, length // 2 + 1 :] = 0
    return {
        "input_ids": np.where(mask == 1, ids, 0),
        "attention_mask": mask,
        "token_type_ids": np.zeros_like(ids),
    }


@pytest.fixture(scope="session")
def logits_in_torch() -> Callable[[PreTrainedModel, Inputs], np.ndarray]:
    """Return a function that gives what torch makes of inputs."""

    def run(model: PreTrainedModel, inputs: Inputs) -> np.ndarray:
        with torch.inference_mode():
            answer = model(
                input_ids=torch.from_numpy(inputs["input_ids"]),
                attention_mask=torch.from_numpy(inputs["attention_mask"]),
            )
        logits: np.ndarray = answer.logits.numpy()
        return logits

    return run
