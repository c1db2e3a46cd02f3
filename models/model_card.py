"""What is written down of a training: `training.json` for machines, the model's card for people."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from huggingface_hub import ModelCard, ModelCardData
from pydantic import TypeAdapter

from models.calibration import TaskFit
from models.labels import LABELS
from models.measures import Measures, PartMeasures
from models.target_encoder import TargetEncoderConfig
from models.training_data import DataFile
from models.training_loop import Pace

__all__ = [
    "FILE_NAME",
    "TaskRecord",
    "TrainingRecord",
    "versions",
    "write_card",
    "write_record",
]

FILE_NAME = "training.json"
_PACKAGES = ("tgstance", "torch", "transformers", "tokenizers", "accelerate", "numpy")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecord:
    """How well a task is done on the held-out rows.

    `calibration` is None for too few of them, or where no temperature within bounds fits.
    """

    measures: Measures
    by_language: Mapping[str, PartMeasures]
    calibration: TaskFit | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRecord:
    """All that is known of how a model came to be; shares are from 0 to 1.

    `base` is None for a model trained from nothing, which first read all texts `pretraining` times,
    masked, and then `distilling` times to give the vectors of the sentence encoder `teacher`, None
    without one. The weights are the mean of `runs` runs, with seeds from the recipe's on, which had
    `epochs_run` epochs together. `rows` and `held_out` count labelled rows; `doubts` says in
    sentences what makes the figures say less than they seem to.
    """

    base: str | None
    revision: str | None
    pretraining: float
    distilling: float
    teacher: str | None
    runs: int
    recipe: Pace
    epochs_run: float
    architecture: str
    precision: str
    parameters: int
    device: str
    seconds: float
    versions: Mapping[str, str]
    files: Sequence[DataFile]
    rows: int
    held_out: int
    tasks: Mapping[str, TaskRecord]
    doubts: Sequence[str]

    @property
    def macro_f1(self) -> float:
        """The mean of the tasks' macro-F1."""
        return sum(task.measures.macro_f1 for task in self.tasks.values()) / len(self.tasks)


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that make a model what it is."""
    found = {package: version(package) for package in _PACKAGES}
    return {"python": sys.version.split()[0], **found}


def write_record(record: TrainingRecord, directory: Path) -> None:
    """Write `training.json`."""
    text = TypeAdapter(TrainingRecord).dump_json(record, indent=2)
    (directory / FILE_NAME).write_bytes(text + b"\n")


def write_card(record: TrainingRecord, directory: Path) -> None:
    """Write `README.md`, the card that the hub shows of a model."""
    base_on_hub = (
        record.base if record.base and not Path(record.base).expanduser().exists() else None
    )
    languages = {code for file in record.files for code in file.languages} - {"unknown"}
    head = ModelCardData(
        base_model=base_on_hub,
        language=sorted(languages) or None,
        library_name="tgstance" if _is_ours(record) else "transformers",
        pipeline_tag="text-classification",
        tags=["tgstance", *(task.replace("_", "-") for task in record.tasks)],
        metrics=["f1"],
    )
    card = ModelCard.from_template(
        head,
        template_str=_TEMPLATE,
        record=record,
        labels=LABELS,
        percent=_percent,
        ours=_is_ours(record),
        base_name=base_on_hub or Path(record.base or "").name,
    )
    card.save(directory / "README.md")


def _is_ours(record: TrainingRecord) -> bool:
    return record.architecture == TargetEncoderConfig.model_type


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


_TEMPLATE = """\
---
{{ card_data }}
---

# {{ "Fine-tuned from " ~ base_name if base_name else "Trained from nothing" }}: \
{{ record.tasks | join(", ") }}

A sequence classifier made by `tgstance train`: {{ "{:,}".format(record.parameters) }} parameters, \
weights in {{ record.precision }}. Its outputs are named `task_label`; read those of one task, and \
put a softmax over these three alone.

    tgstance evaluate FILE --model DIRECTORY

