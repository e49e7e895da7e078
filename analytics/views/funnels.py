"""The funnels as the page shows them, and the people behind their numbers."""

from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.periods import Period
from analytics.queries import (
    NO_SOURCE,
    Funnel,
    FunnelQuestion,
    FunnelStep,
    funnel_scopes,
    funnel_sources,
    funnel_steps,
)
from bookings.labels import Labels
from bookings.models import Stream
from users.event_types import EVENT_LABELS

WINDOWS = (7, 30, 90)  # days
STEPS: dict[Funnel, tuple[Any, ...]] = {
    Funnel.COURSE: (
        EVENT_LABELS["start_command"],
        EVENT_LABELS["view_program"],
        EVENT_LABELS["booking_created"],
        EVENT_LABELS["payment_proof_uploaded"],
        gettext_lazy("Paid, confirmed"),
    ),
    Funnel.LESSON: (
        EVENT_LABELS["free_lesson_registered"],
        EVENT_LABELS["lesson_link_clicked"],
        EVENT_LABELS["booking_created"],
        gettext_lazy("Paid, confirmed"),
    ),
}


@dataclass(frozen=True)
class ShownStep:
    """A step with its words and the address of its people."""

    step: FunnelStep
    label: Any
    address: str
    median: str
    slow: str


@dataclass(frozen=True)
class ShownFunnel:
    name: str
    title: Any
    steps: list[ShownStep]
    scopes: list[tuple[str, str]]  # value and words
    scope: str
    sources: list[tuple[str, str]]
    source: str


def funnel_context(query: QueryDict, period: Period, period_query: str) -> dict[str, Any]:
    """Gather both funnels of a period."""
    labels = Labels.read()
    window = chosen_window(query)
    return {
        "funnels": [_shown(funnel, query, period, labels, window) for funnel in (Funnel.COURSE, Funnel.LESSON)],
        "windows": [
            ("", _("until now")),
            *((str(days), _("within %(days)d days") % {"days": days}) for days in WINDOWS),
        ],
        "window": str(window or ""),
    }


def chosen_window(query: QueryDict) -> int | None:
    text = query.get("window", "")
    return int(text) if text in map(str, WINDOWS) else None


def asked_funnel(funnel: Funnel, query: QueryDict, period_days: Any, window: int | None) -> FunnelQuestion:
    """Read which funnel an address asks for; a scope goes before a source, which only the whole funnel knows."""
    scope = query.get(f"{funnel.value}_scope", "")[:200]
    source = "" if scope else query.get(f"{funnel.value}_source", "")[:100]
    return FunnelQuestion(funnel, period_days, scope, source, window, course_id=_course_of(scope))


def _course_of(scope: str) -> int | None:
    if not scope.startswith("stream:"):
        return None
    stream = Stream.objects.filter(code=scope.removeprefix("stream:")).order_by("-is_current", "-pk").first()
    return stream.course_id if stream else None


def _shown(funnel: Funnel, query: QueryDict, period: Period, labels: Labels, window: int | None) -> ShownFunnel:
    asked = asked_funnel(funnel, query, period.days, window)
    return ShownFunnel(
        name=funnel.value,
        title=funnel.label,
        steps=[
            ShownStep(
                step,
                STEPS[funnel][step.number - 1],
                people_address(asked, step.number),
                spell_time(step.median),
                spell_time(step.slow),
            )
            for step in funnel_steps(asked)
        ],
        scopes=[("", _("All")), *((scope, scope_label(scope, labels)) for scope in funnel_scopes(funnel))],
        scope=asked.scope,
        sources=[
            ("", _("Any source")),
            *((code, code) for code in funnel_sources(asked)),
            (NO_SOURCE, _("Source not known")),
        ],
        source=asked.source,
    )


def people_address(asked: FunnelQuestion, step: int) -> str:
    query: dict[str, str | int] = {
        "funnel": asked.funnel.value,
        "step": step,
        "since": asked.days.first.isoformat(),
        "until": asked.days.last.isoformat(),
        f"{asked.funnel.value}_scope": asked.scope,
        f"{asked.funnel.value}_source": asked.source,
        "window": asked.window or "",
    }
    said = {name: value for name, value in query.items() if value != ""}
    return f"{reverse('analytics:people_behind')}?{urlencode(said)}"


def scope_label(scope: str, labels: Labels) -> str:
    """Name a scope: a course, a stream, a lesson with or without its date."""
    kind, _colon, rest = scope.partition(":")
    if kind == "course":
        return labels.course(int(rest)) if rest.isdecimal() else rest
    if kind == "stream":
        return labels.codes.get(rest, rest)
    return rest.replace(":", ", ")


def spell_time(seconds: int | None) -> str:
    """Write how long something took: «3 д 4 ч», «5 ч 12 мин», «8 мин»."""
    if seconds is None:
        return "—"
    minutes = seconds // 60
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return _("%(days)d d %(hours)d h") % {"days": days, "hours": hours}
    if hours:
        return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes % 60}
    return _("%(minutes)d min") % {"minutes": minutes}
