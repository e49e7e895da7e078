"""The sentence for each mistake in a message's markup, with what to write instead."""

from django.utils.translation import gettext as _

from messaging.content.links import Dead, JudgedLink

CURLY_QUOTES = "“”„‟«»‘’‚‛"
PARAGRAPHS = frozenset({"p", "div"})
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
LISTS = frozenset({"ul", "ol", "li"})


def half_character() -> str:
    return _("There is half of an emoji here. Delete it and insert the emoji again.")


def begins_no_tag() -> str:
    return _("The character “<” does not start a tag here. To show it, write &lt;")


def unknown_tag(name: str, *, closes_itself: bool) -> str:
    if closes_itself:
        return self_closing(name)
    words = {"tag": name}
    if name == "br":
        return _("Telegram does not support <br>. Start a new line instead.")
    if name in PARAGRAPHS:
        return _("Telegram does not support <%(tag)s>. Leave an empty line between paragraphs.") % words
    if name in HEADINGS:
        return _("Telegram does not support <%(tag)s>. Make the heading bold with <b>.") % words
    if name in LISTS:
        return _("Telegram does not support <%(tag)s>. Start each line of the list with “•”.") % words
    if name == "img":
        return _("Telegram does not support <img>. Attach the picture as a file.")
    return _("Telegram does not support the tag <%(tag)s>.") % words


def self_closing(tag: str) -> str:
    return _("Telegram does not support self-closing tags. Write <%(tag)s>…</%(tag)s>.") % {"tag": tag}


def needs_class() -> str:
    return _('The tag <span> needs class="tg-spoiler".')


def needs_emoji() -> str:
    return _("The tag <tg-emoji> needs an emoji-id.")


def needs_quotes(name: str, sign: str) -> str:
    if sign in CURLY_QUOTES:
        return _('Telegram does not accept curly quotes. Use straight ones: %(name)s="…".') % {"name": name}
    return _('The value of %(name)s needs quotes: %(name)s="…".') % {"name": name}


def stray_sign(tag: str, sign: str) -> str:
    if sign == "/":
        return self_closing(tag)
    return _("The character “%(sign)s” does not belong in the tag <%(tag)s>.") % {"tag": tag, "sign": sign}


def tag_without_end(tag: str) -> str:
    return _("The tag <%(tag)s has no “>”, or a quote in it is not closed.") % {"tag": tag}


def end_without_bracket(name: str) -> str:
    return _("The character “>” must come right after </%(tag)s.") % {"tag": name}


def never_closed(tag: str) -> str:
    return _("The tag <%(tag)s> is not closed.") % {"tag": tag}


def closes_nothing(tag: str) -> str:
    return _("The tag </%(tag)s> has no opening tag.") % {"tag": tag}


def crossed(*, expected: str, found: str) -> str:
    return _("Here </%(expected)s> must come before </%(found)s>.") % {"expected": expected, "found": found}


def wrong_date_format() -> str:
    return _("The format of <tg-time> must be the letter r alone or any of w, d, D, t and T.")


def needs_date() -> str:
    return _('The tag <tg-time> needs unix="…", the time in seconds. Without it no date is shown.')


def lost_link(link: JudgedLink, attributes: dict[str, str]) -> str:
    """Say why a link does not open; '' when it does."""
    address = attributes.get("href", "")
    if link.dead and not address:
        other = next((name for name in attributes if name != "href" and name.lower() == "href"), "")
        if other:
            return _("Telegram does not recognise %(name)s. Write href in lower case.") % {"name": other}
        return _("This link has no address, so Telegram will show plain text. Add one with the “Link” button.")
    if link.dead in {Dead.SCHEME, Dead.EMPTY}:
        return _(
            "A link must start with https://, http:// or tg:// and name a site. Otherwise Telegram shows plain text."
        )
    if link.dead is Dead.NO_DOT:
        return _("No site has this address: its name has no dot. Telegram will show plain text.")
    if link.dead:
        return _("Telegram does not accept this address and will show plain text.")
    if address.lower().startswith("mailto:"):
        return _("Telegram does not open email addresses: this link will lead to a website.")
    return ""


def is_doubt(link: JudgedLink, attributes: dict[str, str]) -> bool:
    """Whether a warning is enough: the author gave an address that Telegram reads differently."""
    return bool(attributes.get("href")) and link.dead in {None, Dead.HOST, Dead.PORT}
