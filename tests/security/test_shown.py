"""What strangers write is harmless in everything that commands print, and in files for a sheet."""

import csv
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tgstance.conftest import Outcome
from tgstance.harmless import escaped_json, harmless

Run = Callable[..., Outcome]
STEERS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
HOSTILE = (
    "=HYPERLINK(1) \x1b]0;pwned\x07\x1b[2J\x9b31m \u202eabc\u2066 [red]x[/red] [/] "
    "<script>alert(1)</script> {{7*7}} [a](javascript:alert(1))"
)
CONFIG = f"""\
[report]
formats = ["csv"]
[[targets]]
name = {json.dumps("Трамп [/b] " + "[x](javascript:1)")}
aliases = ["Трамп"]
"""


@pytest.fixture
def hostile(run: Run) -> Run:
    """Return `run` where an archive holds what strangers wrote."""
    Path("tgstance.toml").write_text(CONFIG, encoding="utf-8")
    rows = [
        {"channel_id": number, "title": f"{HOSTILE}{number}", "message_id": 1,
         "date": "2025-11-05", "text": f"@cmd Трамп {HOSTILE}", "forward_name": HOSTILE}
        for number in (5, 6)
    ]  # fmt: skip
    Path("posts.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert run("import", "posts.jsonl").code == 0
    return run


def assert_harmless(outcome: Outcome) -> None:
    for shown in (outcome.out, outcome.err):
        assert STEERS.findall(shown) == []
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize(
    "command",
    [
        ["status"],
        ["report", "--posts"],
        ["-v", "report", "--target", HOSTILE],
        ["collect", HOSTILE],
        ["collect", "--channels-file", "names.txt"],
        ["import", "broken.jsonl"],
        ["import", "names.txt"],
        ["evaluate", "rows.jsonl"],
        ["train", "rows.jsonl", "--out", "model"],
        ["annotate", "status"],
        ["annotate", "import", "names.txt", "--coder", HOSTILE],
        ["annotate", "import", "gold.csv", "--coder", "first"],
        ["--config", f"{HOSTILE[:40]}.toml".replace("/", ""), "status"],
        ["--archive", f"{HOSTILE[:40]}.sqlite".replace("/", ""), "status"],
        ["--log-format", "json", "import", "broken.jsonl"],
    ],
    ids=" ".join,
)
def test_nothing_of_it_steers_the_terminal(hostile: Run, command: list[str]) -> None:
    good = {"message_id": 1, "date": "2025-11-05", "text": "x", "channel_id": 5}
    bad = [good | {"date": HOSTILE}, good | {"username": HOSTILE}, good | {"views": HOSTILE}]
    Path("broken.jsonl").write_text("\n".join(map(json.dumps, [good, *bad])))
    Path("names.txt").write_text(HOSTILE, encoding="utf-8")
    Path("gold.csv").write_text(f'item,label\n1,"{HOSTILE}"\n', encoding="utf-8")
    Path("rows.jsonl").write_text(
        json.dumps({"text": "x", "task": "sentiment", "label": HOSTILE, "lang": HOSTILE})
    )
    assert_harmless(hostile(*command))


@pytest.mark.parametrize("setting", ["[[targets]]\nname = 5", "[x]", "[report]\nperiod = "])
def test_a_configuration_of_a_stranger(run: Run, setting: str) -> None:
    value = json.dumps(HOSTILE).replace("\\u007f", "")
    Path("tgstance.toml").write_text(f"{setting}{value}\n" if "=" in setting else setting)
    outcome = run("status")
    assert outcome.code == 2
    assert_harmless(outcome)
    Path("tgstance.toml").write_text(f"{json.dumps(HOSTILE)} = {json.dumps(HOSTILE)}\n")
    assert_harmless(run("status"))


def test_no_cell_for_excel_is_a_formula(hostile: Run) -> None:
    assert hostile("report", "--posts", "--excel").code == 0
    for file in Path("reports").rglob("*.csv"):
        with file.open(encoding="utf-8-sig", newline="") as stream:
            cells = [cell for row in csv.reader(stream) for cell in row]
        assert cells
        assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "\t", "\r"))]


def test_the_description_of_a_report_holds_nothing_of_strangers(hostile: Run) -> None:
    assert hostile("report", "--posts").code == 0
    (file,) = Path("reports").rglob("datapackage.json")
    assert not {"pwned", "javascript", "script>"} & set(re.findall(r"\w+>?", file.read_text()))


def texts() -> Iterator[Any]:
    yield st.text()
    yield st.text(alphabet=st.characters(max_codepoint=0x9F))
    yield st.text(alphabet='\u2028\u202e\u2066\x9b\x1bab\\"')


@given(st.one_of(*texts()))
def test_json_says_the_same_and_steers_nothing(text: str) -> None:
    written = escaped_json(json.dumps([text], ensure_ascii=False, indent=2))
    assert json.loads(written) == [text]
    assert not STEERS.search(written)


@given(st.one_of(*texts()))
def test_no_text_steers(text: str) -> None:
    assert not STEERS.search(harmless(text))
