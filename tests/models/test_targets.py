"""Which posts are relevant to which targets."""

from itertools import pairwise

import pytest
import typeguard
from hypothesis import given
from hypothesis import strategies as st

from models.morphology import fold, forms
from models.targets import Target, TargetMatcher


def found(text: str, *targets: Target) -> dict[str, list[str]]:
    return {
        target.name: [text[start:end] for start, end in spans]
        for target, spans in TargetMatcher(targets).find(text).items()
    }


TRUMP = Target("Трамп", ("Trump", "Дональд Трамп"))


@pytest.mark.parametrize(
    "form",
    ["Трамп", "Трампа", "Трампу", "Трампом", "Трампе", "Трампові", "Трампы", "ТРАМПА", "трампа"]
    + ["Trump", "Trump's", "Trump’s", "Trump`s", "TRUMP", "Тра\u0301мпа"],
)
def test_every_inflected_form_is_found(form: str) -> None:
    assert found(f"Сегодня {form}, вчера другой", TRUMP) == {"Трамп": [form]}


@pytest.mark.parametrize(
    ("alias", "text"),
    [
        ("Зеленский", "встретил Зеленского"),
        ("Зеленський", "разом із Зеленським"),
        ("Сирський", "наказ Сирського"),
        ("санкции", "новая санкция"),
        ("санкции", "под санкциями"),
        ("санкції", "проти санкцій"),
        ("мобілізація", "щодо мобілізації"),
        ("переговоры", "на переговорах"),
        ("sanctions", "a new sanction"),
        ("sanction", "the sanctions"),
        ("Украина", "за Украину"),
        ("НАТО", "в нато решили"),
        ("Алёна", "у Алены"),
        ("Алена", "у Алёны"),
        ("Лук'яненко", "Лук’яненко сказав"),
        ("Нью-Йорк", "в Нью‑Йорке"),
        ("Нью-Йорк", "в Нью Йорке"),
        ("Белый дом", "в Белом доме"),
        ("Единая Россия", "от «Единой России»"),
        ("Единая Россия", "Единой\u00a0Россией"),
        ("партия Единая Россия", "партии «Единая Россия»"),
        ("F-16", "самолёты F16"),
        ("Соединённые Штаты", "в Соединенных Штатах"),
        ("волонтери", "для волонтерів"),
        ("генерали", "серед генералів"),
        ("Сили оборони", "у Силах оборони"),
        ("Сполучені Штати", "зі Сполученими Штатами"),
        ("Ким Чен Ын", "с Ким Чен Ыном"),
        ("Хезболла", "от Хезболлы"),
        ("снять", "снимет и снимут"),
        ("Телеграм", "в Телеграме"),
        ("телеграм", "в телеграме"),
        ("биткоин", "курс биткоина"),
        ("биткоин", "держать в биткоинах"),
        ("Биткоин", "за биткоином"),
    ],
)
def test_aliases_are_found_across_spelling_and_case(alias: str, text: str) -> None:
    assert alias in found(text, Target(alias))


@pytest.mark.parametrize(
    ("alias", "text"),
    [
        ("Маск", "удар по Дамаску"),
        ("Маск", "надел маску"),
        ("Трамп", "трамплин и трампизм"),
        ("Путин", "распутица, путинизм"),
        ("Навальный", "Юлия Навальная выступила"),
        ("Белый дом", "белый, дом"),
        ("Белый дом", "белый\nдом"),
        ("Дональд Трамп", "Трамп, Дональд"),
        ("НАТО", "натовский"),
        ("Hamas", "the Hama province"),
        ("Песков", "тонны золотых песков"),
        ("Вера", "нет веры"),
        ("выборы", "сделал выбор"),
        ("Захарова", "вместе с Захаровым"),
        ("тцк", "в тцках"),
    ],
)
def test_other_words_are_not_taken_for_the_target(alias: str, text: str) -> None:
    assert found(text, Target(alias)) == {}


