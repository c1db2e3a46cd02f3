"""Prints how true the figures of a report are: raw, by adjusted counting, and as corrected.

    python benchmarks/validity.py [--data ../shared/data/labelled] [--worlds 200] [--workers 2]

Each world has 40 channels, or four, whose true net stance is known. Their posts are rows of dev
splits that the embedded model has not been trained on, with the labels it gives them: between 2 %
and 50 % of a channel's posts take a side, copies of one text make up about a fifth. In the worlds
called "alike" all channels mix hard posts (written to be hard) and real ones in the same way; in
those called "drift" each has a mix of its own, so that the model errs more in one channel than in
another. Gold samples are drawn by the code behind `tgstance annotate sample` and labelled with the
rows' labels. Printed per size of the sample: the mean absolute error of net stance over channels
and worlds, the share of 95 % intervals that hold the true value, and half their mean width.
Adjusted counting is the plain one, with one confusion matrix for all channels and an interval by
bootstrap over the labelled texts. Some half an hour on two cores.
"""

import argparse
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import product
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import nnls

from models.dataset import read_set
from models.labels import LABELS, STANCE
from models.loading import load_classifier
from models.model_name import ModelName
from reports.annotation.drawing import draw
from reports.correction import correct
from reports.gold import CELLS, PREDICTED, cell_of
from reports.interval import net_interval

REAL, HARD = ("telegram_annotated.dev", "telegram_opinionated.dev"), ("written.dev",)
KINDS = (("alike", 40), ("drift", 40), ("drift", 4))  # how channels differ, how many there are
SIZES = (100, 300, 1_000)
ABSTAIN_BELOW = 0.5
RESAMPLES = 100
VALUES = np.array([-1.0, 0.0, 1.0])
DAY = pd.Timestamp("2025-11-03")
ROW = "| {:<6} | {:>8} | {:>6} | {:<15} | {:>10} | {:>12} | {:>10} |"

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pool:
    """Rows of labelled sets, each array (n,): cell, true label, abstained, whether hard."""

    cell: NDArray[np.int64]
    truth: NDArray[np.int64]
    abstained: NDArray[np.bool_]
    hard: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class World:
    """Channels: a row per distinct text (channel_key, row of the pool, copies), and true nets."""

    texts: pd.DataFrame
    net: Floats


