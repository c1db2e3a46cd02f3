"""The archive of posts, and everything that puts posts into it."""

__all__: list[str] = []
