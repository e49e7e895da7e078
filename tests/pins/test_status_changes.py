"""Changes of a booking's status, by whoever and however close together: what is recorded, told, queued and counted.

Every case has a person and a booking of its own, «В ожидании» at first; status_changes.txt is the table of what became
of it. The bot writes on a connection of its own and staff click on pages, each in a transaction that is committed.
"""

import html
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from messaging.automations.firing import fire_automations
from tests import bot
from tests.adoption.databases import Database
from tests.factories import AutomationFactory, BookingFactory, StreamFactory, TelegramUserFactory
from tests.pins.golden import assert_golden

CANCELLED, NEW, PENDING, CONFIRMED = -1, 0, 1, 2
STATUSES = ("Новая заявка", "В ожидании", "Подтверждено", "Отменено", "Неизвестно")

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]


@dataclass
class Case:
    """What one case works with: the booking, the bot, and the browser of a member of staff."""

    booking: Any
    bot: bot.Bot
    client: Client

    def raw(self, *statuses: int | None) -> None:
        """The bot's UPDATE, once for each status."""
        for status in statuses:
            self.bot.execute("UPDATE bookings SET confirmed = %s WHERE id = %s", [status, self.booking.pk])

    def event(self, old: int, new: int, *, by: int = 0) -> None:
        """What the bot writes after its UPDATE, under whoever pressed the button."""
        bot.log_event(
            self.bot,
            by or self.booking.telegram_user_id,
            "booking_status_changed",
            booking_id=self.booking.pk,
            old_status=old,
            new_status=new,
        )

    def click(self, to: int, *, seen: int, reason: str = "") -> int:
        address = reverse("bookings:booking_status", args=[self.booking.pk])
        data = {"to": to, "expected": seen, "reason": reason, "sure": "on"}
        return self.client.post(address, data).status_code

    def bulk(self, to: int, **more: str) -> None:
        data = {
            "of": "bookings", "scope": "chosen", "query": "", "act": f"status:{to}", "booking": [self.booking.pk],
        }  # fmt: skip
        prepared = self.client.post(reverse("bookings:bulk_prepare"), data)
        assert prepared.status_code == 302
        assert self.client.post(prepared["Location"], {"reason": "", **more}).status_code == 302


def later() -> None:
    time.sleep(2)


CASES: dict[str, Callable[[Case], None]] = {}


def case(act: Callable[[Case], None]) -> Callable[[Case], None]:
    """Name a case after its function."""
    CASES[act.__name__.replace("_", " ")] = act
    return act


@case
def raw(its: Case) -> None:
    its.raw(CONFIRMED)


@case
def raw_and_event_at_once(its: Case) -> None:
    its.raw(CONFIRMED)
    its.event(PENDING, CONFIRMED)


@case
def raw_and_event_two_seconds_later(its: Case) -> None:
    its.raw(CONFIRMED)
    later()
    its.event(PENDING, CONFIRMED)


@case
def raw_and_event_under_whoever_pressed(its: Case) -> None:
    its.raw(CONFIRMED)
    its.event(PENDING, CONFIRMED, by=77)


@case
def event_without_a_change(its: Case) -> None:
    # As from before the audit: the pages believe the event, the record and the rules do not know it.
    its.event(PENDING, CONFIRMED)


@case
def raw_to_what_it_is(its: Case) -> None:
    its.raw(PENDING)


@case
def raw_to_what_nobody_knows(its: Case) -> None:
    its.raw(7, None)


@case
def raw_twice_in_one_transaction(its: Case) -> None:
    # Both have the same moment: today the booking's page tells the second first, the person's page does not.
    with its.bot.transaction():
        its.raw(CONFIRMED, CANCELLED)


@case
def raw_twice_at_once(its: Case) -> None:
    its.raw(CONFIRMED, CANCELLED)


@case
def raw_twice_two_seconds_apart(its: Case) -> None:
    its.raw(CONFIRMED)
    later()
    its.raw(CANCELLED)


@case
def raw_there_and_back_and_there_with_events(its: Case) -> None:
    for old, new in ((PENDING, CONFIRMED), (CONFIRMED, PENDING), (PENDING, CONFIRMED)):
        its.raw(new)
        its.event(old, new)


@case
def raw_rolled_back(its: Case) -> None:
    with suppress(ZeroDivisionError), its.bot.transaction():
        its.raw(CONFIRMED)
        its.event(PENDING, CONFIRMED)
        raise ZeroDivisionError


@case
def service(its: Case) -> None:
    assert its.click(CONFIRMED, seen=PENDING) == 302


@case
def service_against_the_order_with_a_reason(its: Case) -> None:
    its.raw(CANCELLED)
    assert its.click(PENDING, seen=CANCELLED, reason="передумала") == 302


@case
def service_twice_at_once(its: Case) -> None:
    assert its.click(CONFIRMED, seen=PENDING) == 302
    assert its.click(CANCELLED, seen=CONFIRMED) == 302


@case
def service_twice_two_seconds_apart(its: Case) -> None:
    assert its.click(CONFIRMED, seen=PENDING) == 302
    later()
    assert its.click(CANCELLED, seen=CONFIRMED) == 302