def main() -> None:
    """Print the table."""
    options = parse()
    pool = read_pool(options.data)
    print(
        ROW.format(
            "worlds", "channels", "labels", "figure", "mean error", "95 % holds", "half width"
        )
    )
    print("|---|--:|--:|---|--:|--:|--:|")
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as workers:
        for kind in KINDS:
            found = list(workers.map(partial(measure, pool, kind), range(options.worlds)))
            show(kind, pd.concat(found))


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="How true corrected figures are.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/labelled"))
    parser.add_argument("--worlds", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    if not options.data.is_dir():
        parser.exit(0, f"{options.data} is not there: its labelled posts are needed\n")
    return options


def read_pool(data: Path) -> Pool:
    """Label the stance rows of the dev splits with the embedded model."""
    classifier = load_classifier(ModelName("embedded"), STANCE)
    parts = []
    for name, hard in [*product(REAL, [False]), *product(HARD, [True])]:
        rows = [row for row in read_set(data / f"{name}.jsonl.gz").rows if row.task == STANCE]
        found = classifier.predict([row.passage for row in rows]).probabilities
        truth = [LABELS[STANCE].index(row.label) for row in rows]
        parts.append((cell_of(found), truth, found.max(axis=1) < ABSTAIN_BELOW, [hard] * len(rows)))
    return Pool(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def measure(pool: Pool, kind: tuple[str, int], seed: int) -> pd.DataFrame:
    """Return a row per figure and size of the sample: mean error, coverage, half width."""
    chance = np.random.default_rng(seed)
    world = make_world(pool, chance, kind)
    figures = counted(pool, world)
    rows = [(0, "raw", *against_truth(raw(figures), world.net))]
    for size in SIZES:
        gold = labelled(figures, size, seed)
        for name, estimate in (("adjusted count", adjusted), ("corrected", by_report)):
            rows.append((size, name, *against_truth(estimate(figures, gold), world.net)))
    return pd.DataFrame(rows, columns=["labels", "figure", "error", "coverage", "half"])


def make_world(pool: Pool, chance: np.random.Generator, kind: tuple[str, int]) -> World:
    """Make channels of 80 to 600 distinct texts, a tenth of which have one to three copies."""
    parts, nets = [], []
    places = {
        (label, hard): np.flatnonzero((pool.truth == label) & (pool.hard == hard))
        for label, hard in product(range(3), (False, True))
    }
    for channel in range(kind[1]):
        n = int(chance.integers(80, 600))
        opinions = np.exp(chance.uniform(np.log(0.02), np.log(0.5)))
        favor = chance.uniform()
        share_hard = chance.uniform(0, 0.5) if kind[0] == "drift" else 0.25
        shares = [opinions * (1 - favor), 1 - opinions, opinions * favor]
        truth = chance.choice(3, n, p=shares)
        hard = chance.random(n) < np.where(truth == 1, share_hard, share_hard + 0.3)
        row = [int(chance.choice(places[key])) for key in zip(truth, hard, strict=True)]
        copies = np.where(chance.random(n) < 0.1, chance.integers(2, 5, n), 1)
        parts.append(pd.DataFrame({"channel_key": channel, "row": row, "copies": copies}))
        nets.append(float(np.array(shares) @ VALUES))
    return World(pd.concat(parts, ignore_index=True), np.array(nets))


def counted(pool: Pool, world: World) -> Mapping[str, pd.DataFrame]:
    """Return what a report knows of the channels: its rows, counts in cells, and the texts."""
    texts = world.texts.assign(
        target="t",
        cell=pool.cell[world.texts["row"]],
        truth=pool.truth[world.texts["row"]],
        abstained=pool.abstained[world.texts["row"]],
    )
    key = ["channel_key", "target", "cell"]
    counts = texts.groupby(key, as_index=False)["copies"].agg(posts="sum", texts="size")
    sure = texts[~texts["abstained"]]
    by_channel = sure.groupby("channel_key")["copies"]
    rows = pd.DataFrame(
        {
            "n_scored": texts.groupby("channel_key")["copies"].sum(),
            "n_effective": by_channel.sum() ** 2 / by_channel.agg(lambda m: (m**2).sum()),
        }
    ).reset_index()
    for name, label in (("n_minus", 0), ("n_zero", 1), ("n_plus", 2)):
        chosen = sure[PREDICTED[sure["cell"]] == label].groupby("channel_key")["copies"].sum()
        rows[name] = chosen.reindex(rows["channel_key"], fill_value=0).to_numpy()
    return {
        "rows": rows.assign(target="t", period_start=DAY),
        "counts": counts.assign(day=DAY),
        "texts": texts,
    }


def labelled(figures: Mapping[str, pd.DataFrame], size: int, seed: int) -> pd.DataFrame:
    """Draw a gold sample and label it, in the columns of `reports.gold.gold_texts`."""
    texts = figures["texts"]
    predicted = np.where(texts["abstained"], 3, PREDICTED[texts["cell"]])
    units = pd.DataFrame(
        {
            "channel_id": texts["channel_key"],
            "target_id": 1,
            "reading_id": np.arange(len(texts)),
            "post_id": np.arange(len(texts)),
            "predicted": predicted,
        }
    )
    sample = draw(units, size, seed)
    gold = texts.iloc[sample["reading_id"]].reset_index(drop=True)
    gold["weight"] = gold["copies"] / sample["inclusion_probability"]
    return gold


def raw(figures: Mapping[str, pd.DataFrame]) -> Floats:
    """Return net stance as the report counts it, with its interval: (3, channels)."""
    rows = figures["rows"]
    net = (rows["n_plus"] - rows["n_minus"]) / _labelled(rows)
    low, high = net_interval(rows["n_plus"], rows["n_minus"], _labelled(rows), rows["n_effective"])
    return np.array([net, low, high])


def _labelled(rows: pd.DataFrame) -> "pd.Series[int]":
    return rows["n_minus"] + rows["n_zero"] + rows["n_plus"]


def by_report(figures: Mapping[str, pd.DataFrame], gold: pd.DataFrame) -> Floats:
    """Return the corrected net stance as the report has it, with its interval."""
    found = correct(figures["rows"], figures["counts"], gold, minimum=1)
    names = [f"net_stance_corrected{end}" for end in ("", "_lo", "_hi")]
    return found[names].to_numpy().T


def adjusted(figures: Mapping[str, pd.DataFrame], gold: pd.DataFrame) -> Floats:
    """Return net stance by plain adjusted counting, with a bootstrap interval."""
    mix = np.zeros((len(figures["rows"]), CELLS))
    counts = figures["counts"]
    np.add.at(mix, (counts["channel_key"], counts["cell"]), counts["posts"])
    mix = by_label(mix / mix.sum(axis=1, keepdims=True))
    chance = np.random.default_rng(1)
    weights = gold["weight"].to_numpy()
    draws = [np.ones(len(gold))]
    draws += [np.bincount(chance.integers(0, len(gold), len(gold)), minlength=len(gold))
              for _ in range(RESAMPLES)]  # fmt: skip
    nets = np.array([_adjusted_nets(mix, gold, weights * draw) for draw in draws])
    return np.array([nets[0], *np.quantile(nets[1:], [0.025, 0.975], axis=0)])


def _adjusted_nets(mix: Floats, gold: pd.DataFrame, weights: Floats) -> Floats:
    confusion = np.full((3, CELLS), 1e-9)
    np.add.at(confusion, (gold["truth"], gold["cell"]), weights)
    confusion = by_label(confusion / confusion.sum(axis=1, keepdims=True))
    return np.array([adjusted_count(shares, confusion) @ VALUES for shares in mix])


def adjusted_count(predicted: Floats, confusion: Floats) -> Floats:
    """Return the shares (3,) that best explain predicted ones, none negative, summing to one.

    `confusion` (3, 3) has a row for each true label. The same figures as QuaPy 0.2.3's `ACC`.
    """
    equations = np.vstack([confusion.T, np.full(3, 1_000.0)])
    shares, _ = nnls(equations, np.append(predicted, 1_000.0))
    return np.asarray(shares / shares.sum())


def by_label(cells: Floats) -> Floats:
    """Sum shares over cells (n, c) by the label that the model gave: (n, 3)."""
    return cells @ np.eye(3)[PREDICTED]


def against_truth(figures: Floats, truth: Floats) -> Sequence[float]:
    """Return mean absolute error, share of intervals that hold the truth, half the mean width."""
    net, low, high = figures
    holds = (low <= truth) & (truth <= high)
    return [float(np.abs(net - truth).mean()), float(holds.mean()), float((high - low).mean() / 2)]


def show(kind: tuple[str, int], found: pd.DataFrame) -> None:
    """Print a line per figure and size, all channels of all worlds together."""
    means = found.groupby(["labels", "figure"], sort=False).mean()
    for (labels, figure), row in means.iterrows():
        holds = f"{100 * row['coverage']:.1f} %"
        cells = (f"{row['error']:.3f}", holds, f"{row['half']:.3f}")
        print(ROW.format(*kind, labels or "-", figure, *cells), flush=True)


if __name__ == "__main__":
    main()
