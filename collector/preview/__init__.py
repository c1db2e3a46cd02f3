"""Reading public channels without an account, from the web preview t.me/s/NAME.

Its structure is not documented by Telegram. What this package relies on is what
`telegram-facts.md` says and what public parsers of these pages agree on; where nothing is publicly
known, the docstrings say "assumed". `tests/preview_server` serves pages of that structure.
"""
