"""What every section of tgstance.toml has in common."""

from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

__all__ = ["Section", "Text", "UserPath", "check_path"]

_Path = TypeVar("_Path", str, Path)


def check_path(path: _Path) -> _Path:
    """Return a path as it is. Raises ValueError if it can be none, or is in nobody's home."""
    if "\0" in str(path):
        raise ValueError("a path holds no NUL")
    if str(path).startswith("~"):
        try:
            Path(path).expanduser()
        except RuntimeError as error:
            raise ValueError(f"{Path(path).parts[0]}: there is no such user's directory") from error
    return path


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
UserPath = Annotated[Path, AfterValidator(check_path)]


class Section(BaseModel):
    """A table of settings; one that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)
