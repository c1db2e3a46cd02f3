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
from reports.gathered import Gathered, gathered
from reports.interval import net_interval
from reports.periods import bounds, with_period
from reports.selection import Period, ScoredBy, Selection
from reports.sums import COUNTS, SUMS, Labels, label_sums, post_counts, same_texts

__all__ = ["sentiment_figures", "stance_figures"]

_PERIOD = ["period_start", "period_end"]
_KEY = ["channel_key", "target"]
_WHOLE = [*COUNTS, "n", *PAIRS, SAME_TEXT]
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
    calendar, published = _published(connection, selection, posts)
    days = _by_target(label_sums(connection, posts, wanted), targets)
    rho = day_correlations(_different_texts(days))
    days = days.merge(calendar, on="day")
    if selection.period is Period.DAY:
        again = days.rename(columns={"pairs_same_day_and_text": SAME_TEXT})
    else:
        again = _by_target(same_texts(connection, calendar, wanted), targets)
    days = _labelled(days, again)
    rows = _in_order(published.merge(_channels(connection), on="channel_key"), targets)
    rows = rows.merge(days, how="left", on=[*_PERIOD, *_KEY])
    rows = rows.fillna(dict.fromkeys(_WHOLE, 0)).astype(dict.fromkeys(_WHOLE, "int64"))
    rows["n_effective"] = effective_n(rows, rows["target"].map(rho).astype("float64").fillna(0.0))
    return rows


def _published(
    connection: Connection, selection: Selection, posts: Gathered
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the period of each day with posts; and, per period and channel, posts and coverage."""
    calendar, published = (f"{name} by {selection.period}" for name in ("calendar", "published"))
    if published not in posts.frames:
        counts = post_counts(connection)
        days = counts[["day"]].drop_duplicates(ignore_index=True)
        posts.frames[calendar] = with_period(days, selection, bounds(selection, days["day"]))
        rows = counts.merge(posts.frames[calendar], on="day")
        sums = rows.groupby([*_PERIOD, "channel_key"], as_index=False)[["n_posts"]].sum()
        sums["coverage"] = period_coverage(connection, sums)
        posts.frames[published] = sums
    return posts.frames[calendar], posts.frames[published]


def _in_order(published: pd.DataFrame, targets: Mapping[str, int]) -> pd.DataFrame:
    """Return a row per period, channel and target, in the order of the file."""
    names = pd.DataFrame({"target": pd.Series(list(targets), dtype="str")})
    order = ["period_start", "title", "channel_id", "target"]
    rows = published.merge(names, how="cross")
    return rows.sort_values(order, kind="stable", ignore_index=True)


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
    shown = (rows["n"] >= selection.minimum) & (rows["n"] > 0)
    net = f"net_{task}"
    figures = {name: part.where(shown) for name, part in _estimates(rows, task, net).items()}
    keys = rows[["channel_key", "target", *_PERIOD]]
    changes = change(keys.assign(**figures), net, selection.period)
    made: dict[str, Any] = {
        **{f"n_{label}": rows[count] for label, count in _by_label(task)},
        **figures,
        **{str(name): changes[name] for name in changes},
        "n_own": rows["n_relevant"] - rows["n_forwarded"] - rows["n_quoted"],
        "include": str(selection.include),
        "suppressed": ~shown,
        "suppress_reason": _reasons(rows, selection.minimum).where(~shown, ""),
        "model": scored_by.shown,
        "run_id": selection.run_id,
    }
    columns = {name: made[name] if name in made else rows[name] for name in file.header}
    return pd.DataFrame(columns, index=rows.index)


def _estimates(rows: pd.DataFrame, task: str, net: str) -> dict[str, "pd.Series[float]"]:
    """Return the figures that are left empty where there are too few posts."""
    labelled = rows["n"]
    low, high = net_interval(rows["n_plus"], rows["n_minus"], labelled, rows["n_effective"])
    return {
        **{f"share_{label}": rows[count] / labelled for label, count in _by_label(task)},
        net: (rows["n_plus"] - rows["n_minus"]) / labelled,
        f"{net}_lo": pd.Series(low, index=rows.index),
        f"{net}_hi": pd.Series(high, index=rows.index),
        f"views_weighted_{net}": _views_weighted(rows),
    }


def _by_label(task: str) -> list[tuple[str, str]]:
    return list(zip(labels.LABELS[task], ("n_minus", "n_zero", "n_plus"), strict=True))


def _views_weighted(rows: pd.DataFrame) -> "pd.Series[float]":
    views = rows["views"].astype("float64")
    return rows["views_net"].astype("float64") / views.where(views > 0)


def _reasons(rows: pd.DataFrame, minimum: int) -> "pd.Series[str]":
    reasons = np.select(
        [rows["n_relevant"] == 0, rows["n_scored"] == 0, rows["n"] < minimum],
        ["no relevant posts", "not scored yet", f"fewer than {minimum} labelled posts"],
        default="",
    )
    return pd.Series(reasons, index=rows.index)
