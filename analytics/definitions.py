"""What each number means, in one place: pages show these words, and docs/numbers.md is made of them."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bookings.statistics import DEFINITIONS as BOOKINGS


@dataclass(frozen=True)
class Definition:
    """A number: its name on the pages, and how it is counted."""

    name: str
    label: Any
    text: Any


GROUPS: tuple[tuple[Any, tuple[Definition, ...]], ...] = (
    (
        _("People and activity"),
        (
            Definition(
                "people", _("People in total"), _("Everybody whom the bot has stored, by their first sign of life.")
            ),
            Definition(
                "new_people",
                _("New people"),
                _(
                    "People by the day of their first sign of life: the earliest of first seen, first event, first "
                    "booking and first registration. Dates from before there were bots count on the first day of "
                    "all."
                ),
            ),
            Definition(
                "active_people",
                _("Active people"),
                _(
                    "Different people with an event of their own, a booking or a registration on that day. What staff "
                    "or the school's rules did in a person's name does not count."
                ),
            ),
            Definition(
                "events",
                _("Events by type"),
                _("Events by their type, and each type's share of all events of the same period."),
            ),
            Definition(
                "hours",
                _("Activity by hour"),
                _("People's own events by weekday and hour in Moscow; the darker the cell, the more events."),
            ),
            Definition(
                "leads",
                _("Leads"),
                _(
                    "People without a confirmed booking by how much they did in the last days, today included: events "
                    "and different days. An administrator sets how many days count, and what makes somebody hot, "
                    "warm or cool. Counted now, whatever the period."
                ),
            ),
            Definition(
                "cohorts",
                _("Weekly cohorts"),
                _(
                    "People by the week of their first sign of life. A cell is the share of them who were active in "
                    "a later week; week 0 is their first. Weeks begin on Monday, and the unfinished one is marked."
                ),
            ),
        ),
    ),
    (
        _("Bookings"),
        (
            Definition(
                "bookings", _("Bookings made"), _("Bookings by the day on which they were made, whatever their status.")
            ),
            Definition(
                "active_bookings",
                _("Active bookings"),
                _(
                    "Bookings that are not cancelled, by the day on which they were made. An empty or unrecognised "
                    "status is active."
                ),
            ),
            Definition("confirmed", _("Confirmed payments"), BOOKINGS["confirmed"]),
            Definition("status", _("Bookings by status"), BOOKINGS["counts"]),
            Definition("conversion", _("Conversion"), BOOKINGS["conversion"]),
            Definition("places", _("Places left"), BOOKINGS["places"]),
            Definition("viewed", _("Viewed"), BOOKINGS["viewed"]),
            Definition("pace", _("Pace of a stream"), BOOKINGS["pace"]),
        ),
    ),
    (
        _("Lessons and messages"),
        (
            Definition(
                "registrations",
                _("Registrations"),
                _("Registrations for free lessons by the day on which they were made; a person can have several."),
            ),
            Definition(
                "delivered", _("Messages delivered"), _("Messages that Telegram accepted, one for each person, by day.")
            ),
        ),
    ),
    (
        _("Funnels"),
        (
            Definition(
                "funnel",
                _("People at a step"),
                _(
                    "Different people whose first step ever lies in the period. A later step counts when it happened "
                    "at or after the first one, within the chosen time. A payment proof names no booking, so it counts "
                    "for all bookings of the person."
                ),
            ),
            Definition(
                "funnel_of_first",
                _("Of the first step"),
                _("People at the step divided by those at the first step, in whole percent, halves rounded up."),
            ),
            Definition(
                "funnel_of_previous",
                _("Of the step before"),
                _("How many of the people at the step before took this step too, in whole percent, halves rounded up."),
            ),
            Definition(
                "funnel_time",
                _("Time to the step"),
                _(
                    "From the step before to this one: the median and the 75th percentile for those who took both in "
                    "this order."
                ),
            ),
            Definition(
                "source",
                _("Source"),
                _(
                    "The referral code of the person's first booking with one after the first step. The bot keeps no "
                    "other source; for everybody else the source is not known."
                ),
            ),
        ),
    ),
    (
        _("Comparisons"),
        (
            Definition(
                "change",
                pgettext_lazy("of a number", "Change"),
                _(
                    "The finished days of the period against as many days of the period it is compared with. A day "
                    "that is not over is marked, and left out of changes and averages."
                ),
            ),
        ),
    ),
)
DEFINITIONS = {definition.name: definition for _group, definitions in GROUPS for definition in definitions}


def definitions_page() -> str:
    """Write docs/numbers.md."""
    lines = [
        "# Numbers",
        "",
        "What each number of the pages means. `analytics/definitions.py` has the words, the pages show them beside",
        "the number, and a test holds this page equal to them. Days are Moscow days; each person is counted once.",
        "Days whose events have lost their details ([how long data is kept](deploying.md#how-long-data-is-kept))",
        "stay as they were counted.",
    ]
    for group, definitions in GROUPS:
        lines += ["", f"## {group}", "", "| number | how it is counted |", "|---|---|"]
        lines += [f"| {definition.label} | {definition.text} |" for definition in definitions]
    return "\n".join(lines) + "\n"
