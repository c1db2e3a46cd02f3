"""Makes int8 files of fp32 ones: for ONNX Runtime, and for OpenVINO. No torch here."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)

from models.engine.backend import Inputs

__all__ = ["quantise", "quantise_for", "quantise_in_blocks"]

_LARGE_TABLE = 64 << 20  # bytes of embeddings that are worth being made smaller
_INT8_PRODUCTS = 4  # what ONNX Runtime calls it
_ONE_FILE = 1 << 30  # bytes; a file in ONNX's format has less than twice that


def quantise(source: Path, result: Path) -> Path:
    """Write a file with the weights of matrix products in int8, per output.

    What they are multiplied with is made int8 as it comes, batch by batch. Large tables of
    embeddings become int8 as well.
    """
    parts = _parts(source)
    kinds = ["MatMul", *(["Gather"] if parts.largest_table > _LARGE_TABLE else [])]
    quantize_dynamic(
        parts.model,
        result,
        op_types_to_quantize=kinds,
        per_channel=True,
        weight_type=QuantType.QInt8,
        use_external_data_format=parts.beside,
    )
    return result


def quantise_in_blocks(source: Path, result: Path) -> Path:
    """Write a file with the weights of matrix products in int8, each 64 of a column by themselves.

    What they are multiplied with becomes int8 in such blocks, too: slower, and much more exact.
    """
    parts = _parts(source)
    with _logging_as_it_is():
        from onnxruntime.quantization import matmul_nbits_quantizer  # noqa: PLC0415 (it sets it up)

    matmul_nbits_quantizer.logger.setLevel(logging.WARNING)  # it tells of each node
    quantiser = matmul_nbits_quantizer.MatMulNBitsQuantizer(
        parts.model, bits=8, block_size=64, is_symmetric=True, accuracy_level=_INT8_PRODUCTS
    )
    quantiser.process()
    quantiser.model.save_model_to_file(str(result), parts.beside)
    return result


def quantise_for(batches: Iterator[Inputs], source: Path, result: Path) -> Path:
    """Write a file that also says in which range each activation lies over `batches`.

    So nothing has to be measured as it runs, and the answer to a text does not depend on the texts
    in its batch.
    """
    parts = _parts(source)
    quantize_static(
        parts.model,
        result,
        _Batches(batches),
        quant_format=QuantFormat.QDQ,
        nodes_to_quantize=parts.products,
        per_channel=True,
        weight_type=QuantType.QInt8,
        activation_type=QuantType.QUInt8,
        use_external_data_format=parts.beside,
        extra_options={"QuantizeBias": False},
    )
    return result


@dataclass(frozen=True, slots=True)
class _Parts:
    """A model, which of its nodes multiply by weights, and bytes of its weights by what they do."""

    model: onnx.ModelProto
    products: list[str]
    largest_table: int
    beside: bool


def _parts(source: Path) -> _Parts:
    model = onnx.load(source)
    # Without this mark, quantising would warn of what torch has done already.
    model.metadata_props.add(key="onnx.quant.pre_process", value="onnxruntime.quant")
    sizes = {
        weight.name: onnx.numpy_helper.to_array(weight).nbytes for weight in model.graph.initializer
    }
    nodes = model.graph.node
    return _Parts(
        model,
        [node.name for node in nodes if node.op_type == "MatMul" and node.input[1] in sizes],
        max((sizes.get(node.input[0], 0) for node in nodes if node.op_type == "Gather"), default=0),
        sum(sizes.values()) > _ONE_FILE,
    )


@contextmanager
def _logging_as_it_is() -> Iterator[None]:
    """Undo what an import does to everybody's logging."""
    root = logging.getLogger()
    before = list(root.handlers), root.level
    try:
        yield
    finally:
        root.handlers[:] = before[0]
        root.setLevel(before[1])


class _Batches(CalibrationDataReader):  # type: ignore[misc] # it has no types
    """Hands out batches one by one, as the library asks for them."""

    def __init__(self, batches: Iterator[Inputs]) -> None:
        self._batches = batches

    def get_next(self) -> dict[str, NDArray[np.int64]] | None:
        batch = next(self._batches, None)
        return None if batch is None else dict(batch)
