"""A channel as report files name it."""

from dataclasses import dataclass

__all__ = ["Channel"]


@dataclass(frozen=True, slots=True, order=True)
class Channel:
    """A channel by what report files say of it; each part may be empty."""

    title: str
    username: str
    id: str

    @property
    def name(self) -> str:
        """What the channel is called."""
        return self.title.strip() or self.handle or self.number

    @property
    def number(self) -> str:
        """The channel by its id."""
        return f"channel {self.id}"

    @property
    def detail(self) -> str:
        """What tells the channel from others of its name, where that says more."""
        known = self.handle or (self.number if self.id else "")
        return "" if known == self.name else known

    @property
    def handle(self) -> str:
        """The username with its @; empty where there is none."""
        return f"@{self.username}" if self.username else ""
