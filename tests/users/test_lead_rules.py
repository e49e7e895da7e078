"""Leads by rules that administrators set: as plain Python counts them, on pages and in audiences alike."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from hsl_dashboard.db import run_sql
from messaging.audiences.criteria import Leads
from tests import bot_database
from tests.factories import BookingFactory, EventFactory, TelegramUserFactory, UserFactory
from users import leads as leads_module
from users.leads import (
    BEFORE_EVERYBODY,
    RulesEdited,
    apply_lead_rules,
    change_lead_rules,
    lead_activity,
    values_of,
)
from users.models import (
    LEAD_THRESHOLDS,
    LEAD_WINDOW,
    AuditEntry,
    Event,
    LeadRules,
    LeadTemperature,
    PersonTotals,
)
from users.models.events import NOT_THEIR_OWN
from users.staff.roles import ADMINISTRATOR, ROLES
from users.totals import fold_marked_people

pytestmark = pytest.mark.django_db

PAGE = reverse("users:lead_rules")
MOSCOW = ZoneInfo("Europe/Moscow")
USUAL = values_of(LeadRules(pk=1))
WIDE = {"window_days": 30, "hot_events": 12, "hot_days": 2, "warm_events": 6, "warm_days": 1, "cool_events": 2}


def expected(rules: LeadRules) -> dict[int, tuple[int, int, int]]:
    """Everybody's temperature, events and days, from rows alone."""
    first = timezone.now().astimezone(MOSCOW).date() - timedelta(days=rules.window_days - 1)
    did: dict[int, Counter[date]] = {}
    for person, kind, at in Event.objects.values_list("telegram_user_id", "event_type", "created_at"):
        if at is not None and kind not in NOT_THEIR_OWN and (day := at.astimezone(MOSCOW).date()) >= first:
            did.setdefault(person, Counter())[day] += 1
    found = {}
    for person in PersonTotals.objects.values_list("pk", flat=True):
        days = did.get(person, Counter())
        if days.total() >= rules.hot_events and len(days) >= rules.hot_days:
            degree = LeadTemperature.HOT
        elif days.total() >= rules.warm_events and len(days) >= rules.warm_days:
            degree = LeadTemperature.WARM
        elif days.total() >= rules.cool_events:
            degree = LeadTemperature.COOL
        else:
            degree = LeadTemperature.COLD
        found[person] = (int(degree), days.total(), len(days))
    return found


def students() -> set[int]:
    return set(BookingFactory._meta.model.objects.filter(confirmed=2).values_list("telegram_user_id", flat=True))


def agrees(rules: LeadRules) -> None:
    numbers = expected(rules)
    paid = students()
    kept = dict(PersonTotals.objects.values_list("pk", "temperature"))
    assert kept == {pk: -1 if pk in paid else degree for pk, (degree, _events, _days) in numbers.items()}
    why = lead_activity(kept, rules)
    assert {pk: (one.events, one.days) for pk, one in why.items()} == {
        pk: (events, days) for pk, (_degree, events, days) in numbers.items()
    }


@pytest.fixture
def busy_people() -> None:
    dice = Random(7)
    today = timezone.now().astimezone(MOSCOW).date()
    edges = [time(0, 0, 0), time(23, 59, 59), time(12, 0)]
    for person in TelegramUserFactory.create_batch(12):
        for _ in range(dice.choice([0, 3, 6, 12, 25])):
            day = today - timedelta(days=dice.choice([1, 2, 3, 4, 5, 6, 7, 8, 28, 29, 30, 31]))
            at = datetime.combine(day, dice.choice(edges), tzinfo=MOSCOW)
            kind = dice.choice(["start_command", "view_program", "something_new", *NOT_THEIR_OWN[:2]])
            EventFactory.create(telegram_user=person, event_type=kind, created_at=at)
    BookingFactory.create(telegram_user=person, confirmed=2)
    fold_marked_people()


def test_without_rules_the_usual_ones_stand(busy_people):
    assert not LeadRules.objects.exists()
    assert {
        "window_days": LEAD_WINDOW,
        **{
            f"{name}_{part}": LEAD_THRESHOLDS[degree][number]
            for name, degree in (("hot", LeadTemperature.HOT), ("warm", LeadTemperature.WARM))
            for number, part in enumerate(("events", "days"))
        },
        "cool_events": LEAD_THRESHOLDS[LeadTemperature.COOL][0],
    } == USUAL

    agrees(LeadRules(pk=1))


@pytest.mark.parametrize("rules", [WIDE, {**USUAL, "window_days": 1, "hot_days": 1, "warm_days": 1}])
def test_a_change_counts_everybody_anew(busy_people, staff, rules):
    change_lead_rules(to=rules, seen=USUAL, by=staff)
    assert LeadRules.read().is_recounting

    assert apply_lead_rules()

    assert not LeadRules.read().is_recounting
    agrees(LeadRules.read())


def test_the_dump_is_counted_as_plain_python_counts_it(staff):
    bot_database.load("users", "courses", "bookings", "events")
    change_lead_rules(to={**WIDE, "window_days": 60}, seen=USUAL, by=staff)

    apply_lead_rules()

    agrees(LeadRules.read())
    assert PersonTotals.objects.filter(temperature__gt=0).count() > 10


