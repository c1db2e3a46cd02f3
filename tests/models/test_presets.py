"""Models by short names, by hub ids and by directories, and what tells their scores apart."""

import json
from pathlib import Path
from typing import Any

import pytest

from collector.errors import ConfigError, ModelError
from models.hypotheses import CLAIM, HYPOTHESES, MOOD, NAME, check_hypotheses, hypotheses
from models.labels import LABELS, SENTIMENT, STANCE
from models.model_name import ModelName
from models.presets import PRESETS, ModelSetting, find_preset, resolve

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OWN = {"ru": {NAME: {"favor": "Автор за {target}.", "against": "Автор против {target}."}}}


def test_a_short_name_and_the_hub_id_are_the_same_model() -> None:
    short = resolve(ModelSetting(name="MDEBERTA-nli", revision=COMMIT), STANCE)
    hub_id = PRESETS["mdeberta-nli"].model
    assert short.text == hub_id
    assert short.kind == "nli"
    assert short.fingerprint == resolve(ModelSetting(name=hub_id, revision=COMMIT)).fingerprint


def test_what_the_user_says_comes_before_the_preset() -> None:
    setting = ModelSetting(name="xlm-t-sentiment", revision=COMMIT, weights="safetensors")
    assert resolve(setting, SENTIMENT).weights == "safetensors"
    assert resolve(ModelSetting(name="mdeberta-nli", kind="classifier")).kind == "classifier"


@pytest.mark.parametrize("name", ["xlm-t-sentiment", PRESETS["tweet-sentiment"].model])
def test_a_preset_reads_pickled_weights_only_where_the_user_says_so(name: str) -> None:
    with pytest.raises(ConfigError, match='torch.s weights-only reader, say weights = "bin"'):
        resolve(ModelSetting(name=name, revision=COMMIT), SENTIMENT)
    assert resolve(ModelSetting(name=name, weights="bin"), SENTIMENT).weights == "bin"


def test_a_directory_comes_before_a_preset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mdeberta-nli").mkdir()
    assert resolve(ModelSetting(name="mdeberta-nli")).kind == "classifier"


def test_no_directory_replaces_a_model_with_a_revision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("someone/model").mkdir(parents=True)
    Path("mdeberta-nli").mkdir()
    assert resolve(ModelSetting(name="someone/model")).directory == Path("someone/model")
    assert resolve(ModelSetting(name="someone/model", revision=COMMIT)).directory is None
    pinned = resolve(ModelSetting(name="mdeberta-nli", revision=COMMIT))
    assert (pinned.text, pinned.directory) == (PRESETS["mdeberta-nli"].model, None)
    with pytest.raises(ConfigError, match="'mine': give a directory without a revision"):
        resolve(ModelSetting(name="mine", revision=COMMIT))


@pytest.mark.parametrize("name", ["embedded", "./mine", "../mine", "/mine", "~/mine", "a/b/c"])
def test_only_a_hub_model_has_a_revision(name: str) -> None:
    with pytest.raises(ConfigError, match=f"model {name}: a revision belongs to a hub model"):
        resolve(ModelSetting(name=name, revision=COMMIT))
    with pytest.raises(ConfigError, match="leave it out"):
        ModelName(name, COMMIT)


def test_the_embedded_model_has_no_pickled_weights() -> None:
    with pytest.raises(ConfigError, match="model embedded: .*leave weights out"):
        resolve(ModelSetting(name="embedded", weights="bin"))


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="no model is called 'deberta'.*mdeberta-nli"):
        resolve(ModelSetting(name="deberta"))
    assert resolve(ModelSetting(name="someone/deberta", revision=COMMIT)).kind == "classifier"
    with pytest.raises(ModelError, match="./deberta: no such directory"):
        resolve(ModelSetting(name="./deberta"))


def test_a_preset_for_another_task_is_refused() -> None:
    with pytest.raises(ConfigError, match="no model for stance; there are: mdeberta-nli"):
        resolve(ModelSetting(name="rubert-sentiment"), STANCE)


def test_presets_are_complete_and_distinct() -> None:
    assert len({preset.model for preset in PRESETS.values()}) == len(PRESETS)
    for short, preset in PRESETS.items():
        assert find_preset(short) is find_preset(preset.model) is preset
        assert set(preset.tasks) <= set(LABELS)
        assert preset.model.count("/") == 1
        assert "/" not in short


@pytest.mark.parametrize(
    "change",
    [
        {"revision": COMMIT[::-1]},
        {"text": "someone/other"},
        {"kind": "nli"},
        {"weights": "bin"},
        {"labels": {"LABEL_0": "against"}},
        {"kind": "nli", "hypotheses": OWN},
    ],
)
def test_the_fingerprint_follows_whatever_changes_a_score(change: dict[str, Any]) -> None:
    plain: dict[str, Any] = {"text": "someone/model", "revision": COMMIT}
    known = {ModelName(**plain).fingerprint, ModelName(**plain, kind="nli").fingerprint}
    changed = ModelName(**{**plain, **change}).fingerprint
    assert (changed in known) == (change == {"kind": "nli"})
    assert changed != ModelName(**plain).fingerprint


