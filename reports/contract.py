"""The columns of every report file: the one place that headers and `datapackage.json` come from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "FILES",
    "GATES",
    "PACKAGE",
    "POSTS",
    "SENTIMENT",
    "STANCE",
    "Field",
    "ReportFile",
]


@dataclass(frozen=True, slots=True)
class Field:
    """One column: its name, its Frictionless type, and what it holds."""

    name: str
    type: Literal["string", "integer", "number", "boolean", "date", "datetime"]
    description: str


@dataclass(frozen=True, slots=True)
class ReportFile:
    """One CSV file of a report."""

    name: str
    title: str
    fields: Sequence[Field]

    @property
    def header(self) -> list[str]:
        """The names of the columns, in order."""
        return [field.name for field in self.fields]


_PERIOD = (
    Field("period_start", "date", "first day of the period, UTC"),
    Field("period_end", "date", "the day after the period's last, UTC (exclusive)"),
)
_CHANNEL = (
    Field("channel_id", "string", "Telegram's bare id of the channel; empty where not known"),
    Field("channel", "string", "username without @; empty where the channel has or shows none"),
    Field("title", "string", "the channel's title when it was last seen"),
)
_TARGET = Field("target", "string", "the target, as the configuration names it")
_N_POSTS = Field("n_posts", "integer", "posts of the channel in the period that the archive holds; "
                 "an album's pictures without words of their own are not counted")  # fmt: skip
_N_SCORED = (
    Field("n_scored", "integer", "relevant posts that the model has labelled or abstained on"),
    Field("n_abstained", "integer", "scored posts with a confidence under the threshold"),
)
_WORDS = (
    Field("n_own", "integer", "relevant posts in the channel's own words"),
    Field("n_forwarded", "integer", "relevant posts forwarded from elsewhere; one that the channel "
          "forwards from itself is its own"),
    Field("n_quoted", "integer", "relevant posts, not forwarded, of which more than half stands in "
          "quotation marks or in lines that begin with >"),
    Field("include", "string", "which posts the row counts, n_posts too: own or all"),
)  # fmt: skip
_PROVENANCE = (
    Field("coverage", "number", "share of the period's message ids that Telegram was asked for and "
          "let be read, estimated where posts are missing; empty if the channel was only imported"),
    Field("suppressed", "boolean", "whether the figures are left empty"),
    Field("suppress_reason", "string", "why they are"),
    Field("model", "string", "name and fingerprint of the model"),
    Field("run_id", "string", "the run that wrote this row, as in the archive's table runs"),
)  # fmt: skip


def _counts(labels: Sequence[str]) -> list[Field]:
    return [
        Field(f"n_{label}", "integer", f"posts labelled {label}, without abstained ones")
        for label in labels
    ]


def _figures(labels: Sequence[str], net: str) -> list[Field]:
    plus, _, minus = labels
    return [
        *(
            Field(f"share_{label}", "number", f"n_{label} / (n_scored - n_abstained)")
            for label in labels
        ),
        Field(net, "number", f"share_{plus} - share_{minus}, from -1 to 1"),
        Field(f"{net}_lo", "number", f"lower end of the 95 % interval of {net}, which takes "
              "n_effective posts as independent"),
        Field(f"{net}_hi", "number", f"upper end of that interval of {net}"),
        Field(f"views_weighted_{net}", "number", f"{net} of the posts that n_viewed counts, each "
              "weighted by its views; empty where there are none"),
        Field("n_viewed", "integer", "posts that have a label, did not abstain, and whose views "
              "were read at least one day after publication; an imported file's views count as "
              "read when the file was last modified"),
        Field("n_effective", "number", "how many independent posts would tell as much as the "
              "labelled ones: copies of one text in a channel are one opinion, and posts of one "
              "day hang together"),
        Field(f"{net}_change", "number", f"{net} less that of the period before; empty where that "
              "has no data or is suppressed, and where --since or --until cuts one of the two"),
        Field(f"{net}_change_lo", "number", f"lower end of the 95 % interval of {net}_change"),
        Field(f"{net}_change_hi", "number", f"upper end of the 95 % interval of {net}_change"),
        Field("changed", "boolean", "whether that interval excludes zero; empty without one"),
    ]  # fmt: skip


def _corrected(labels: Sequence[str], net: str) -> list[Field]:
    return [
        *(
            Field(f"share_{label}_corrected", "number", f"share_{label} as estimated with the "
                  "labels given by hand; empty without any")
            for label in labels
        ),
        Field(f"{net}_corrected", "number", f"{net} as estimated with the labels given by hand"),
        Field(f"{net}_corrected_lo", "number", "lower end of the 95 % interval of that"),
        Field(f"{net}_corrected_hi", "number", "upper end of the 95 % interval of that"),
        Field("correction", "string", "by which method, and over which channels pooled"),
        Field("gold_n", "integer", "labels given by hand that the correction rests on"),
    ]  # fmt: skip


_STANCES = ("favor", "neutral", "against")
_MOODS = ("positive", "neutral", "negative")

STANCE = ReportFile(
    "stance.csv",
    "Stance of each channel toward each target",
    [
        *_PERIOD,
        *_CHANNEL,
        _TARGET,
        _N_POSTS,
        Field("n_relevant", "integer", "of these, posts that mention the target"),
        *_N_SCORED,
        *_counts(_STANCES),
        *_figures(_STANCES, "net_stance"),
        *_corrected(_STANCES, "net_stance"),
        *_WORDS,
        *_PROVENANCE,
    ],
)

SENTIMENT = ReportFile(
    "sentiment.csv",
    "Sentiment of each channel's posts",
    [
        *_PERIOD,
        *_CHANNEL,
        _N_POSTS,
        Field("n_relevant", "integer", "of these, posts that have words to read"),
        *_N_SCORED,
        *_counts(_MOODS),
        *_figures(_MOODS, "net_sentiment"),
        *_WORDS,
        *_PROVENANCE,
    ],
)

POSTS = ReportFile(
    "posts.csv",
    "The evidence: every relevant post with its label",
    [
        Field("date", "datetime", "when the post was published, UTC"),
        *_CHANNEL,
        Field("message_id", "string", "the post's number in its channel"),
        Field("permalink", "string", "link to the post; t.me/c/... opens for members only"),
        _TARGET,
        Field("label", "string", "against, neutral or favor; empty where not scored yet"),
        Field("abstained", "boolean", "whether the confidence is under the threshold"),
        Field("confidence", "number", "probability of the label"),
        Field("p_against", "number", "probability of against"),
        Field("p_neutral", "number", "probability of neutral"),
        Field("p_favor", "number", "probability of favor"),
        Field("truncated", "boolean", "whether the model read only a part of the post"),
        Field(
            "words",
            "string",
            "whose words the post holds: own, forwarded, or quoted (more than "
            "half in quotation marks or in lines that begin with >)",
        ),
        Field("sentiment", "string", "sentiment of the whole post"),
        Field("views", "integer", "views when the post was last seen"),
        Field("deleted_at", "datetime", "when the post was first found deleted, UTC; else empty"),
        Field("text", "string", "the post, as received"),
        Field("model", "string", "name and fingerprint of the stance model"),
        Field("run_id", "string", "the run that wrote this row, as in the archive's table runs"),
    ],
)

GATES = ReportFile(
    "gates.csv",
    "Whether the data passed the configured quality gates",
    [
        Field("gate", "string", "the gate, as the setting in tgstance.toml is called"),
        *_CHANNEL,
        Field("target", "string", "the target; empty where the gate is about a channel or all"),
        Field("window_start", "date", "first day, UTC, of those judged; empty where a gate is not "
              "about days, or about all since the first post"),
        Field("window_end", "date", "the day after the last of them (exclusive)"),
        Field("value", "number", "what was found: posts a day; days since the newest post; a share "
              "from 0 to 1; a population stability index; empty where there is none"),
        Field("limit", "number", "the least or greatest value that passes, in the same unit"),
        Field("passed", "boolean", "whether it passed; empty where it could not be judged"),
        Field("note", "string", "what the value rests on, or why it could not be judged"),
        Field("run_id", "string", "the run that wrote this row, as in the archive's table runs"),
    ],
)  # fmt: skip


FILES = (STANCE, SENTIMENT, POSTS, GATES)
PACKAGE = "tgstance-report"
