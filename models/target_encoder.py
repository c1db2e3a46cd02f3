"""The embedded model's architecture: a small encoder that reads a post from its target's side.

Each layer mixes neighbouring tokens by a gated depthwise convolution before it attends to the whole
text: what a small attention cannot learn from few rows, that words nearby matter most, it is given
(Wu et al. 2019, "Pay Less Attention with Lightweight and Dynamic Convolutions"; normalisation
before each part as in Xiong et al. 2020). A passage is then judged by three vectors: the first
token's, the mean over the marked mentions, and the largest values of the text, so that two targets
of one post get two different answers (entity states as in Soares et al. 2019, "Matching the
Blanks", section 3). A classifier may have a table of n-grams beside its encoder; then the sum of
both logits is what it answers.
"""

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import (
    AutoConfig,
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    PreTrainedConfig,
    PreTrainedModel,
)
from transformers.modeling_outputs import MaskedLMOutput, SequenceClassifierOutput

from models.ngrams import Ngrams

__all__ = [
    "TargetEncoderConfig",
    "TargetEncoderForMaskedLM",
    "TargetEncoderForSequenceClassification",
]

_MENTION = 2  # the token type of a marked mention; 0 is the text, 1 the target's name
_NOT_ASKED = -100  # the label of a token that was not masked (the library's convention)
_LOWEST = -1e4  # stands for minus infinity, also in half precision


class TargetEncoderConfig(PreTrainedConfig):
    """Sizes of the encoder, and the ids of the marks around a target.

    Of `ngram_buckets`, 0 says that a classifier reads no n-grams beside.
    """

    model_type = "target_encoder"

    vocab_size: int = 16_000
    hidden_size: int = 256
    num_hidden_layers: int = 3
    num_attention_heads: int = 4
    intermediate_size: int = 1024
    max_position_embeddings: int = 256
    convolution_width: int = 5
    dropout: float = 0.1
    initializer_range: float = 0.03
    pad_token_id: int | None = 0
    mark_open_id: int = 5
    mark_close_id: int = 6
    tie_word_embeddings: bool = True
    ngram_buckets: int = 0


