"""A message in one sentence, for the last look before it goes out."""

from urllib.parse import urlsplit

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.labels import Labels
from messaging.audiences.words import describe_audience
from messaging.compose.confirmation import Summary
from messaging.content.buttons import known_action
from messaging.content.content import Content
from messaging.models import Broadcast


def message_sentence(content: Content, summary: Summary, *, file_name: str = "") -> str:
    """«234 получателя — подтверждённые: 6-й поток; кроме: …; сейчас, со звуком; кнопка „…“ → meet.example.com»."""
    people = ngettext("%(count)d recipient", "%(count)d recipients", summary.recipients) % {"count": summary.recipients}
    audience = describe_audience(content.question, Labels.read())
    parts = [f"{people} — {audience}", _manner(content, summary), _file(content, file_name), _buttons(content)]
    return f"{'; '.join(filter(None, parts))}."


def _manner(content: Content, summary: Summary) -> str:
    moment = date_format(timezone.localtime(summary.starts_at), "d.m.Y H:i")
    when = _("on %(moment)s, Moscow time") % {"moment": moment} if summary.is_scheduled else _("right now")
    sound = _("without sound") if content.silent else _("with sound")
    return f"{when}, {sound}"


def _file(content: Content, name: str) -> str:
    if content.kind == Broadcast.Kind.TEXT:
        return ""
    kind = str(Broadcast.Kind(content.kind).label).lower()
    return _("%(kind)s “%(name)s”") % {"kind": kind, "name": name} if name else kind


def _buttons(content: Content) -> str:
    targets = button_targets(content)
    if not targets:
        return ""
    named = ", ".join(_("“%(text)s” → %(target)s") % {"text": text, "target": target} for text, target, _url in targets)
    return ngettext("button %(buttons)s", "buttons %(buttons)s", len(targets)) % {"buttons": named}


def button_targets(content: Content) -> list[tuple[str, str, str]]:
    """Each button's text, where it leads in short, and its whole address or action."""
    buttons = [button for row in content.keyboard for button in row]
    return [(button["text"], _in_short(button), button.get("url") or button["callback_data"]) for button in buttons]


def _in_short(button: dict[str, str]) -> str:
    if url := button.get("url"):
        return urlsplit(url).netloc or url
    action = known_action(button["callback_data"])
    return str(action.label) if action else button["callback_data"]