def test_the_fingerprint_follows_the_calibration_and_the_pickle(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    (tmp_path / "pytorch_model.bin").write_bytes(b"weights")
    safe, pickled = (
        lambda: ModelName(str(tmp_path)).fingerprint,
        lambda: ModelName(str(tmp_path), weights="bin").fingerprint,
    )
    before = safe(), pickled()
    (tmp_path / "pytorch_model.bin").write_bytes(b"others")
    assert safe() == before[0]
    assert pickled() != before[1]
    (tmp_path / "calibration.json").write_text("{}")
    assert safe() != before[0]


def test_the_fingerprint_follows_which_file_has_which_weight(tmp_path: Path) -> None:
    for shard in ("a.safetensors", "b.safetensors"):
        (tmp_path / shard).write_bytes(shard.encode())
    index = tmp_path / "model.safetensors.index.json"
    prints = set()
    for first, second in (("a", "b"), ("b", "a")):
        shards = {"x": f"{first}.safetensors", "y": f"{second}.safetensors"}
        index.write_text(json.dumps({"weight_map": shards}))
        prints.add(ModelName(str(tmp_path)).fingerprint)
    assert len(prints) == 2


def test_every_question_has_both_sides_in_every_language() -> None:
    for language, questions in HYPOTHESES.items():
        check_hypotheses({language: {MOOD: questions[MOOD]}}, SENTIMENT)
        check_hypotheses({language: {NAME: questions[NAME], CLAIM: questions[CLAIM]}}, STANCE)
        for about in (NAME, CLAIM):
            against, favor = hypotheses(about, "НАТО", language)
            assert against != favor
            assert "НАТО" in against
            assert "НАТО" in favor
        assert "{" not in "".join(hypotheses(MOOD, "", language))


def test_other_languages_are_asked_in_english() -> None:
    assert hypotheses(NAME, "NATO", "de") == hypotheses(NAME, "NATO", "en")
    assert hypotheses(NAME, "NATO", None) == hypotheses(NAME, "NATO", "en")


def test_own_hypotheses_replace_only_what_they_name() -> None:
    assert hypotheses(NAME, "{x}", "ru", OWN) == ("Автор против {x}.", "Автор за {x}.")
    assert hypotheses(CLAIM, "да", "ru", OWN) == hypotheses(CLAIM, "да", "ru")
    polish = {"pl": {MOOD: {"negative": "Źle.", "positive": "Dobrze."}}}
    assert hypotheses(MOOD, "", "pl", polish) == ("Źle.", "Dobrze.")
    assert hypotheses(NAME, "NATO", "pl", polish) == hypotheses(NAME, "NATO", "en")


@pytest.mark.parametrize(
    ("own", "problem"),
    [
        ({"ru": {"topic": {}}}, "hypotheses.ru.topic: stance asks only about: name, claim"),
        ({"ru": {MOOD: HYPOTHESES["ru"][MOOD]}}, "ru.mood: stance asks only about: name, claim"),
        ({"ua": OWN["ru"]}, "hypotheses.ua: is no language told apart here: ru, uk, en"),
        ({"RU": OWN["ru"]}, "hypotheses.RU: is no language"),
        ({"ru": {NAME: {"favor": "{target}"}}}, "needs a sentence for each of against, favor"),
        ({"ru": {NAME: {"favor": "За.", "against": "{target}"}}}, "name.favor: has no {target}"),
    ],
)
def test_incomplete_hypotheses_are_refused(own: Any, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        check_hypotheses(own, STANCE)


@pytest.mark.parametrize("about", [NAME, CLAIM])
def test_of_a_mood_no_target_is_asked(about: str) -> None:
    with pytest.raises(ConfigError, match=f"{about}: sentiment asks only about: mood"):
        check_hypotheses({"ru": {about: HYPOTHESES["ru"][about]}}, SENTIMENT)


def test_the_readme_lists_every_preset_as_it_is() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    table = readme.split("| name | hub id |")[1].split("\n\n")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[2:]]
    listed = {
        name: (hub.split()[0], "†" in hub, languages.replace(",", ""), licence)
        for name, hub, _, languages, licence in rows
    }
    assert listed == {
        name: (
            preset.model,
            preset.sentencepiece,
            preset.languages.replace(" and ", " "),
            preset.licence.replace("-", " ") or "not stated",
        )
        for name, preset in PRESETS.items()
    }