def test_an_ambiguous_form_counts_when_it_is_capitalised() -> None:
    assert found("интервью с Маском о маске", Target("Маск")) == {"Маск": ["Маском"]}
    assert found("ПИСЬМО МАСКУ", Target("Маск")) == {"Маск": ["МАСКУ"]}


def test_exact_aliases_are_matched_only_as_written() -> None:
    usa = Target("США", exact=("US",))
    assert found("let us go to the US", usa) == {"США": ["US"]}


def test_exact_aliases_take_the_possessive() -> None:
    union = Target("Евросоюз", exact=("EU",))
    assert found("the EU's plan, EU’s law", union) == {"Евросоюз": ["EU's", "EU’s"]}


def test_an_alias_of_signs_never_matches() -> None:
    assert found("!!! ... x", Target("!!!"), Target("x", ("...",))) == {"x": ["x"]}


def test_a_longer_mention_swallows_the_shorter() -> None:
    assert found("Дональда Трампа", TRUMP) == {"Трамп": ["Дональда Трампа"]}


def test_mentions_that_share_a_word_are_one() -> None:
    target = Target("Дональд Трамп", ("Трамп младший", "младший брат"))
    text = "Дональд Трамп младший приехал, Трамп младший"
    assert found(text, target) == {target.name: ["Дональд Трамп младший", "Трамп младший"]}
    assert found("Дональд Трамп младший брат", target) == {
        target.name: ["Дональд Трамп младший брат"]
    }
    assert found("F16", Target("F", ("16",))) == {"F": ["F", "16"]}


def test_words_joined_by_hyphen_or_hashtag_count() -> None:
    assert found("#Трамп_2024, Трамп-младший", TRUMP) == {"Трамп": ["Трамп", "Трамп"]}


def test_a_claim_needs_a_word_of_every_group() -> None:
    claim = Target("звонок", requires=(("Трамп",), ("Путин",), ("звонок", "разговор")))
    text = "После разговора с Путиным Трамп молчит"
    assert found(text, claim) == {"звонок": ["разговора", "Путиным", "Трамп"]}
    assert found("Путин и Трамп молчат, звонят другие", claim) == {}
    assert found("Звонок Трампу", claim) == {}


def test_the_fingerprint_changes_with_the_definition_and_only_then() -> None:
    assert TRUMP.fingerprint == Target("Трамп", ("Trump", "Дональд Трамп")).fingerprint
    others = [
        Target("Трамп"),
        Target("Трамп", exact=("Trump",)),
        Target("Трамп", requires=(("Трамп",),)),
    ]
    assert len({target.fingerprint for target in [TRUMP, *others]}) == 4


words = st.sampled_from(
    ["Трамп", "Путину", "NATO's", "в", "Дональд", "нет", "😂", "—", "\n", "Trump"]
)


@given(st.lists(words).map(" ".join))
def test_spans_are_ordered_do_not_overlap_and_name_the_target(text: str) -> None:
    targets = (TRUMP, Target("Путин"), Target("НАТО", ("NATO",)))
    for target, spans in TargetMatcher(targets).find(text).items():
        assert all(left.end <= right.start for left, right in pairwise(spans))
        for start, end in spans:
            assert TargetMatcher([target]).find(text[start:end]) == {target: [(0, end - start)]}


@given(st.text())
def test_any_text_can_be_searched(text: str) -> None:
    TargetMatcher([TRUMP, Target("F-16"), Target("Нью-Йорк")]).find(text)


@given(st.text(alphabet="абвгдежзийклмнопрстуфхцчшщьюяёіїєґ'", min_size=1, max_size=12))
def test_a_word_is_always_a_form_of_itself(word: str) -> None:
    assert fold(word) in forms(word)


def test_to_know_english_leaves_others_their_checks_of_types() -> None:
    assert "sanctions" in forms("sanction")
    assert typeguard.typechecked.__module__.startswith("typeguard")