class _Convolution(nn.Module):
    """Mixes each token with its neighbours, channel by channel."""

    def __init__(self, config: TargetEncoderConfig) -> None:
        super().__init__()
        width = config.hidden_size
        size = config.convolution_width
        self.gate = nn.Linear(width, 2 * width)
        self.mix = nn.Conv1d(width, width, size, padding=size // 2, groups=width)
        self.out = nn.Linear(width, width)

    def forward(self, hidden: Tensor, is_token: Tensor) -> Tensor:
        value, gate = self.gate(hidden).chunk(2, dim=-1)
        mixed = self._mixed(value * torch.sigmoid(gate) * is_token)
        result: Tensor = self.out(functional.silu(mixed))
        return result

    def _mixed(self, gated: Tensor) -> Tensor:
        """Convolve (n, length, width) along the length, as an image of height 1.

        Nothing needs to be moved for it: torch's and other libraries' kernels for images read
        channels where they lie, last, and those for sequences do not.
        """
        image = gated[:, None].permute(0, 3, 1, 2)
        mixed = functional.conv2d(
            image,
            self.mix.weight[:, :, None],
            self.mix.bias,
            padding=(0, self.mix.kernel_size[0] // 2),
            groups=self.mix.groups,
        )
        return mixed.permute(0, 2, 3, 1)[:, 0]


class _Attention(nn.Module):
    """Multi-head self-attention (Vaswani et al. 2017, section 3.2.2)."""

    def __init__(self, config: TargetEncoderConfig) -> None:
        super().__init__()
        self.heads = config.num_attention_heads
        self.dropout = config.dropout
        self.qkv = nn.Linear(config.hidden_size, 3 * config.hidden_size)
        self.out = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, hidden: Tensor, bias: Tensor) -> Tensor:
        batch, length, width = hidden.shape
        query, key, value = (
            part.view(batch, length, self.heads, width // self.heads).transpose(1, 2)
            for part in self.qkv(hidden).chunk(3, dim=-1)
        )
        dropout = self.dropout if self.training else 0.0
        mixed = functional.scaled_dot_product_attention(
            query, key, value, attn_mask=bias.to(query.dtype), dropout_p=dropout
        )
        result: Tensor = self.out(mixed.transpose(1, 2).reshape(batch, length, width))
        return result


class _Layer(nn.Module):
    def __init__(self, config: TargetEncoderConfig) -> None:
        super().__init__()
        width = config.hidden_size
        self.convolution_norm, self.convolution = nn.LayerNorm(width), _Convolution(config)
        self.attention_norm, self.attention = nn.LayerNorm(width), _Attention(config)
        self.feed_norm = nn.LayerNorm(width)
        self.feed_in = nn.Linear(width, config.intermediate_size)
        self.feed_out = nn.Linear(config.intermediate_size, width)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, hidden: Tensor, is_token: Tensor, bias: Tensor) -> Tensor:
        hidden = hidden + self.dropout(self.convolution(self.convolution_norm(hidden), is_token))
        hidden = hidden + self.dropout(self.attention(self.attention_norm(hidden), bias))
        wide = functional.gelu(self.feed_in(self.feed_norm(hidden)))
        result: Tensor = hidden + self.dropout(self.feed_out(wide))
        return result


class _Encoder(nn.Module):
    """Token ids (n, length) to states (n, length, width)."""

    def __init__(self, config: TargetEncoderConfig) -> None:
        super().__init__()
        width = config.hidden_size
        self.words = nn.Embedding(config.vocab_size, width, padding_idx=config.pad_token_id)
        self.positions = nn.Embedding(config.max_position_embeddings, width)
        self.types = nn.Embedding(3, width)
        self.norm = nn.LayerNorm(width)
        self.layers = nn.ModuleList(_Layer(config) for _ in range(config.num_hidden_layers))
        self.last_norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, ids: Tensor, types: Tensor, mask: Tensor) -> Tensor:
        places = self.positions(torch.arange(ids.shape[1], device=ids.device))
        hidden = self.dropout(self.norm(self.words(ids) + self.types(types) + places))
        is_token = mask[..., None].to(hidden.dtype)
        bias = (1.0 - mask[:, None, None, :].to(hidden.dtype)) * _LOWEST
        for layer in self.layers:
            hidden = layer(hidden, is_token, bias)
        result: Tensor = self.last_norm(hidden)
        return result


