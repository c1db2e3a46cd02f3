"""How far a mix of classes has moved: the population stability index."""

from collections.abc import Mapping
from math import log

from scipy.special import chdtri

__all__ = ["MODERATE", "SHIFTED", "Counts", "by_chance", "reading", "shift", "stability_index"]

Counts = Mapping[str, int]

# The usual reading (Siddiqi 2006, Credit Risk Scorecards, Wiley): up to the first all is as it was,
# over the second it is not.
MODERATE = 0.1
SHIFTED = 0.25

_ADDED = 0.5
_CHANCE = 0.05


def stability_index(now: Counts, before: Counts) -> float:
    """Return the sum of (p - q) ln(p / q) over the classes: 0 for equal shares, never less.

    p and q are the shares of a class in `now` and `before`, each of at least one thing. It is the
    divergence of Jeffreys (1946), as which it is symmetric. Where a class of one mix is empty in
    the other, the logarithm has no value; half a thing is then added to each class of both, as
    Krichevsky and Trofimov (1981) estimate shares, with both mixes taken to be as many things as
    the smaller one: so the index stays symmetric, finite, and zero for equal shares.
    """
    classes = sorted({name for mix in (now, before) for name, count in mix.items() if count})
    empty = any(not mix.get(name) for mix in (now, before) for name in classes)
    added = _ADDED / min(sum(now.values()), sum(before.values())) if empty else 0.0
    pairs = (
        [_share(mix, name, classes=len(classes), added=added) for mix in (now, before)]
        for name in classes
    )
    return sum((p - q) * log(p / q) for p, q in pairs)


def by_chance(now: Counts, before: Counts) -> float:
    """Return what the index of two samples from one unchanged mix stays under, 95 times of 100.

    The index is distributed about as chi-square with a degree of freedom less than classes, times
    1/n + 1/m for samples of n and m things that are independent (Yurdakul 2018, Statistical
    Properties of Population Stability Index, Western Michigan University). Posts of one day hang
    together, so the truth is somewhat higher.
    """
    classes = {name for mix in (now, before) for name, count in mix.items() if count}
    if len(classes) < 2:  # noqa: PLR2004 (one class has no other to change with)
        return 0.0
    scale = 1 / sum(now.values()) + 1 / sum(before.values())
    return float(chdtri(len(classes) - 1, _CHANCE)) * scale


def reading(index: float) -> str:
    """Return the usual word for an index."""
    return "shifted" if index > SHIFTED else "moderate" if index >= MODERATE else "stable"


def shift(now: Counts, before: Counts) -> tuple[str, float, float]:
    """Return the class whose share changed most, with its shares before and now."""
    shares = {name: (_share(before, name), _share(now, name)) for name in sorted({*now, *before})}
    name = max(shares, key=lambda each: abs(shares[each][1] - shares[each][0]))
    return name, *shares[name]


def _share(mix: Counts, name: str, *, classes: int = 0, added: float = 0.0) -> float:
    """Return the share of a class, `added` being what each of `classes` gets on top of its own."""
    return (mix.get(name, 0) / sum(mix.values()) + added) / (1 + added * classes)
