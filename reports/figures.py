"""Per-channel figures: summed by the database per channel and day, put together per period here."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, literal, select

from collector.tables import channels, posts
from models import labels
from models.keys import model_id, target_ids
from models.tables import NO_TARGET, mentions, readings, scores, text_readings
from reports.contract import SENTIMENT, STANCE, ReportFile
from reports.coverage import period_coverage
from reports.interval import net_interval
from reports.selection import Period, ScoredBy, Selection

__all__ = ["sentiment_figures", "stance_figures"]

_KEY = ["channel_key", "target"]
_COUNTS = ["n_relevant", "n_scored", "n_abstained", "n_minus", "n_zero", "n_plus"]
_SUMS = [*_COUNTS, "views", "views_net"]


def stance_figures(connection: Connection, selection: Selection) -> pd.DataFrame:
    """Return one row per period, channel and target, in the columns of `stance.csv`.

    Every channel that posted in a period has a row for every target.
    """
    ids = target_ids(connection, selection.targets)
    names = {number: target.name for target, number in ids.items()}
    query = _labelled(selection, labels.STANCE, selection.stance, connection, list(names))
    sums = _read(connection, query, ["channel_key", "day", "target_id", *_SUMS])
    sums["target"] = sums["target_id"].map(names).astype("str")
    wanted = [target.name for target in selection.targets]
    figures = _figures(connection, selection, sums, wanted)
    return _in_contract(figures, STANCE, labels.STANCE, selection, selection.stance)


def sentiment_figures(connection: Connection, selection: Selection) -> pd.DataFrame:
    """Return one row per period and channel, in the columns of `sentiment.csv`."""
    query = _labelled(selection, labels.SENTIMENT, selection.sentiment, connection, [NO_TARGET])
    sums = _read(connection, query, ["channel_key", "day", "target_id", *_SUMS])
    sums["target"] = pd.Series("", index=sums.index, dtype="str")
    figures = _figures(connection, selection, sums, [""])
    return _in_contract(figures, SENTIMENT, labels.SENTIMENT, selection, selection.sentiment)


def _labelled(
    selection: Selection,
    task: str,
    scored_by: ScoredBy,
    connection: Connection,
    target_numbers: Sequence[int],
) -> Select[Any]:
    """Sum relevant posts and their labels per channel, day and target."""
    model = model_id(connection, scored_by.fingerprint)
    chosen, _ = selection.channel_ids(connection)
    source = posts.join(text_readings, text_readings.c.text_hash == posts.c.text_hash)
    if task == labels.SENTIMENT:
        source = source.join(readings, readings.c.id == text_readings.c.reading_id)
        target: ColumnElement[int] = literal(NO_TARGET)
        relevant = readings.c.text != ""
    else:
        source = source.join(mentions, mentions.c.reading_id == text_readings.c.reading_id)
        target = mentions.c.target_id
        relevant = mentions.c.target_id.in_(target_numbers)
    same = and_(
        scores.c.model_id == model,
        scores.c.task == task,
        scores.c.target_id == target,
        scores.c.reading_id == text_readings.c.reading_id,
    )
    day = func.date(posts.c.date)
    return (
        select(posts.c.channel_id, day, target, *_sums(task, selection.abstain_below))
        .select_from(source.join(scores, same, isouter=True))
        .where(relevant, selection.conditions(chosen))
        .group_by(posts.c.channel_id, day, target)
    )


def _sums(task: str, abstain_below: float) -> list[ColumnElement[int]]:
    """Return the sums in the order of `_SUMS`."""
    sure = scores.c.confidence >= abstain_below
    minus, zero, plus = labels.LABELS[task]

    def count(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.sum(case((condition, 1), else_=0))

    value = case((scores.c.label == plus, 1), (scores.c.label == minus, -1), else_=0)
    return [
        func.count(),
        func.count(scores.c.reading_id),
        count(scores.c.confidence < abstain_below),
        *(count(and_(sure, scores.c.label == label)) for label in (minus, zero, plus)),
        func.sum(case((sure, posts.c.views), else_=None)),
        func.sum(case((sure, posts.c.views * value), else_=None)),
    ]


def _read(connection: Connection, query: Select[Any], columns: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame(connection.execute(query).all(), columns=columns)
    if frame.empty:  # without rows pandas cannot tell numbers from texts
        frame = frame.astype("int64")
    return frame.assign(day=pd.to_datetime(frame["day"]))


def _figures(
    connection: Connection, selection: Selection, sums: pd.DataFrame, targets: Sequence[str]
) -> pd.DataFrame:
    """Sum over periods and join with the posts that each channel published in them."""
    chosen, _ = selection.channel_ids(connection)
    day = func.date(posts.c.date)
    query = select(posts.c.channel_id, day, func.count()).where(selection.conditions(chosen))
    counts = _read(
        connection, query.group_by(posts.c.channel_id, day), ["channel_key", "day", "n_posts"]
    )
    bounds = _bounds(selection, counts)
    published = _with_period(counts, selection, bounds)
    published = published.groupby(["period_start", "period_end", "channel_key"], as_index=False)[
        ["n_posts"]
    ].sum()
    published["coverage"] = period_coverage(connection, published)
    rows = published.merge(
        pd.DataFrame({"target": pd.Series(list(targets), dtype="str")}), how="cross"
    )
    keys = ["period_start", "period_end", *_KEY]
    labelled = _with_period(sums, selection, bounds).groupby(keys)[_SUMS].sum(min_count=1)
    rows = rows.merge(labelled.reset_index(), how="left", on=keys)
    rows[_COUNTS] = rows[_COUNTS].fillna(0).astype("int64")
    return rows.merge(_channels(connection), on="channel_key")


def _bounds(selection: Selection, counts: pd.DataFrame) -> tuple[date, date]:
    """Return the first day of the report and the day after its last."""
    first = selection.since or (counts["day"].min().date() if len(counts) else date.min)
    until = selection.until or (
        counts["day"].max().date() + timedelta(days=1) if len(counts) else date.min
    )
    return first, until


def _with_period(
    frame: pd.DataFrame, selection: Selection, bounds: tuple[date, date]
) -> pd.DataFrame:
    """Add the period of each day; a period cut by --since or --until is shown as cut."""
    first, until = (pd.Timestamp(day) for day in bounds)
    if selection.period is Period.ALL:
        return frame.assign(period_start=first, period_end=until)
    code = {Period.DAY: "D", Period.WEEK: "W-SUN", Period.MONTH: "M"}[selection.period]
    period = frame["day"].dt.to_period(code)
    start = period.dt.start_time
    end = (period + 1).dt.start_time
    if selection.since:
        start = start.clip(lower=first)
    if selection.until:
        end = end.clip(upper=until)
    return frame.assign(period_start=start, period_end=end)


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
    low, high = net_interval(rows["n_plus"], rows["n_minus"], labelled)
    figures: dict[str, Any] = {
        **{name: rows[count] for name, count in counts.items()},
        **shares,
        net: ((rows["n_plus"] - rows["n_minus"]) / labelled).where(shown),
        f"{net}_lo": pd.Series(low, index=rows.index).where(shown),
        f"{net}_hi": pd.Series(high, index=rows.index).where(shown),
        f"views_weighted_{net}": _views_weighted(rows).where(shown),
        "suppressed": ~shown,
        "suppress_reason": _reasons(rows, labelled, selection.minimum).where(~shown, ""),
        "model": scored_by.shown,
        "run_id": selection.run_id,
    }
    order = ["period_start", "title", "channel_id", "target"]
    complete = rows.assign(**figures).sort_values(order, kind="stable")
    return complete[file.header].reset_index(drop=True)


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
