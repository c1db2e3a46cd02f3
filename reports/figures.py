"""Per-channel figures: summed by the database per channel and day, put together per period here."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, select

from collector.tables import channels
from models import labels
from models.keys import target_ids
from models.tables import NO_TARGET
from reports.change import change
from reports.contract import SENTIMENT, STANCE, ReportFile
from reports.correction import corrected
from reports.coverage import period_coverage
from reports.effective import PAIRS, SAME_TEXT, day_correlations, effective_n
from reports.gathered import gathered
from reports.interval import net_interval
from reports.periods import bounds, with_period
from reports.selection import ScoredBy, Selection
from reports.sums import COUNTS, SUMS, Labels, label_sums, post_counts, same_texts

__all__ = ["sentiment_figures", "stance_figures"]

_PERIOD = ["period_start", "period_end"]
_KEY = ["channel_key", "target"]
_NEVER_SEARCHED = -1


def stance_figures(connection: Connection, selection: Selection) -> pd.DataFrame:
    """Return one row per period, channel and target, in the columns of `stance.csv`.

    Every channel that posted in a period has a row for every target.
    """
    ids = target_ids(connection, selection.targets)
    names = {target.name: ids.get(target, _NEVER_SEARCHED) for target in selection.targets}
    rows = _figures(connection, selection, labels.STANCE, selection.stance, names)
    rows = rows.join(corrected(connection, selection, rows))
    return _in_contract(rows, STANCE, labels.STANCE, selection, selection.stance)


def sentiment_figures(connection: Connection, selection: Selection) -> pd.DataFrame:
    """Return one row per period and channel, in the columns of `sentiment.csv`."""
    names = {"": NO_TARGET}
    rows = _figures(connection, selection, labels.SENTIMENT, selection.sentiment, names)
    return _in_contract(rows, SENTIMENT, labels.SENTIMENT, selection, selection.sentiment)


def _figures(
    connection: Connection,
    selection: Selection,
    task: str,
    scored_by: ScoredBy,
    targets: Mapping[str, int],
) -> pd.DataFrame:
    """Sum over periods and join with the posts that each channel published in them."""
    posts = gathered(connection, selection)
    numbers = list(targets.values())
    wanted = Labels(connection, task, scored_by, numbers, selection.abstain_below)
    counts = post_counts(connection)
    limits = bounds(selection, counts["day"])
    calendar = with_period(counts[["day"]].drop_duplicates(ignore_index=True), selection, limits)
    rows = _published(connection, counts.merge(calendar, on="day"), targets)
    days = _by_target(label_sums(connection, posts, wanted), targets)
    again = _by_target(same_texts(connection, calendar, wanted), targets)
    labelled = _labelled(days.merge(calendar, on="day"), again)
    rows = rows.merge(labelled, how="left", on=[*_PERIOD, *_KEY])
    whole = [*COUNTS, "n", *PAIRS, SAME_TEXT]
    rows[whole] = rows[whole].fillna(0).astype("int64")
    rho = day_correlations(_different_texts(days))
    rows["n_effective"] = effective_n(rows, rows["target"].map(rho).astype("float64").fillna(0.0))
    return rows.merge(_channels(connection), on="channel_key")


def _published(
    connection: Connection, counts: pd.DataFrame, targets: Mapping[str, int]
) -> pd.DataFrame:
    """Return a row per period, channel and target, with the posts and coverage of the channel."""
    published = counts.groupby([*_PERIOD, "channel_key"], as_index=False)[["n_posts"]].sum()
    published["coverage"] = period_coverage(connection, published)
    names = pd.DataFrame({"target": pd.Series(list(targets), dtype="str")})
    return published.merge(names, how="cross")


def _by_target(frame: pd.DataFrame, targets: Mapping[str, int]) -> pd.DataFrame:
    """Name the targets that the archive knows by numbers."""
    names = {number: name for name, number in targets.items()}
    return frame.assign(target=frame["target_id"].map(names).astype("str"))


def _labelled(days: pd.DataFrame, again: pd.DataFrame) -> pd.DataFrame:
    """Sum over the days of each period; `again` has the pairs of posts that say the same in it."""
    n = days["n_minus"] + days["n_zero"] + days["n_plus"]
    days = days.assign(n=n, pairs_same_day=n * (n - 1))
    sums = days.groupby([*_PERIOD, *_KEY])[[*SUMS, "n", *PAIRS]].sum(min_count=1)
    pairs = again[["period_start", *_KEY, SAME_TEXT]]
    return sums.reset_index().merge(pairs, how="left", on=["period_start", *_KEY])


def _different_texts(days: pd.DataFrame) -> pd.DataFrame:
    """Return what tells the correlation within days, each text counted once a day."""
    squares = days["n_minus"] + days["n_plus"]
    return days[_KEY].assign(
        week=days["day"] - pd.to_timedelta(days["day"].dt.day_of_week, unit="D"),
        n=squares + days["n_zero"] - days["repeats"],
        total=days["n_plus"] - days["n_minus"] - days["repeats_total"],
        squares=squares - days["repeats_squares"],
    )


def _channels(connection: Connection) -> pd.DataFrame:
    query = select(channels.c.id, channels.c.telegram_id, channels.c.username, channels.c.title)
    rows = [
        (row.id, str(row.telegram_id or ""), row.username or "", row.title or "")
        for row in connection.execute(query)
    ]
    return pd.DataFrame(rows, columns=["channel_key", "channel_id", "channel", "title"])


def _in_contract(
    rows: pd.DataFrame, file: ReportFile, task: str, selection: Selection, scored_by: ScoredBy
) -> pd.DataFrame:
    """Compute shares, net figures and suppression; put the columns in the file's order."""
    minus, zero, plus = labels.LABELS[task]
    net = f"net_{task}"
    labelled = rows["n_minus"] + rows["n_zero"] + rows["n_plus"]
    shown = (labelled >= selection.minimum) & (labelled > 0)
    counts = {f"n_{minus}": "n_minus", f"n_{zero}": "n_zero", f"n_{plus}": "n_plus"}
    shares = {
        name.replace("n_", "share_", 1): (rows[count] / labelled).where(shown)
        for name, count in counts.items()
    }
    low, high = net_interval(rows["n_plus"], rows["n_minus"], labelled, rows["n_effective"])
    figures: dict[str, Any] = {
        **{name: rows[count] for name, count in counts.items()},
        **shares,
        net: ((rows["n_plus"] - rows["n_minus"]) / labelled).where(shown),
        f"{net}_lo": pd.Series(low, index=rows.index).where(shown),
        f"{net}_hi": pd.Series(high, index=rows.index).where(shown),
        f"views_weighted_{net}": _views_weighted(rows).where(shown),
        "n_own": rows["n_relevant"] - rows["n_forwarded"] - rows["n_quoted"],
        "include": str(selection.include),
        "suppressed": ~shown,
        "suppress_reason": _reasons(rows, labelled, selection.minimum).where(~shown, ""),
        "model": scored_by.shown,
        "run_id": selection.run_id,
    }
    rows = rows.assign(**figures)
    rows = rows.join(change(rows, net, selection.period))
    order = ["period_start", "title", "channel_id", "target"]
    return rows.sort_values(order, kind="stable")[file.header].reset_index(drop=True)


def _views_weighted(rows: pd.DataFrame) -> "pd.Series[float]":
    views = rows["views"].astype("float64")
    return rows["views_net"].astype("float64") / views.where(views > 0)


def _reasons(rows: pd.DataFrame, labelled: "pd.Series[int]", minimum: int) -> "pd.Series[str]":
    reasons = np.select(
        [rows["n_relevant"] == 0, rows["n_scored"] == 0, labelled < minimum],
        ["no relevant posts", "not scored yet", f"fewer than {minimum} labelled posts"],
        default="",
    )
    return pd.Series(reasons, index=rows.index)
