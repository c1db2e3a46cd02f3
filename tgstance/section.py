"""What every section of tgstance.toml has in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

__all__ = ["Section", "Text"]

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Section(BaseModel):
    """A table of settings; one that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)
