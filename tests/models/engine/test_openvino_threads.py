"""OpenVINO in several threads: their first look at arrays must not be at the same time."""

import subprocess
import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

# The main thread keeps Python's lock until the other one asks for it, and then looks at an array:
# where that looks NumPy up, the lock is handed over in the middle, and the other thread looks too.
FIRST_LOOKS = """
import sys
from itertools import chain, repeat, starmap
from operator import call
from pathlib import Path
from threading import Thread

import openvino
from models.engine.openvino_backend import OpenVinoBackend

OpenVinoBackend(Path(sys.argv[1]), precision="fp32", threads=2)
model = openvino.Core().compile_model(sys.argv[1], "CPU")
one, other = (model.create_infer_request().get_input_tensor(0) for _ in range(2))
begun = []

def look():
    while not begun:
        pass
    other.data

thread = Thread(target=look, daemon=True)
thread.start()
keep_the_lock = repeat((getattr, one, "shape"), 100_000)
list(starmap(call, chain(keep_the_lock, [(begun.append, True), (getattr, one, "data")])))
thread.join()
print("both looked")
"""


def model_of_averages(path: Path) -> Path:
    """Write a model that gives each token three numbers, and a row the mean of its tokens'."""
    table = numpy_helper.from_array(np.zeros((200, 3), dtype=np.float32), "table")
    axis = numpy_helper.from_array(np.array([1]), "axis")
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["each"]),
        helper.make_node("ReduceMean", ["each", "axis"], ["logits"], keepdims=0),
    ]
    ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, [16, 32])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, [16, 3])
    graph = helper.make_graph(nodes, "averages", [ids], [logits], [table, axis])
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)]), path)
    return path


def test_two_threads_may_be_the_first_to_look_at_arrays(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FIRST_LOOKS, str(model_of_averages(tmp_path / "model.onnx"))]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100)
    assert done.stdout == "both looked\n"
