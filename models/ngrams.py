"""Judges a passage by which tokens and pairs of tokens it has, and how near its target they stand.

What a small encoder forgets of rare words, a log-linear model over hashed n-grams keeps
(Weinberger et al. 2009, "Feature Hashing for Large Scale Multitask Learning"; beside a network as
in Cheng et al. 2016, "Wide & Deep Learning for Recommender Systems"). `models.fitting_ngrams`
learns the weights.
"""

from itertools import product

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["Ngrams"]

_NEAR = (6, 20, 60)  # tokens
_TEXT, _PAIR, _TARGET, _FIRST_NEAR = range(1, 5)


class Ngrams(nn.Module):
    """A table of `buckets` n-grams: each with a weight for each output, and with its rarity.

    It answers nothing (all logits 0) until its weights are filled.
    """

    def __init__(self, buckets: int, outputs: int) -> None:
        super().__init__()
        self.buckets = buckets
        self.weights = nn.Parameter(torch.zeros(buckets, outputs))
        self.rarity = nn.Parameter(torch.zeros(buckets, 1))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, ids: Tensor, types: Tensor, mask: Tensor, mention: Tensor) -> Tensor:
        """Return logits (n, outputs) for token ids (n, length); see `features`."""
        places, present = self.features(ids, types, mask, mention)
        # In single precision whatever the weights have: half holds no such sum over a long text.
        rarity = functional.embedding(places, self.rarity).float() * present[..., None]
        length = rarity.square().sum(dim=1).clamp(min=1).sqrt()
        sums = (functional.embedding(places, self.weights).float() * rarity).sum(dim=1)
        result: Tensor = sums / length + self.bias.float()
        return result

    def features(
        self, ids: Tensor, types: Tensor, mask: Tensor, mention: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the buckets (n, features) of a passage's n-grams, and which of these are there.

        They are the tokens of the text, its pairs of neighbours, the tokens of the target's name
        (those of type 1), and the tokens that follow or precede a mention within some distance.
        """
        named = mask.bool() & (types == 1)
        text = mask.bool() & (types == 0)
        before = functional.pad(ids[:, :-1], (1, 0))
        found = [
            (self._bucket(_TEXT, ids), text),
            (self._bucket(_PAIR, before, ids), text),
            (self._bucket(_TARGET, ids), named),
        ]
        beside = text & ~mention
        for kind, (width, reach) in enumerate(product(_NEAR, (_follows, _precedes))):
            there = reach(mention & text, width) & beside
            found.append((self._bucket(_FIRST_NEAR + kind, ids), there))
        return torch.cat([one for one, _ in found], 1), torch.cat([one for _, one in found], 1)

    def _bucket(self, kind: int, *tokens: Tensor) -> Tensor:
        """Hash n-grams of one kind; nothing on the way exceeds 31 bits, as some runtimes have."""
        hashed = torch.full_like(tokens[0], kind)
        for ids in tokens:
            hashed = (hashed * 8191 + ids * 1021 + 77) % self.buckets
            hashed = (hashed * 4093 + 12345) % self.buckets
        return hashed


def _follows(flags: Tensor, width: int) -> Tensor:
    """Tell the tokens that have a flagged one among the `width` before them."""
    length = flags.shape[1]
    count = functional.pad(flags.long(), (width + 1, 0)).cumsum(dim=1)
    return count[:, width : width + length] > count[:, :length]


def _precedes(flags: Tensor, width: int) -> Tensor:
    """Tell the tokens that have a flagged one among the `width` after them."""
    count = functional.pad(flags.long(), (0, width)).cumsum(dim=1)
    return count[:, width:] > count[:, : flags.shape[1]]
