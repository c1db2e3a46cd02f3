"""Live collection from Telegram over MTProto, with Telethon."""

__all__: list[str] = []
