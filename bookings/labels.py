"""What staff read for a course, a stream and an amount of money: one place, for every page."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import F
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from bookings.models import Course, Stream

NOTHING = "—"
SYMBOLS = {"USD": "$", "EUR": "€", "RUB": "₽", "KZT": "₸"}


@dataclass(frozen=True)
class Labels:
    """The names of all courses and streams, read once for a page (one query)."""

    courses: dict[int, str]
    streams: dict[tuple[int, str], str]
    codes: dict[str, str]

    @classmethod
    def read(cls) -> "Labels":
        rows = Course.objects.order_by("-id", "streams__id").values_list("id", "name", "streams__code", "streams__name")
        described = [(course_id, code, name) for course_id, _course, code, name in rows if code is not None]
        return cls(
            courses={course_id: course for course_id, course, _code, _name in rows},
            streams={(course_id, code): name for course_id, code, name in described},
            # The first course describes a code best, where another course uses it undescribed.
            codes={code: name for _course_id, code, name in described},
        )

    def course(self, course_id: int | None) -> str:
        """The course's name, or «Курс 5» if it has none."""
        if course_id is None:
            return NOTHING
        return self.courses.get(course_id, "").strip() or _("Course %(number)s") % {"number": course_id}

    def stream(self, course_id: int | None, code: str | None) -> str:
        """The stream's name, else the name of that code in another course, else the code as the bot wrote it."""
        if not code:
            return NOTHING
        described = None if course_id is None else self.streams.get((course_id, code))
        return described or self.codes.get(code) or code


def stream_names() -> dict[str, str]:
    """Code to name of every described stream, the newest of the school first (one query)."""
    return {
        stream.code: stream.name
        for stream in Stream.objects.order_by("-is_current", F("starts_on").desc(nulls_last=True), "-code")
    }


def money_text(amount: Decimal, currency: str) -> str:
    """Write an amount with its currency: «1 200 $», «−19,99 €»; cents where there are any."""
    places = 0 if amount == amount.to_integral_value() else 2
    text = number_format(abs(amount), decimal_pos=places, use_l10n=True, force_grouping=True)
    return f"{'−' if amount < 0 else ''}{text}\u00a0{SYMBOLS.get(currency, currency)}"