def test_new_events_are_counted_by_the_new_rules(staff):
    change_lead_rules(to={**USUAL, "cool_events": 1}, seen=USUAL, by=staff)

    person = EventFactory.create(created_at=timezone.now()).telegram_user
    fold_marked_people()

    assert PersonTotals.objects.get(pk=person.pk).temperature == LeadTemperature.COOL


def test_the_recount_goes_on_where_it_stopped_and_begins_anew_after_a_change(busy_people, staff, monkeypatch):
    monkeypatch.setattr(leads_module, "PEOPLE_AT_ONCE", 5)
    change_lead_rules(to=WIDE, seen=USUAL, by=staff)

    assert not apply_lead_rules(batches=1)
    there = LeadRules.read().recounted_to
    assert there == sorted(PersonTotals.objects.values_list("pk", flat=True))[4]
    change_lead_rules(to=USUAL, seen=WIDE, by=staff)
    assert LeadRules.read().recounted_to == BEFORE_EVERYBODY

    assert apply_lead_rules()
    agrees(LeadRules.read())


def test_of_two_changes_the_second_is_told(staff):
    change_lead_rules(to=WIDE, seen=USUAL, by=staff)

    with pytest.raises(RulesEdited):
        change_lead_rules(to={**USUAL, "hot_events": 99}, seen=USUAL, by=staff)

    assert values_of(LeadRules.read()) == WIDE


def test_there_is_one_row_of_rules():
    with pytest.raises(IntegrityError), transaction.atomic():
        LeadRules.objects.create(pk=2)


# The page -------------------------------------------------------------------------------------------------------------


def form(**values: object) -> dict[str, Any]:
    return {**USUAL, "seen": ",".join(map(str, USUAL.values())), **values}


def test_an_administrator_sets_the_rules(staff_client, staff, busy_people):
    response = staff_client.post(PAGE, form(**WIDE))

    assert (response.status_code, response["Location"]) == (302, PAGE)
    assert values_of(LeadRules.read()) == WIDE
    assertContains(staff_client.get(PAGE), "пересчитываем…")
    assertContains(staff_client.get("/users/"), "пересчитываем…")
    apply_lead_rules()
    assertNotContains(staff_client.get(PAGE), "пересчитываем…")
    assertNotContains(staff_client.get("/users/"), "пересчитываем…")
    assertContains(staff_client.get("/users/"), "событий от 12, разных дней от 2")
    line = AuditEntry.objects.filter(what="users_leadrules.update").latest("pk")
    assert (line.done_by, line.record_table) == (staff, "users_leadrulesevent")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"hot_events": "4"}, "hot_events"),
        ({"warm_events": "4"}, "hot_events"),
        ({"hot_days": "2"}, "hot_days"),
        ({"window_days": "4"}, "window_days"),
        ({"window_days": "0"}, "window_days"),
        ({"window_days": "61"}, "window_days"),
        ({"cool_events": "-1"}, "cool_events"),
        ({"cool_events": "9" * 30}, "cool_events"),
        ({"seen": "1,2"}, "seen"),
        ({"seen": "x" * 5000}, "seen"),
    ],
)
def test_rules_that_make_no_sense_are_refused(staff_client, values, field):
    response = staff_client.post(PAGE, form(**values))

    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert not LeadRules.objects.exists()


def test_a_page_that_was_open_too_long_is_told(staff_client, staff):
    change_lead_rules(to=WIDE, seen=USUAL, by=staff)

    response = staff_client.post(PAGE, form(hot_events="50"))

    assertContains(response, "Кто-то уже изменил правила", status_code=409)
    assert values_of(LeadRules.read()) == WIDE


@pytest.mark.parametrize("role", ROLES)
def test_everybody_reads_the_rules_and_administrators_set_them(client, role):
    user = UserFactory.create()
    user.groups.add(Group.objects.get(name=role))
    client.force_login(user)

    page = client.get(PAGE)

    assert page.status_code == 200
    assert ("Сохранить" in page.content.decode()) is (role == ADMINISTRATOR)
    assert client.post(PAGE, form()).status_code == (302 if role == ADMINISTRATOR else 403)


def test_every_count_leads_to_as_many_people_and_to_the_audience(staff_client, busy_people, staff):
    change_lead_rules(to=WIDE, seen=USUAL, by=staff)
    apply_lead_rules()
    names = {LeadTemperature.HOT: "hot", LeadTemperature.WARM: "warm", LeadTemperature.COOL: "cool"}

    degrees = staff_client.get(PAGE).context["degrees"]

    assert sum(degree["count"] for degree in degrees) > 3
    for degree in degrees:
        listed = staff_client.get(degree["address"]).context["page"].rows
        audience = Leads(names[LeadTemperature(degree["value"])]).people(at=timezone.now())
        assert {row.pk for row in listed} == {row["pk"] for row in audience}
        assert len(listed) == degree["count"]


def test_the_list_and_the_persons_page_say_why(staff_client):
    person = TelegramUserFactory.create()
    now = datetime.now(UTC)
    for days in (0, 1, 2):
        for _ in range(4):
            EventFactory.create(telegram_user=person, created_at=now - timedelta(days=days))

    assertContains(staff_client.get("/users/"), "12 соб., 3 дн.")
    assertContains(staff_client.get(f"/users/{person.pk}/"), "за 3 дня из последних 7")


def test_the_function_is_asked_for_a_person_without_events():
    person = TelegramUserFactory.create()

    assert run_sql("SELECT temperature, cools_on FROM person_temperature(%s)", [person.pk]) == [(0, None)]
