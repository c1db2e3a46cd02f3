"""A model of a stranger runs no code, and nobody else's cache answers for it."""

import json
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from transformers import BertConfig, BertForSequenceClassification

from collector.errors import ModelError
from models.embedded_shape import Shape, build_tokenizer
from models.engine.onnx_cache import Verified, exported, find_exported
from models.labels import SENTIMENT
from models.loading import load_classifier
from models.model_name import ModelName

TEXTS = ["Трамп победил на выборах", "санкции не работают", "погода"] * 4
Change = Callable[..., None]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    tokenizer = build_tokenizer(TEXTS, Shape(vocabulary=200))
    labels = dict(enumerate(("negative", "neutral", "positive")))
    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = BertConfig(vocab_size=len(tokenizer), intermediate_size=32, id2label=labels, **small)
    BertForSequenceClassification(config).save_pretrained(tmp_path / "model")
    tokenizer.save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def change(path: Path, **settings: Any) -> None:
    found = json.loads(path.read_text("utf-8")) if path.exists() else {}
    path.write_text(json.dumps(found | settings), "utf-8")


def test_code_that_comes_with_a_model_is_not_run(directory: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    code = f"open({str(ran)!r}, 'w').close()\n"
    for name in ("evil.py", "modeling_evil.py", "configuration_evil.py", "__init__.py"):
        (directory / name).write_text(code)
    (directory / "chat_template.jinja").write_text("{{ ''.__class__.__mro__ }}")
    for classes in ({}, {"model_type": "evil"}, {"tokenizer_class": "Evil"}):
        references = {
            "AutoConfig": "evil.Config",
            "AutoModelForSequenceClassification": "modeling_evil.Model",
            "AutoTokenizer": ["evil.Tokenizer", "evil.Tokenizer"],
        }
        for file in ("config.json", "tokenizer_config.json"):
            change(directory / file, auto_map=references, **classes)
        try:
            load_classifier(ModelName(str(directory)), SENTIMENT).probabilities(["Трамп"])
        except ModelError as error:
            assert "\n" not in str(error)  # noqa: PT017 (refusing it is as good)
        assert not ran.exists()


@pytest.mark.parametrize(
    "settings",
    [
        {"attn_implementation": "owner/kernel"},
        {"_attn_implementation": "owner/kernel@main"},
        {"text_config": {"attn_implementation": {"": "owner/kernel"}}},
        {"experts_implementation": "owner/kernel"},
    ],
)
def test_kernels_of_the_hub_are_refused(directory: Path, settings: dict[str, Any]) -> None:
    change(directory / "config.json", **settings)
    with pytest.raises(ModelError, match="names code of the hub, which is never run"):
        load_classifier(ModelName(str(directory)), SENTIMENT)


def test_an_implementation_of_the_library_is_not_refused(directory: Path) -> None:
    change(directory / "config.json", attn_implementation="eager")
    load_classifier(ModelName(str(directory)), SENTIMENT)


def test_an_adapter_whose_base_lies_elsewhere_is_refused(directory: Path) -> None:
    change(directory / "adapter_config.json", base_model_name_or_path="owner/model")
    with pytest.raises(ModelError, match="is an adapter"):
        load_classifier(ModelName(str(directory)), SENTIMENT)


HEADER = '{"a": {"dtype": "F32", "shape": %s, "data_offsets": [0, %s]}}'


@pytest.mark.parametrize(
    ("length", "header"),
    [
        (2**63, ""),
        (2**40, "{}"),
        (None, "[" * 100_000),
        (None, HEADER % ("[4611686018427387904, 4]", 2**64 - 1)),
        (None, HEADER % ("[1]", 2**40)),
        (None, HEADER % ("[-1]", 4)),
        (None, '{"__metadata__": {"format": "pt"}}'),
        (None, "\0"),
    ],
)
def test_absurd_headers_of_weights_are_refused(
    directory: Path, length: int | None, header: str
) -> None:
    size = struct.pack("<Q", len(header) if length is None else length)
    (directory / "model.safetensors").write_bytes(size + header.encode() + b"\0" * 16)
    with pytest.raises(ModelError) as caught:
        load_classifier(ModelName(str(directory)), SENTIMENT)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("file", ["config.json", "tokenizer.json", "tokenizer_config.json"])
@pytest.mark.parametrize("text", ["[" * 100_000, '{"a": ' * 100_000, '{"a": ' + "9" * 5000 + "}"])
def test_absurd_settings_are_one_error(directory: Path, file: str, text: str) -> None:
    (directory / file).write_text(text)
    try:
        load_classifier(ModelName(str(directory)), SENTIMENT)
    except ModelError as error:
        assert len(str(error)) < 1000  # noqa: PT017 (a setting that nobody reads may be anything)


def make(directory: Path) -> Verified:
    (directory / "model.onnx").write_bytes(b"weights")
    return Verified(
        file="model.onnx", precision="int8", samples=1, agreement=1, largest_difference=0, margin=0,
        made_with={},
    )  # fmt: skip


@pytest.mark.parametrize("mode", [0o770, 0o777, 0o702])
def test_a_cache_that_others_can_write_to_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    monkeypatch.setenv("TGSTANCE_CACHE", str(tmp_path))
    exported("key", make)
    (tmp_path / "onnx").chmod(mode)
    for use in (lambda: find_exported("key"), lambda: exported("key", make)):
        with pytest.raises(ModelError, match="others can write there.*TGSTANCE_CACHE"):
            use()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_a_cache_of_somebody_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TGSTANCE_CACHE", str(tmp_path))
    exported("key", make)
    os.chown(tmp_path / "onnx", 12345, 12345)
    with pytest.raises(ModelError, match="others can write there"):
        find_exported("key")


@pytest.mark.parametrize("file", ["../other.onnx", "/etc/passwd", "other.onnx"])
def test_an_exported_model_is_one_whose_contents_are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    monkeypatch.setenv("TGSTANCE_CACHE", str(tmp_path))
    exported("key", make)
    change(tmp_path / "onnx" / "key" / "verified.json", file=file)
    assert find_exported("key") is None
