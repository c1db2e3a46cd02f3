"""Loads a model of any kind as something that labels passages."""

from collector.errors import ModelError
from models.calibration import read_calibration
from models.classifier import Classifier
from models.engine.forward import Forward
from models.engine.opening import open_forward
from models.engine.setting import TORCH_ON_CPU, EngineSetting
from models.labeller import Labeller
from models.model_name import ModelName
from models.nli import NliClassifier
from models.pretrained import locate

__all__ = ["labeller_on", "load_classifier"]


def load_classifier(name: ModelName, task: str, engine: EngineSetting = TORCH_ON_CPU) -> Labeller:
    """Load the model called `name` for `task`, on the backend that `engine` says.

    Raises ModelError, with the way out, when there is no such model, it has no weights of the kind
    asked for, no fitting head or tokenizer, or labels that cannot be mapped, and when the backend
    is not to be had; DeferredError when another one took its place meanwhile.
    """
    return labeller_on(open_forward(name, engine), name, task)


def labeller_on(forward: Forward, name: ModelName, task: str) -> Labeller:
    """Return the model called `name`, which is loaded as `forward`, for `task`.

    Raises ModelError when it has no fitting head, or labels that cannot be mapped, DeferredError
    when another one took its place after its fingerprint was told.
    """
    calibration = read_calibration(locate(name))
    name.check_unchanged()
    try:
        if name.kind == "nli":
            return NliClassifier(forward, task, name=name)
        return Classifier(forward, task, name=name, calibration=calibration)
    except ModelError as error:
        raise ModelError(f"model {name.text}: {error}") from error
