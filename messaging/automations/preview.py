"""The text of a rule as one student would get it, whether or not the rule reaches them today."""

from dataclasses import dataclass, field

from django.utils.safestring import SafeString

from bookings.models import Booking, FreeLessonRegistration
from bookings.notices import NoticeKind
from messaging.audiences.choices import find_people
from messaging.automations.due import Due
from messaging.automations.firing import known_values
from messaging.content.markup import parse_html
from messaging.content.placeholders import MissingValue, describe_missing, personalise, without_values
from messaging.content.preview import render
from messaging.models import Automation
from users.models import TelegramUser

OFFERED = 6  # students to choose from


@dataclass(frozen=True)
class RulePreview:
    """What ``person`` would see; ``missing`` says why they would get nothing ('' when they would)."""

    person: TelegramUser | None
    html: str
    missing: str = ""
    offered: list[TelegramUser] = field(default_factory=list)

    @property
    def text(self) -> SafeString:
        return render(parse_html(self.html))


def preview_rule(rule: Automation, text: str, *, search: str = "", chosen: int | None = None) -> RulePreview:
    """Show ``text`` for a student: the chosen one, else the first that the search finds, else the newest."""
    offered = students_for(rule, search=search)
    person = TelegramUser.objects.filter(pk=chosen).first() if chosen else None
    if person is None or (search and person not in offered):
        person = offered[0] if offered else None
    if person is None:
        return RulePreview(None, without_values(text))
    if person not in offered:
        offered = [person, *offered]
    [values] = known_values([_concerning(rule, person)])
    try:
        return RulePreview(person, personalise(text, values), offered=offered)
    except MissingValue as missing:
        return RulePreview(person, without_values(text), describe_missing(missing.name), offered)


def students_for(rule: Automation, *, search: str) -> list[TelegramUser]:
    """Students to show a rule for: those found, else the newest bookings or registrations."""
    if search:
        return find_people(search)
    model = FreeLessonRegistration if rule.notice == NoticeKind.FREE_LESSON else Booking
    newest = model.objects.exclude(telegram_user=None).order_by("-pk").values_list("telegram_user_id", flat=True)
    ids = list(dict.fromkeys(newest[: OFFERED * 3]))[:OFFERED]
    found = TelegramUser.objects.in_bulk(ids)
    return [found[pk] for pk in ids if pk in found]


def _concerning(rule: Automation, person: TelegramUser) -> Due:
    """What the rule would tell this student about: their newest booking or registration."""
    if rule.notice == NoticeKind.FREE_LESSON:
        registration = FreeLessonRegistration.objects.filter(telegram_user=person).order_by("-pk").first()
        return Due(person.pk, registration=registration, occurs_on=registration.lesson_date if registration else None)
    return Due(person.pk, booking=Booking.objects.filter(telegram_user=person).order_by("-pk").first())
