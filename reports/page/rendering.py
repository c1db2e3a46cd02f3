"""Renders a report as one HTML document that loads nothing from anywhere.

The browser is told to refuse all that is not the style and the script below, each known by its
hash (Content Security Policy Level 3, w3.org/TR/CSP3), so that a text that found a way through the
escaping could still do nothing.
"""

import hashlib
from base64 import b64encode
from importlib.resources import files

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from sqlalchemy import Connection

from reports.page.contents import contents
from reports.page.facts import PageFacts
from reports.page.ranking import shade
from reports.page.wording import FILTERS, harmless
from reports.selection import Selection

__all__ = ["page"]


def page(
    connection: Connection,
    selection: Selection,
    stance: pd.DataFrame,
    sentiment: pd.DataFrame,
    facts: PageFacts,
) -> str:
    """Return the page of a report as HTML, to be written as UTF-8.

    `stance` and `sentiment` are the figures of `selection`, in the columns of `stance.csv` and
    `sentiment.csv`. Of more than MOST_CHANNELS channels only those with the most posts have lines,
    strips and evidence; rankings and the heat map hold all.
    """
    style, script = _asset("page.css"), _asset("page.js")
    return (
        _environment()
        .get_template("page.html")
        .render(
            contents=contents(connection, selection, stance, sentiment, facts),
            facts=facts,
            selection=selection,
            policy=_policy(style, script),
            style=Markup(style),  # noqa: S704 (a file of this package)
            script=Markup(script),  # noqa: S704 (a file of this package)
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reports.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=harmless,
    )
    environment.filters.update(FILTERS)
    environment.globals["shade"] = shade
    return environment


def _asset(name: str) -> str:
    return files("reports.page").joinpath("templates", name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    return (
        "default-src 'none'; base-uri 'none'; form-action 'none'; "
        f"style-src {_source(style)}; script-src {_source(script)}; "
        "require-trusted-types-for 'script'"
    )


def _source(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{b64encode(digest).decode()}'"
