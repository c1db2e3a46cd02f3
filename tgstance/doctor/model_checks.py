"""Checks of the configured models: there, loadable, with labels that can be mapped."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from collector.errors import ConfigError, ModelError
from tgstance.doctor.case import Case
from tgstance.doctor.finding import Verdict, ok, warning, wrong

if TYPE_CHECKING:
    from models.cascade import AnyModel
    from models.engine.forward import Forward
    from models.model_name import ModelName

__all__ = ["model_verdicts"]

_PATIENCE_S = 5.0


def model_verdicts(case: Case) -> Iterator[tuple[str, Verdict]]:
    """Yield the name and the verdict of a check for each configured model: two for a cascade."""
    loaded: dict[str, Forward] = {}
    for task in ("sentiment", "stance"):
        check = f"{task} model"
        try:
            model = _configured(case, task)
        except (ConfigError, ModelError) as error:
            yield check, wrong(str(error), _edit(case, task))
            continue
        for order, name in enumerate(_models_of(model)):
            called = f"{check}, larger" if order else check
            yield called, _look_at(case, task, name, loaded)


def _configured(case: Case, task: str) -> "AnyModel":
    config = case.config
    return config.sentiment_model if task == "sentiment" else config.stance_model


def _models_of(model: "AnyModel") -> "tuple[ModelName, ...]":
    from models.cascade import Cascade

    return (model.first, model.second) if isinstance(model, Cascade) else (model,)


def _look_at(case: Case, task: str, name: "ModelName", loaded: "dict[str, Forward]") -> Verdict:
    try:
        directory = name.directory or _in_hub_cache(name)
        if directory is None:
            return _not_here(name)
        name.check_weights(directory)
        known = f"{name.text}, fingerprint {name.fingerprint}"
        if case.quick:
            return ok(f"{known}; it was not loaded (--quick)")
        _load(case, task, replace(name, text=str(directory), revision=None), loaded)
    except ModelError as error:
        return wrong(str(error), _edit(case, task))
    return ok(f"{known}; it loads, and its labels are understood")


def _in_hub_cache(name: "ModelName") -> Path | None:
    """Return where a model of the hub lies on this machine, without asking the hub."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name.text, revision=name.revision, local_files_only=True))
    except ValueError:  # an id that the hub cannot have
        return None
    except LocalEntryNotFoundError as error:  # or not all files that the hub lists
        found: Path | None = getattr(error, "snapshot_path", None)
        whole = found and Path(found, "config.json").exists() and not name.missing_weights(found)
        return found if whole else None


def _not_here(name: "ModelName") -> Verdict:
    fix = f"hf download {name.text} --revision {name.revision}"
    found = f"{name.text} is not on this machine"
    if why := _offline():
        return wrong(f"{found}, and {why}", f"{fix}, where there is a network")
    return warning(f"{found}: the next `tgstance score` downloads it", fix)


def _offline() -> str:
    """Return why the hub cannot be asked."""
    from huggingface_hub import constants, get_session, is_offline_mode

    if is_offline_mode():
        return "offline mode is on (HF_HUB_OFFLINE)"
    try:
        get_session().head(constants.ENDPOINT, timeout=_PATIENCE_S)
    except Exception as error:  # noqa: BLE001 (of whichever HTTP library the hub's client uses)
        return f"there is no way to {constants.ENDPOINT} ({type(error).__name__})"
    return ""


def _load(case: Case, task: str, name: "ModelName", loaded: "dict[str, Forward]") -> None:
    """Load a model with torch, whatever runs it later: that leaves nothing behind."""
    from models.engine.onnx_opening import check_installed
    from models.engine.opening import open_forward
    from models.loading import labeller_on

    engine = case.config.engine()
    if engine.backend in ("onnx", "openvino"):
        check_installed(engine.backend)
    files = f"{name.text} {name.weights}"
    if files not in loaded:
        loaded.clear()  # two large ones may not fit
        loaded[files] = open_forward(name, replace(engine, backend="torch"))
    labeller_on(loaded[files], name, task)


def _edit(case: Case, task: str) -> str:
    return f"mend it, or name another model under [models], {task}, in {case.session.config_path}"
