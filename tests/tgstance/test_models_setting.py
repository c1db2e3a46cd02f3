"""What a configuration may say of models, and what it may not."""

from pathlib import Path

import pytest

from collector.errors import ConfigError, ModelError
from models.hypotheses import NAME
from models.presets import PRESETS
from tgstance.config import Config, load_config

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ABOUT_NAMES = '{ name = { favor = "За {target}.", against = "Против {target}." } }'


def configured(tmp_path: Path, models: str) -> Config:
    path = tmp_path / "tgstance.toml"
    path.write_text(f"[models]\n{models}\n", encoding="utf-8")
    return load_config(path)


def test_a_preset_completes_what_is_said(tmp_path: Path) -> None:
    config = configured(
        tmp_path,
        f'sentiment = {{ name = "xlm-t-sentiment", revision = "{COMMIT}", weights = "bin" }}\n'
        f'stance = {{ name = "mdeberta-nli", revision = "{COMMIT}" }}',
    )
    assert config.sentiment_model.text == "cardiffnlp/twitter-xlm-roberta-base-sentiment"
    assert (config.sentiment_model.kind, config.sentiment_model.weights) == ("classifier", "bin")
    assert (config.stance_model.kind, config.stance_model.weights) == ("nli", "safetensors")
    assert config.stance_model.revision == COMMIT


def test_everything_can_be_said_of_a_directory(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    config = configured(
        tmp_path,
        '[models.stance]\nname = "mine"\nkind = "nli"\nweights = "bin"\n'
        'labels = { LABEL_0 = "entailment", LABEL_1 = "contradiction" }\n'
        "[models.stance.hypotheses.ru]\n"
        'name = { favor = "За {target}.", against = "Против {target}." }',
    )
    name = config.stance_model
    assert name.directory == tmp_path / "mine"
    assert (name.kind, name.weights) == ("nli", "bin")
    assert name.labels == {"LABEL_0": "entailment", "LABEL_1": "contradiction"}
    assert name.hypotheses["ru"][NAME]["favor"] == "За {target}."


@pytest.mark.parametrize("revision", [None, "main", "0123abc", COMMIT.upper(), f"{COMMIT}0"])
def test_a_hub_model_is_pinned_to_a_commit(tmp_path: Path, revision: str | None) -> None:
    given = f', revision = "{revision}"' if revision else ""
    config = configured(tmp_path, f'stance = {{ name = "mdeberta-nli"{given} }}')
    with pytest.raises(ConfigError) as raised:
        _ = config.stance_model
    message = str(raised.value)
    assert 'stance = { name = "mdeberta-nli", revision = "COMMIT" }' in message
    hub_id = "MoritzLaurer/mDeBERTa-v3-base-xnli-multilingual-nli-2mil7"
    assert f"git ls-remote https://huggingface.co/{hub_id} HEAD" in message


@pytest.mark.parametrize(
    ("models", "problem"),
    [
        ('stance = "mdeberta"', "models.stance: no model is called 'mdeberta'.*mdeberta-nli"),
        ('stance = "rubert-sentiment"', "models.stance: rubert-sentiment is no model for stance"),
        (
            f"stance = {{ hypotheses = {{ ru = {ABOUT_NAMES} }} }}",
            'models.stance: hypotheses are only for kind = "nli"',
        ),
        (
            f'stance = {{ name = "embedded", revision = "{COMMIT}" }}',
            "models.stance: model embedded: a revision belongs to a hub model, leave it out",
        ),
        (
            f'stance = {{ name = "./mine", revision = "{COMMIT}" }}',
            "models.stance: model .*mine: a revision belongs to a hub model, leave it out",
        ),
        ('stance = { weights = "bin" }', "models.stance: model embedded: .*leave weights out"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, models: str, problem: str) -> None:
    config = configured(tmp_path, models)
    with pytest.raises(ConfigError, match=problem):
        _ = config.stance_model


@pytest.mark.parametrize(
    ("models", "problem"),
    [
        ('stance = { name = "x/y", kind = "llm" }', "models.stance.kind: .*classifier.*nli"),
        ('stance = { name = "x/y", weights = "pkl" }', "models.stance.weights: .*safetensors"),
        ('stance = { name = "x/y", hypotheses = { ru = "За." } }', "models.stance.hypotheses.ru: "),
        (
            'stance = { name = "x/y", hypotheses = { ru = { name = { favor = "За." } } } }',
            "models.stance: hypotheses.ru.name: needs a sentence for each of against, favor",
        ),
        (
            f"stance = {{ hypotheses = {{ ua = {ABOUT_NAMES} }} }}",
            "models.stance: hypotheses.ua: is no language told apart here: ru, uk",
        ),
        (
            f"sentiment = {{ hypotheses = {{ uk = {ABOUT_NAMES} }} }}",
            "models.sentiment: hypotheses.uk.name: sentiment asks only about: mood",
        ),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, models: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        configured(tmp_path, models)


def test_a_path_that_is_no_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=rf"./mine: no such directory \({tmp_path / 'mine'}\)"):
        _ = configured(tmp_path, 'stance = "./mine"').stance_model


def test_the_current_directory_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    for directory in ("project/owner/mine", "elsewhere/owner/model", "elsewhere/mdeberta-nli"):
        (tmp_path / directory).mkdir(parents=True)
    monkeypatch.chdir(elsewhere)
    found = configured(project, 'stance = "owner/mine"').stance_model
    assert found.directory == project / "owner" / "mine"
    for name in ("owner/model", "mdeberta-nli", "owner/mine"):
        pinned = f'stance = {{ name = "{name}", revision = "{COMMIT}" }}'
        assert configured(project, pinned).stance_model.directory is None
    for name in ("owner/model", "mdeberta-nli"):
        with pytest.raises(ConfigError, match="is no directory here, and a hub model needs"):
            _ = configured(project, f'stance = "{name}"').stance_model


def test_the_template_names_every_preset() -> None:
    template = (Path(__file__).parents[2] / "tgstance" / "template.toml").read_text("utf-8")
    assert [name for name in PRESETS if name not in template] == []
