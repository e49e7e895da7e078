"""What is said of each mistake in a message's markup: one sentence, and what to write instead."""

from django.utils.translation import gettext as _

from messaging.content.links import Dead, JudgedLink

CURLY_QUOTES = "“”„‟«»‘’‚‛"
PARAGRAPHS = frozenset({"p", "div"})
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
LISTS = frozenset({"ul", "ol", "li"})


def half_character() -> str:
    return _("Half of an emoji stands here: delete it and insert the emoji again.")


def begins_no_tag() -> str:
    return _("This “<” begins no tag; write &lt; for the sign itself.")


def unknown_tag(name: str, *, closes_itself: bool) -> str:
    if closes_itself:
        return self_closing(name)
    words = {"tag": name}
    if name == "br":
        return _("Telegram knows no <br>: start a new line.")
    if name in PARAGRAPHS:
        return _("Telegram knows no <%(tag)s>: leave an empty line between paragraphs.") % words
    if name in HEADINGS:
        return _("Telegram knows no <%(tag)s>: make a heading bold with <b>.") % words
    if name in LISTS:
        return _("Telegram knows no <%(tag)s>: begin each line of a list with “•”.") % words
    if name == "img":
        return _("Telegram knows no <img>: send the picture as a file.")
    return _("Telegram knows no tag <%(tag)s>.") % words


def self_closing(tag: str) -> str:
    return _("Telegram has no tags that close themselves: write <%(tag)s>…</%(tag)s>.") % {"tag": tag}


def needs_class() -> str:
    return _('The tag <span> needs class="tg-spoiler".')


def needs_emoji() -> str:
    return _("The tag <tg-emoji> needs an emoji-id.")


def needs_quotes(name: str, sign: str) -> str:
    if sign in CURLY_QUOTES:
        return _('Telegram does not take curly quotes; write straight ones: %(name)s="…".') % {"name": name}
    return _('The value of %(name)s needs quotes: %(name)s="…".') % {"name": name}


def stray_sign(tag: str, sign: str) -> str:
    if sign == "/":
        return self_closing(tag)
    return _("Within <%(tag)s> the sign “%(sign)s” is out of place.") % {"tag": tag, "sign": sign}


def tag_without_end(tag: str) -> str:
    return _("The tag <%(tag)s has no “>”, or a quote within it is never closed.") % {"tag": tag}


def end_without_bracket(name: str) -> str:
    return _("After </%(tag)s the sign “>” must follow at once.") % {"tag": name}


def never_closed(tag: str) -> str:
    return _("The tag <%(tag)s> is never closed.") % {"tag": tag}


def closes_nothing(tag: str) -> str:
    return _("The tag </%(tag)s> closes nothing.") % {"tag": tag}


def crossed(*, expected: str, found: str) -> str:
    return _("Here </%(expected)s> must come before </%(found)s>.") % {"expected": expected, "found": found}


def wrong_date_format() -> str:
    return _("The format of <tg-time> is the letter r alone, or any of w, d, D, t and T.")


def needs_date() -> str:
    return _('The tag <tg-time> needs unix="…", a moment in seconds; without it no date is shown.')


def lost_link(link: JudgedLink, attributes: dict[str, str]) -> str:
    """Say why a link does not open; '' when it does."""
    address = attributes.get("href", "")
    if link.dead and not address:
        other = next((name for name in attributes if name != "href" and name.lower() == "href"), "")
        if other:
            return _("Telegram does not know %(name)s: write href in small letters.") % {"name": other}
        return _("This link has no address, and Telegram shows mere words: use “Link” to give it one.")
    if link.dead in {Dead.SCHEME, Dead.EMPTY}:
        return _("A link must begin with https://, http:// or tg:// and name a site; Telegram shows mere words.")
    if link.dead is Dead.NO_DOT:
        return _("No site has such an address: there is no dot in its name. Telegram shows mere words.")
    if link.dead:
        return _("Telegram makes no link of this address and shows mere words.")
    if address.lower().startswith("mailto:"):
        return _("Telegram opens no mail addresses: this link leads to a site.")
    return ""


def is_doubt(link: JudgedLink, attributes: dict[str, str]) -> bool:
    """Whether only a warning is due: the author gave an address that Telegram reads otherwise."""
    return bool(attributes.get("href")) and link.dead in {None, Dead.HOST, Dead.PORT}
