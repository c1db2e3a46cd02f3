"""Well-known models of the Hugging Face hub by short names: what each is for and how it is read.

What is said of each model (its labels, licence and kind of weights) is from its page on the hub. A
preset pins no revision: whoever uses a model decides which commit of it. No torch here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from collector.errors import ConfigError
from models.hypotheses import Hypotheses
from models.labels import SENTIMENT, STANCE, TARGET_SENTIMENT
from models.model_name import Kind, ModelName, Weights

__all__ = [
    "PRESETS",
    "ModelSetting",
    "Preset",
    "as_said",
    "find_preset",
    "on_hub",
    "resolve",
]

_ALL = (SENTIMENT, STANCE, TARGET_SENTIMENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A model of the hub: `languages` are ISO 639-1 codes, `licence` is empty where none is given.

    `weights` tells what there is; pickled ones are read only for a user who says so, too.
    `sentencepiece` tells that its tokenizer needs the packages sentencepiece and protobuf.
    """

    model: str
    tasks: tuple[str, ...]
    kind: Kind = "classifier"
    weights: Weights = "safetensors"
    languages: str
    licence: str = ""
    sentencepiece: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSetting:
    """What a user says of a model; None where nothing is said, and a preset or a default counts."""

    name: str
    revision: str | None = None
    kind: Kind | None = None
    weights: Weights | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    hypotheses: Hypotheses = field(default_factory=dict)


PRESETS: Mapping[str, Preset] = {
    "mdeberta-nli": Preset(
        model="MoritzLaurer/mDeBERTa-v3-base-xnli-multilingual-nli-2mil7",
        tasks=_ALL,
        kind="nli",
        languages="ru uk en and 24 more",
        licence="MIT",
    ),
    "bge-m3-nli": Preset(
        model="MoritzLaurer/bge-m3-zeroshot-v2.0",
        tasks=_ALL,
        kind="nli",
        languages="multilingual",
        licence="MIT",
    ),
    "minilm-nli": Preset(
        model="MoritzLaurer/multilingual-MiniLMv2-L6-mnli-xnli",
        tasks=_ALL,
        kind="nli",
        languages="ru en and 13 more",
        licence="MIT",
    ),
    "xlm-roberta-nli": Preset(
        model="joeddav/xlm-roberta-large-xnli",
        tasks=_ALL,
        kind="nli",
        languages="ru en and 13 more",
        licence="MIT",
        sentencepiece=True,
    ),
    "rubert-nli": Preset(
        model="cointegrated/rubert-base-cased-nli-threeway",
        tasks=_ALL,
        kind="nli",
        languages="ru",
    ),
    "deberta-nli": Preset(
        model="MoritzLaurer/deberta-v3-large-zeroshot-v2.0",
        tasks=_ALL,
        kind="nli",
        languages="en",
        licence="MIT",
    ),
    "xlm-t-sentiment": Preset(
        model="cardiffnlp/twitter-xlm-roberta-base-sentiment",
        tasks=(SENTIMENT,),
        weights="bin",
        languages="multilingual",
        sentencepiece=True,
    ),
    "rubert-tiny2-sentiment": Preset(
        model="seara/rubert-tiny2-russian-sentiment",
        tasks=(SENTIMENT,),
        languages="ru",
        licence="MIT",
    ),
    "rubert-sentiment": Preset(
        model="blanchefort/rubert-base-cased-sentiment",
        tasks=(SENTIMENT,),
        languages="ru",
    ),
    "rubert-tiny-sentiment": Preset(
        model="cointegrated/rubert-tiny-sentiment-balanced",
        tasks=(SENTIMENT,),
        languages="ru",
    ),
    "tweet-sentiment": Preset(
        model="cardiffnlp/twitter-roberta-base-sentiment-latest",
        tasks=(SENTIMENT,),
        weights="bin",
        languages="en",
        licence="CC-BY-4.0",
    ),
    "deberta-absa": Preset(
        model="yangheng/deberta-v3-base-absa-v1.1",
        tasks=(STANCE, TARGET_SENTIMENT),
        languages="en",
        licence="MIT",
        sentencepiece=True,
    ),
}


def find_preset(name: str) -> Preset | None:
    """Return the preset with this short name or hub id, in any case of letters."""
    wanted = name.casefold()
    for short, preset in PRESETS.items():
        if wanted in {short, preset.model.casefold()}:
            return preset
    return None


def resolve(setting: ModelSetting, task: str | None = None) -> ModelName:
    """Return the model that a user means on the command line, completed by its preset if any.

    A directory, seen from the current one, comes before a preset; a name with a revision is never
    a directory. Raises what `on_hub` raises, and ModelError for a path that is no directory.
    """
    if ModelName(setting.name, setting.revision).directory:
        return as_said(setting)
    return on_hub(setting, task)


def as_said(setting: ModelSetting) -> ModelName:
    """Return the model that `setting` names, without any preset."""
    return ModelName(
        setting.name,
        setting.revision,
        setting.labels,
        kind=setting.kind or "classifier",
        weights=setting.weights or "safetensors",
        hypotheses=setting.hypotheses,
    )


def on_hub(setting: ModelSetting, task: str | None = None) -> ModelName:
    """Return the model of the hub that `setting` names, completed by its preset where there is one.

    Raises ConfigError for a name that is nothing known, for a preset that cannot do `task`, and for
    one whose weights are pickled where the user does not ask for such.
    """
    preset = find_preset(setting.name)
    if preset is None:
        _check_hub_id(setting)
        return as_said(setting)
    if task and task not in preset.tasks:
        fitting = ", ".join(short for short, other in PRESETS.items() if task in other.tasks)
        raise ConfigError(f"{setting.name} is no model for {task}; there are: {fitting}")
    if preset.weights == "bin" and setting.weights is None:
        raise ConfigError(
            f"{setting.name} has only pickled weights (pytorch_model.bin): to have them read, by "
            'torch\'s weights-only reader, say weights = "bin" (--weights bin)'
        )
    return as_said(replace(setting, name=preset.model, kind=setting.kind or preset.kind))


def _check_hub_id(setting: ModelSetting) -> None:
    if "/" in setting.name:
        return
    directory = "a directory without a revision" if setting.revision else "a directory"
    raise ConfigError(
        f"no model is called {setting.name!r}: give {directory}, a hub id (owner/model), "
        f"or one of: embedded, {', '.join(PRESETS)}"
    )