@case
def service_and_the_bot_two_seconds_later_the_same(its: Case) -> None:
    assert its.click(CONFIRMED, seen=PENDING) == 302
    later()
    its.raw(CONFIRMED)
    its.event(PENDING, CONFIRMED)


@case
def service_and_the_bot_at_once_back_and_service_again(its: Case) -> None:
    assert its.click(CONFIRMED, seen=PENDING) == 302
    its.raw(PENDING)
    its.event(CONFIRMED, PENDING)
    assert its.click(CONFIRMED, seen=PENDING) == 302


@case
def service_after_somebody_else(its: Case) -> None:
    its.raw(CANCELLED)
    assert its.click(CONFIRMED, seen=PENDING) == 409


@case
def service_rolled_back(its: Case) -> None:
    with suppress(ZeroDivisionError), transaction.atomic():
        assert its.click(CONFIRMED, seen=PENDING) == 302
        raise ZeroDivisionError


@case
def bulk(its: Case) -> None:
    its.bulk(CONFIRMED)


@case
def bulk_that_tells_the_student(its: Case) -> None:
    its.bulk(CONFIRMED, notify="on")


@case
def bulk_that_tells_and_raw_two_seconds_later(its: Case) -> None:
    its.bulk(CONFIRMED, notify="on")
    later()
    its.raw(CANCELLED)


@case
def bulk_prepared_and_the_bot_comes_first(its: Case) -> None:
    change = its.client.post(
        reverse("bookings:bulk_prepare"),
        {"of": "bookings", "scope": "chosen", "query": "", "act": "status:2", "booking": [its.booking.pk]},
    )
    its.raw(CANCELLED)
    its.client.post(change["Location"], {"reason": ""})


def test_what_becomes_of_each_change(staff_client, staff):
    staff.first_name, staff.last_name = "Ольга", "Сотрудница"
    staff.save()
    StreamFactory.create()
    for kind in ("booking_confirmed", "booking_cancelled"):
        AutomationFactory.create(kind=kind)
    TelegramUserFactory.create(user_id=77)
    cases = []
    with Database(str(connection.settings_dict["NAME"])).connected() as bots:
        for name, act in CASES.items():
            its = Case(BookingFactory.create(), bots, staff_client)
            act(its)
            cases.append((name, its))
    # Noon of tomorrow: never night, and every change has been long enough ago.
    fire_automations(at=timezone.localtime().replace(hour=12) + timedelta(days=1))

    assert_golden("status_changes.txt", "\n".join(line for name, its in cases for line in _table(name, its)))


def _table(name: str, its: Case) -> Iterator[str]:
    yield f"{name}:"
    for what, rows in (
        ("record", _record),
        ("person's page", _persons_page),
        ("booking's page", _bookings_page),
        ("outbox", _outbox),
        ("event", _events),
    ):
        yield from (f"  {what:15} {row}" for row in rows(its) or ["-"])
    yield ""


def _record(its: Case) -> list[str]:
    rows = apps.get_model("bookings.BookingChange").objects.filter(booking_id=its.booking.pk).order_by("pk")
    return [
        (f"made as {row.status}" if row.is_new else f"{row.was} -> {row.status}")
        + (", told by staff" if row.told_at else "")
        for row in rows
    ]


def _outbox(its: Case) -> list[str]:
    rows = apps.get_model("messaging.Outbox").objects.filter(booking_id=its.booking.pk).order_by("pk")
    return [
        f"{row.kind} {row.state} " + ("by a rule" if row.rule_id else f"by {row.queued_by.get_full_name()}")
        + (f", of the change to {row.change.status}" if row.change_id else "")
        for row in rows
    ]  # fmt: skip


def _events(its: Case) -> list[str]:
    rows = apps.get_model("users.Event").objects.filter(
        event_type="booking_status_changed", details__booking_id=its.booking.pk
    )
    said = []
    for row in rows.order_by("pk"):
        details = {key: value for key, value in row.details.items() if key != "booking_id"}
        under = "the person" if row.telegram_user_id == its.booking.telegram_user_id else "somebody else"
        said.append(f"under {under}: " + ", ".join(f"{key} {value}" for key, value in sorted(details.items())))
    return said


def _persons_page(its: Case) -> list[str]:
    return _entries(its, reverse("users:person_detail", args=[its.booking.telegram_user_id]) + "?kind=status")


def _bookings_page(its: Case) -> list[str]:
    return _entries(its, reverse("bookings:booking_detail", args=[its.booking.pk]))


def _entries(its: Case, address: str) -> list[str]:
    """The entries of a page's story, oldest first: the statuses that each shows, who made it, and why."""
    page = its.client.get(address).content.decode()
    found = re.search(r'<ol class="timeline">(.*?)</ol>', page, re.DOTALL)
    said = []
    for entry in re.findall(r"<li[ >].*?</li>", found[1] if found else "", re.DOTALL):
        text = html.unescape(re.sub(r"<[^>]+>", " ", entry))
        statuses = re.findall("|".join(STATUSES), text)
        who = "Ольга" if "Ольга Сотрудница" in text else "the bot"
        said.append(f"{' -> '.join(statuses)} by {who}" + (", with the reason" if "передумала" in text else ""))
    return said[::-1]
