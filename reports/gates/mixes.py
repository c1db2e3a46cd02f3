"""The gates about labels and languages: over all channels, how many abstain, how mixes change."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, case, func, select

from collector.tables import posts
from models.keys import target_ids
from models.labels import SENTIMENT, STANCE
from models.tables import NO_TARGET, readings, scores, text_readings
from reports.gates.limits import Gate, Gates
from reports.gates.stability import Counts, by_chance, reading, shift, stability_index
from reports.gates.verdict import Verdict
from reports.gates.window import Window, reference_window
from reports.selection import Selection
from reports.sums import Labels

__all__ = ["mix_verdicts"]

_ABSTAINED = "abstained"
_RARE = 0.01
_OTHERS = "others"
_MOOD = "sentiment of all posts"

_ByTarget = Mapping[str, Counts]


def mix_verdicts(
    connection: Connection, selection: Selection, gates: Gates, window: Window
) -> list[Verdict]:
    """Judge the labels of each target, the sentiment of all posts, and their languages."""
    found: list[Verdict] = []
    pair = _Pair(window, reference_window(connection, gates), gates.minimum_labels)
    if gates.abstained is not None or gates.label_shift is not None:
        stance = _stance(connection, selection, window)
        found += _abstained(stance, selection, gates, window)
        found += _label_shifts(connection, selection, gates, pair, stance)
    if gates.language_shift is not None:
        now, before = (_languages(connection, selection, part) for part in (pair.now, pair.before))
        mixes = _common(now, before)
        found.append(pair.verdict(Gate.LANGUAGES, gates.language_shift, *mixes, of="languages"))
    return found


@dataclass(frozen=True, slots=True)
class _Pair:
    """The days judged, those they are compared with if there are any, and how few do not tell."""

    now: Window
    before: Window | None
    minimum: int

    def verdict(
        self, gate: Gate, limit: float, now: Counts, before: Counts, *, of: str, target: str = ""
    ) -> Verdict:
        """Compare two mixes `of` things."""
        verdict = Verdict(gate, None, limit, None, "", target=target, window=self.now)
        if self.before is None:
            return verdict.with_note(f"not judged, {of}: nothing is labelled by hand to begin with")
        there = sum(now.values()), sum(before.values())
        if min(there) < max(self.minimum, 1):
            return verdict.with_note(
                f"not judged, {of}: {there[0]:,} now and {there[1]:,} in the reference, "
                f"of {self.minimum:,} that are needed"
            )
        index = stability_index(now, before)
        return verdict.judged(index, index <= limit, f"{of}: {self._told(index, now, before)}")

    def _told(self, index: float, now: Counts, before: Counts) -> str:
        name, first, then = shift(now, before)
        days = self.before.shown if self.before else ""
        most = f"{name} {100 * first:.0f} % then, {100 * then:.0f} % now"
        chance = by_chance(now, before)
        return f"{reading(index)} against {days}: {most}; by chance up to {chance:.2g}"


def _abstained(
    counts: _ByTarget, selection: Selection, gates: Gates, window: Window
) -> Iterator[Verdict]:
    limit, minimum = gates.abstained, gates.minimum_labels
    if limit is None:
        return
    for target in selection.targets:
        of_target = counts.get(target.name, {})
        total, abstained = sum(of_target.values()), of_target.get(_ABSTAINED, 0)
        verdict = Verdict(Gate.ABSTAINED, None, limit, None, "", target=target.name, window=window)
        if total < max(minimum, 1):
            yield verdict.with_note(f"not judged: {total:,} labels of {minimum:,} that are needed")
        else:
            share = abstained / total
            note = f"{abstained:,} of {total:,} labels abstained"
            yield verdict.judged(share, share <= limit, note)


def _label_shifts(
    connection: Connection, selection: Selection, gates: Gates, pair: _Pair, stance: _ByTarget
) -> Iterator[Verdict]:
    limit = gates.label_shift
    if limit is None:
        return
    now, before = _sure(stance), _sure(_stance(connection, selection, pair.before))
    for target in selection.targets:
        mixes = [counts.get(target.name, {}) for counts in (now, before)]
        yield pair.verdict(Gate.LABELS, limit, *mixes, of="stance", target=target.name)
    moods = [_sure(_moods(connection, selection, part)) for part in (pair.now, pair.before)]
    mixes = [counts.get("", {}) for counts in moods]
    yield pair.verdict(Gate.LABELS, limit, *mixes, of=_MOOD)


def _stance(connection: Connection, selection: Selection, window: Window | None) -> _ByTarget:
    """Count the posts of some days by target and label, each copy of a text being a post."""
    ids = target_ids(connection, selection.targets)
    names = {number: target.name for target, number in ids.items()}
    wanted = Labels(connection, STANCE, selection.stance, [*names], selection.abstain_below)
    return _counted(connection, selection, window, wanted, names)


def _moods(connection: Connection, selection: Selection, window: Window | None) -> _ByTarget:
    """Count the posts of some days by label, under the target ""."""
    names = {NO_TARGET: ""}
    wanted = Labels(connection, SENTIMENT, selection.sentiment, [*names], selection.abstain_below)
    return _counted(connection, selection, window, wanted, names)


def _counted(
    connection: Connection,
    selection: Selection,
    window: Window | None,
    wanted: Labels,
    names: Mapping[int, str],
) -> _ByTarget:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    if window is None:
        return found
    sure = func.sum(case((wanted.sure, 1), else_=0))
    key = (scores.c.target_id, scores.c.label)
    # Outer joins, so that a database starts from the few posts of some days: it would rather walk
    # through all scores. What has none makes a row that is left out.
    query = (
        select(*key, func.count(), sure)
        .select_from(posts)
        .join(text_readings, text_readings.c.text_hash == posts.c.text_hash, isouter=True)
        .join(scores, and_(_same_reading(), wanted.scored), isouter=True)
        .where(window.posts(connection, selection))
        .group_by(*key)
    )
    for target, label, count, counting in connection.execute(query):
        if target is None:
            continue
        found[names[target]] += Counter({label: counting, _ABSTAINED: count - counting})
    return found


def _same_reading() -> ColumnElement[bool]:
    return scores.c.reading_id == text_readings.c.reading_id


def _sure(counts: _ByTarget) -> _ByTarget:
    """Return the labels that count."""
    return {
        target: {label: count for label, count in labels.items() if label != _ABSTAINED}
        for target, labels in counts.items()
    }


def _languages(connection: Connection, selection: Selection, window: Window | None) -> Counts:
    """Count the posts of some days by language, without those that have no words to tell it by."""
    if window is None:
        return {}
    query = (
        select(readings.c.language, func.count())
        .select_from(posts)
        .join(text_readings, text_readings.c.text_hash == posts.c.text_hash)
        .join(readings, readings.c.id == text_readings.c.reading_id)
        .where(window.posts(connection, selection), readings.c.language.is_not(None))
        .group_by(readings.c.language)
    )
    return {str(language): count for language, count in connection.execute(query)}


def _common(*mixes: Counts) -> list[Counts]:
    """Put together what is rare in each mix: short posts are taken for many a language."""
    rare = set[str]().union(*mixes)
    for mix in mixes:
        rare = {name for name in rare if mix.get(name, 0) < _RARE * sum(mix.values())}
    found: list[Counts] = []
    for mix in mixes:
        counts: Counter[str] = Counter()
        for name, count in mix.items():
            counts[_OTHERS if name in rare else name] += count
        found.append(counts)
    return found