{% if ours -%}
The architecture is tgstance's own: elsewhere, `import models.target_encoder` before \
`AutoModelForSequenceClassification.from_pretrained`.

{% endif -%}
Sentiment reads the text. All else reads the text with each mention of the target between `[T]` \
and `[/T]`, and the target's name as the second segment.

## Figures

On {{ record.held_out }} held-out rows, in %. The same rows chose the epoch and the temperatures, \
so the figures are somewhat too good: measure on rows of your own.
{% for task, part in record.tasks.items() %}
### {{ task }}

| rows | n | precision | recall | F1 |
|---|--:|--:|--:|--:|
{% for label in labels[task] -%}
{% set of = part.measures.classes[label] -%}
| {{ label }} | {{ of.support }} | {{ percent(of.precision) }} | {{ percent(of.recall) }} \
| {{ percent(of.f1) }} |
{% endfor -%}
| all: macro-F1 | {{ part.measures.n }} | | | {{ percent(part.measures.macro_f1) }} |
{% for code, of in part.by_language.items() -%}
| language {{ code }}: macro-F1 of the classes there | {{ of.n }} | | | {{ percent(of.macro_f1) }} |
{% endfor %}
{% if part.calibration -%}
Temperature {{ "%.2f" | format(part.calibration.temperature) }}
{%- for code, of in part.calibration.languages.items() -%}
, {{ code }} {{ "%.2f" | format(of.temperature) }}
{%- endfor %} (`calibration.json`): expected calibration error \
{{ percent(part.calibration.ece[0]) }} before, {{ percent(part.calibration.ece[1]) }} after, on \
the rows that it was fitted on.
{% else -%}
Not calibrated: see Limits.
{% endif -%}
{% endfor %}
## Training

{% if record.pretraining -%}
First all texts, {{ record.pretraining }} times, with masked tokens to guess. \
{% endif -%}
{% if record.distilling -%}
{{ "Then" if record.pretraining else "First" }} pieces of all texts, {{ record.distilling }} \
times, to give the sentence vectors of {{ record.teacher }}, which is licensed under Apache-2.0. \
{% endif -%}
{{ "Then " if record.pretraining or record.distilling }}\
{{ record.rows }} rows in {{ "%.1f" | format(record.epochs_run) }} of at most \
{{ record.recipe.epochs * record.runs }} epochs\
{%- if record.runs > 1 %} of {{ record.runs }} runs, whose weights were averaged{% endif %}, \
{{ record.recipe.batch_size }} rows a step, learning rate up to \
{{ record.recipe.learning_rate }}, at most {{ record.recipe.max_length }} tokens a row, seed \
{{ record.recipe.seed }}{% if record.runs > 1 %} and the next{% endif %}; rare classes weigh \
more, and rows of posts with opposite stances and of contrast groups are repeated. \
It took {{ record.seconds }} seconds on \
{{ record.device }}.
{%- if record.revision %} The base is of revision {{ record.revision }}.{% endif %}

| file | use | rows | sha256 |
|---|---|--:|---|
{% for file in record.files -%}
| {{ file.name }} | {{ file.use }} | {{ file.rows }} \
| {% if file.sha256 %}`{{ file.sha256 }}`{% else %}read from a pipe{% endif %} |
{% endfor %}
{% for package, number in record.versions.items() -%}
{{ package }} {{ number }}{{ ", " if not loop.last else "." }}
{%- endfor %}

## Limits

- It does worse on texts unlike those it was trained on, in other languages most of all.
- It labels what a text says, not whether that is true; irony and quotations mislead it.
{% for doubt in record.doubts -%}
- {{ doubt[0] | upper }}{{ doubt[1:] }}.
{% endfor %}
## Licence

Not chosen. Whoever publishes this model adds `license:` above, heeding the licences of the base \
and of the data.
"""
