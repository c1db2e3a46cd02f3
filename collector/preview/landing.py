"""Tells from the page t.me/NAME why the name has no preview."""

from selectolax.lexbor import LexborHTMLParser

from collector.errors import LayoutError
from collector.preview.markup import HISTORY, parse_html, plain_text

__all__ = ["explain"]

NOBODY = "nobody has this username, or what it names is not public"
USER, BOT, GROUP = (
    "is a user, not a channel",
    "is a bot, not a channel",
    "is a group, not a channel",
)
SWITCHED_OFF = (
    "its web preview is switched off (by its owner, or because Telegram restricts the channel); "
    'collect it with an account: source = "telegram"'
)
AGE_RESTRICTED = (
    'its web preview is age-restricted; collect it with an account: source = "telegram"'
)
NOTICES = ".tgme_page_additional, .tgme_page_notice, .message_media_not_supported_label"
ADULT = ("18+", "age-restricted", "age restricted", "adult", "pornographic", "sensitive content")


def explain(body: bytes) -> str | None:
    """Return why t.me/NAME is no channel with a preview; None if the page says nothing of it.

    It is known by `.tgme_page_title`, missing where nobody has the name, and by the words of
    `.tgme_page_extra`: "N subscribers", "N members", "N monthly users" of a bot, "@NAME" of a user.
    """
    try:
        tree = parse_html(body.decode(errors="replace"))
    except LayoutError:
        return None
    if tree.css_first(".tgme_page") is None or tree.css_first(HISTORY) is not None:
        return None
    if is_age_restricted(tree):
        return AGE_RESTRICTED
    return explain_kind(tree) if tree.css_first(".tgme_page_title") is not None else NOBODY


def explain_kind(tree: LexborHTMLParser) -> str | None:
    """Return what the page of a name that somebody has says it is."""
    extra = " ".join(plain_text(one) for one in tree.css(".tgme_page_extra")).lower()
    button = " ".join(plain_text(one) for one in tree.css(".tgme_page_action")).lower()
    if "subscriber" in extra:
        return SWITCHED_OFF
    if "member" in extra:
        return GROUP
    if "monthly user" in extra or "start bot" in button:
        return BOT
    return USER if "send message" in button or extra.startswith("@") else None


def is_age_restricted(tree: LexborHTMLParser) -> bool:
    """Tell whether a notice of t.me's own says that a page is for adults.

    Assumed: that there is one, and that it is apart from what the channel says of itself.
    """
    words = " ".join(plain_text(one) for one in tree.css(NOTICES)).lower()
    return any(word in words for word in ADULT)
