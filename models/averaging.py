"""Averages the weights of models that were trained from one start, in runs of different seeds.

The mean of such models is as accurate as an ensemble of them and costs no more than one (Wortsman
et al. 2022, "Model Soups: Averaging Weights of Multiple Fine-tuned Models Improves Accuracy without
Increasing Inference Time").
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

__all__ = ["mean_of_weights"]


def mean_of_weights(models: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Return the mean of each tensor, in its own type; what is no floating point is the first's.

    Raises ValueError where there is no model, or where they do not hold tensors of the same names.
    """
    if not models or any(model.keys() != models[0].keys() for model in models):
        raise ValueError("give one model or more, all of the same shape")
    return {name: _mean([model[name] for model in models]) for name in models[0]}


def _mean(tensors: Sequence[Tensor]) -> Tensor:
    if not tensors[0].is_floating_point():
        return tensors[0]
    return torch.stack([tensor.float() for tensor in tensors]).mean(dim=0).to(tensors[0].dtype)
