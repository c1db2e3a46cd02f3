"""The template of the codebook, and where it is put."""

from importlib.resources import files
from pathlib import Path

from collector.errors import OutputError

__all__ = ["write_codebook"]


def write_codebook(path: Path) -> bool:
    """Write the template unless there is a file at `path`; return whether it was written.

    Raises OutputError if it cannot be written.
    """
    template = files("tgstance").joinpath("codebook.md").read_text(encoding="utf-8")
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(template)
    except FileExistsError:
        return False
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
    return True
