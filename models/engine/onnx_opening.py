"""Opens the backends that run exported models. No torch here, unless a model is to be exported."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from collector.errors import ModelError
from models.engine.backend import Backend
from models.engine.onnx_cache import Format, Verified, cache_key, exported

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

__all__ = ["check_installed", "installed", "open_exported", "open_file"]

_NEEDED: dict[Format, tuple[str, ...]] = {
    "onnx": ("onnxruntime", "onnx", "onnxscript"),
    "openvino": ("openvino", "onnxruntime", "onnx", "onnxscript"),
}

Load = Callable[[], "tuple[PreTrainedModel, PreTrainedTokenizerBase]"]


def installed() -> list[Format]:
    """Return which of these backends can be used here."""
    return [kind for kind in _NEEDED if not _missing(kind)]


def check_installed(kind: Format) -> None:
    """Raise ModelError, with what to install, where a backend's libraries are not here."""
    if missing := _missing(kind):
        raise ModelError(
            f'backend = "{kind}" needs {", ".join(missing)}: pip install "tgstance[{kind}]"'
        )


def open_exported(
    kind: Format,
    fingerprint: str,
    load: Load,
    *,
    name: str,
    threads: int | None = None,
    most_parameters: int | None = None,
) -> Backend:
    """Open a model as it was exported before, or export it now: then `load` has to give it.

    `name` is what errors call it. Raises ModelError, with the way out, where libraries are
    missing, the model has more than `most_parameters`, or it cannot be exported faithfully.
    """
    check_installed(kind)

    def make(directory: Path) -> Verified:
        from models.engine.onnx_preparing import prepare  # noqa: PLC0415 (loads torch)

        model, tokenizer = load()
        if most_parameters and model.num_parameters() > most_parameters:
            raise ModelError(f"model {name} is too large to be exported without being asked to")
        return prepare(kind, model, tokenizer, directory, name=name)

    found = exported(cache_key(kind, fingerprint), make)
    return open_file(kind, found.path, precision=found.verified.precision, threads=threads)


def open_file(kind: Format, path: Path, *, precision: str, threads: int | None) -> Backend:
    """Open a file with a backend; `precision` is that of the file, int8 or fp32."""
    if kind == "onnx":
        from models.engine.onnx_backend import OnnxBackend  # noqa: PLC0415 (may be missing)

        return OnnxBackend(path, precision=precision, threads=threads)
    from models.engine.openvino_backend import OpenVinoBackend  # noqa: PLC0415 (likewise)

    return OpenVinoBackend(path, precision=precision, threads=threads)


def _missing(kind: Format) -> list[str]:
    return [library for library in _NEEDED[kind] if find_spec(library) is None]