class _TargetEncoderModel(PreTrainedModel):
    """What both heads share."""

    config_class = TargetEncoderConfig
    base_model_prefix = "encoder"
    _supports_sdpa = True

    def __init__(self, config: TargetEncoderConfig) -> None:
        super().__init__(config)
        self.encoder = _Encoder(config)

    def get_input_embeddings(self) -> nn.Module:
        return self.encoder.words

    def set_input_embeddings(self, value: nn.Module) -> None:
        self.encoder.words = cast("nn.Embedding", value)

    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, Ngrams):
            for weight in module.parameters():
                nn.init.zeros_(weight)
        elif not isinstance(module, nn.Conv1d):  # torch's own start suits so narrow a convolution
            super()._init_weights(module)  # type: ignore[no-untyped-call] # the library's

    def _encode(
        self, ids: Tensor, types: Tensor | None, mask: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the states, which tokens there are, and which of them are a mention's."""
        mask = torch.ones_like(ids) if mask is None else mask
        types = torch.zeros_like(ids) if types is None else types
        mention = self._is_mention(ids) & mask.bool()
        return self.encoder(ids, types.masked_fill(mention, _MENTION), mask), mask, mention

    def _is_mention(self, ids: Tensor) -> Tensor:
        """Tell the tokens from an opening mark to the next closing mark, both included.

        They are those after which the last mark opens, and the marks that close one.
        """
        opens, closes = ids == self.config.mark_open_id, ids == self.config.mark_close_id
        marks = opens | closes
        number = marks.cumsum(dim=1)
        # Of each mark by its number, whether it opens; number 0 stands for no mark so far.
        opening = opens.new_zeros(ids.shape[0], ids.shape[1] + 1).scatter(1, number * marks, opens)
        inside: Tensor = opening.gather(1, number - closes.long())
        return inside


class TargetEncoderForSequenceClassification(_TargetEncoderModel):
    """A sequence classifier that also pools at the marked mentions."""

    def __init__(self, config: TargetEncoderConfig) -> None:
        super().__init__(config)
        width = config.hidden_size
        self.dropout = nn.Dropout(config.dropout)
        self.dense = nn.Linear(3 * width, width)
        self.classifier = nn.Linear(width, len(config.id2label or ()))
        self.ngrams = _ngrams(config)
        self.post_init()  # type: ignore[no-untyped-call] # the library's

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        labels: Tensor | None = None,
        **_: Any,  # noqa: ANN401 (whatever else the library passes)
    ) -> SequenceClassifierOutput:
        """Return `logits` (n, outputs) for token ids (n, length), and the `loss` for labels (n)."""
        hidden, mask, mention = self._encode(input_ids, token_type_ids, attention_mask)
        first = hidden[:, 0]
        inside = mention[..., None].to(hidden.dtype)
        count = inside.sum(dim=1)
        named = torch.where(count > 0, (hidden * inside).sum(dim=1) / count.clamp(min=1), first)
        largest = hidden.masked_fill(mask[..., None] == 0, _LOWEST).amax(dim=1)
        pooled = torch.cat([first, named, largest], dim=-1)
        dense = torch.tanh(self.dense(self.dropout(pooled)))
        logits = self.classifier(self.dropout(dense))
        if self.ngrams is not None:
            types = torch.zeros_like(input_ids) if token_type_ids is None else token_type_ids
            logits = logits + self.ngrams(input_ids, types, mask, mention)
        loss = None if labels is None else functional.cross_entropy(logits.float(), labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)

    def add_ngrams(self, buckets: int) -> None:
        """Put an empty table of n-grams beside the encoder, or none (0), in place of any."""
        config = cast("TargetEncoderConfig", self.config)
        config.ngram_buckets = buckets
        self.ngrams = _ngrams(config)

    def ngram_features(self, ids: Tensor, types: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return the buckets of the n-grams of token ids (n, length); see `Ngrams.features`."""
        if self.ngrams is None:
            raise ValueError("the model reads no n-grams: call add_ngrams")
        return self.ngrams.features(ids, types, mask, self._is_mention(ids) & mask.bool())


def _ngrams(config: TargetEncoderConfig) -> Ngrams | None:
    if not config.ngram_buckets:
        return None
    return Ngrams(config.ngram_buckets, len(config.id2label or ()))


class TargetEncoderForMaskedLM(_TargetEncoderModel):
    """Guesses masked tokens: what the encoder learns from texts without labels."""

    _tied_weights_keys = {"decoder.weight": "encoder.words.weight"}  # noqa: RUF012 (the library's)

    def __init__(self, config: TargetEncoderConfig) -> None:
        super().__init__(config)
        width = config.hidden_size
        self.guess = nn.Linear(width, width)
        self.guess_norm = nn.LayerNorm(width)
        self.decoder = nn.Linear(width, config.vocab_size)
        self.post_init()  # type: ignore[no-untyped-call] # the library's

    def get_output_embeddings(self) -> nn.Module:
        """Return the layer that shares its weights with the token embeddings."""
        return self.decoder

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        labels: Tensor | None = None,
        **_: Any,  # noqa: ANN401 (likewise)
    ) -> MaskedLMOutput:
        """Return the `loss` over the tokens whose label is not -100, and their `logits`.

        `hidden_states` are those of the last layer, (n, length, width).
        """
        hidden, _mask, _mention = self._encode(input_ids, token_type_ids, attention_mask)
        asked = (
            torch.ones_like(input_ids, dtype=torch.bool) if labels is None else labels != _NOT_ASKED
        )
        guess = self.decoder(self.guess_norm(functional.gelu(self.guess(hidden[asked]))))
        loss = None if labels is None else functional.cross_entropy(guess.float(), labels[asked])
        return MaskedLMOutput(loss=loss, logits=guess, hidden_states=(hidden,))


AutoConfig.register(TargetEncoderConfig.model_type, TargetEncoderConfig)
AutoModelForSequenceClassification.register(
    TargetEncoderConfig, TargetEncoderForSequenceClassification
)
AutoModelForMaskedLM.register(TargetEncoderConfig, TargetEncoderForMaskedLM)
