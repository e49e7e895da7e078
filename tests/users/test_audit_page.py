"""G8: the audit as a page: in words, searched, filtered, as a file; for administrators alone."""

import re
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import product
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from bookings.models import Booking
from bookings.services.statuses import change_booking_status
from hsl_dashboard.db import run_sql
from messaging.models import Broadcast
from tests.factories import BookingFactory, BroadcastFactory, TelegramUserFactory, UserFactory
from tests.sizes import is_sampled
from users.audit import walking
from users.audit.filters import AuditFilter
from users.audit.walking import NEWEST_FIRST, audit_page
from users.audit.words import ACTS, DONE_TO_ROWS, act_in_words, changes_in_words
from users.models import ApiToken, AuditEntry, Tag
from users.models.audit import record
from users.services import block_person
from users.staff.roles import VIEWER

pytestmark = pytest.mark.django_db

PAGE = "/audit/"


@pytest.fixture
def changed(staff):
    booking = BookingFactory.create(confirmed=Booking.Status.PENDING)
    change_booking_status(booking=booking, to=2, by=staff, at=timezone.now(), reason="Оплата пришла")
    return booking


def shown(client, **query):
    return client.get(PAGE, query).context["lines"]


def test_a_change_of_status_says_who_what_whom_and_both_values(staff_client, staff, changed):
    [line] = [line for line in shown(staff_client, what="bookings") if line.entry.what == "bookings.status"]

    assert (line.who, line.person, line.entry.reason) == ("anna", changed.telegram_user, "Оплата пришла")
    assert line.address == reverse("bookings:booking_detail", args=[changed.pk])
    assert [(change.label, change.was, change.now) for change in line.changes] == [
        ("статус", "В ожидании", "Подтверждено")
    ]
    assert "Оплата пришла" in staff_client.get(PAGE).text


def test_a_change_by_raw_sql_is_the_bots_and_shows_what_was(staff_client):
    booking = BookingFactory.create(discount_percent=10)
    run_sql("UPDATE bookings SET discount_percent = 25 WHERE id = %s", [booking.pk])

    [line] = [line for line in shown(staff_client, q=str(booking.pk)) if line.entry.what == "bookings.update"]

    assert line.who == ""
    assert [(change.was, change.now) for change in line.changes] == [("10", "25")]
    assert "бот или фоновая задача" in staff_client.get(PAGE, {"q": str(booking.pk)}).text


def test_a_row_without_history_shows_the_columns_of_the_line(staff_client, staff):
    other = UserFactory.create(username="boris", is_active=True)
    other.is_active = False
    other.save()

    [line] = [line for line in shown(staff_client, what="staff_user") if line.entry.what == "staff_user.update"]

    assert line.number == str(other.pk)
    assert [(change.was, change.now) for change in line.changes] == [("да", "нет")]


def test_what_is_deleted_is_shown_as_it_was(staff_client):
    Tag.objects.create(name="Рассрочка").delete()

    lines = shown(staff_client, what="users_tag")

    assert any(change.was == "Рассрочка" and change.now is None for line in lines for change in line.changes)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"by": "none"}, False),
        ({"person": "@nobody_at_all"}, False),
        ({"what": "sign_in.done"}, False),
        ({"until": "2020-01-01"}, False),
        ({"since": "2020-01-01"}, True),
        ({"what": "bookings"}, True),
        ({"q": "оплата"}, True),
    ],
)
def test_each_filter_narrows_to_what_it_says(staff_client, changed, query, found):
    assert ("bookings.status" in [line.entry.what for line in shown(staff_client, **query)]) is found


def test_what_is_chosen_among_acts_and_tables_and_shown_in_words(staff_client, staff, changed):
    page = staff_client.get(PAGE, {"what": "refused", "by": staff.pk})
    offered = re.findall(r"<option value=\"([^\"]*)\"", page.text)

    assertContains(page, '<option value="refused" selected>Нет доступа к странице</option>', html=True)
    assert [word.value for word in page.context["active_filters"]] == ["anna", "Нет доступа к странице"]
    assert {"refused", "bookings", "staff_user"} <= set(offered)
    assert "users_sealedday" not in offered  # it has no lines
    assert offered.count("") == 2  # «everybody» and «everything», each once


def test_one_is_found_by_who_did_it_and_by_whom_it_is_about(staff_client, staff, changed):
    for query in ({"by": staff.pk}, {"person": changed.telegram_user_id}, {"person": changed.telegram_user.username}):
        assert "bookings.status" in [line.entry.what for line in shown(staff_client, **query)]


def test_pages_walk_every_line_once(staff_client):
    for number in range(120):
        record("refused", data={"path": f"/{number}/"})
    seen, query = [], {"what": "refused"}
    while True:
        response = staff_client.get(PAGE, query)
        seen += [line.entry.pk for line in response.context["lines"]]
        if not response.context["page"].after:
            break
        query["after"] = response.context["page"].after

    assert len(seen) == len(set(seen)) == 120
    assert seen == sorted(seen, reverse=True)


def test_a_page_asks_a_fixed_number_of_questions(staff_client, staff, django_assert_max_num_queries):
    for number in range(30):
        booking = BookingFactory.create()
        Booking.objects.filter(pk=booking.pk).update(discount_percent=number + 1)
        block_person(person=booking.telegram_user, by=staff, at=timezone.now(), reason=f"№ {number}")
    BroadcastFactory.create()
    staff_client.get(PAGE)

    with django_assert_max_num_queries(12):
        staff_client.get(PAGE)


def test_what_differs_in_two_long_texts_is_in_sight():
    text = "Мы начинаем в семь. " * 20

    [change] = changes_in_words(
        "message_history", {"message_text": f"{text}завтра"}, {"message_text": f"{text}сегодня"}
    )

    assert change.was and change.was.startswith("…") and change.was.endswith("завтра")
    assert change.now and change.now.endswith("сегодня") and len(change.now) < 60


def test_fifty_lines_weigh_as_a_list_may(staff_client, staff):
    """Of what weighs most: messages, which have many fields, made and then edited in a long text."""
    for number in range(25):
        broadcast = BroadcastFactory.create(message_text=f"{number}. {'Мы начинаем ' * 90}", state="draft")
        Broadcast.objects.filter(pk=broadcast.pk).update(message_text=f"{'Мы начинаем ' * 90} {number}")

    for address in (PAGE, f"{PAGE}?what=message_history", reverse("admin:users_auditentry_changelist")):
        assert len(staff_client.get(address).content) <= 60_000, address


FILTERS = [{"q": "221"}, {"by": "1"}, {"what": "bookings"}, {"what": "refused"}, {"person": "5"}, {}]


@pytest.mark.parametrize("query", FILTERS)
def test_each_filter_walks_an_index(query):
    data = QueryDict(urlencode(query))
    rows = AuditFilter(data, queryset=AuditEntry.objects.all())
    assert rows.is_valid() or query.get("by")
    run_sql("SET LOCAL enable_seqscan = off")

    assert "Seq Scan" not in rows.qs.order_by(*NEWEST_FIRST.order())[:51].explain()


@pytest.fixture
def mixed(staff, monkeypatch) -> None:
    """Lines of every kind in turn; a page looks at nine of them, and finds up to three by a search at once."""
    monkeypatch.setattr("users.audit.walking.WALKED", 9)
    monkeypatch.setattr("users.audit.walking.RARE", 3)
    people = TelegramUserFactory.create_batch(2)
    began = datetime(2026, 11, 1, tzinfo=UTC)
    for number in range(70):
        AuditEntry.objects.create(
            at=began + timedelta(hours=number // 2),  # two at each moment: their numbers decide
            done_by=staff if number % 3 == 0 else None,
            what="refused" if number % 4 == 0 else "bookings.update",
            object_table="" if number % 4 == 0 else "bookings",
            object_id=str(number % 9),
            telegram_user=people[number % 2],
            reason="Оплата пришла" if number % 5 == 0 else "",
            address="10.0.0.7" if number % 6 == 0 else "",
            request=f"r{number}",
        )


def walked_pages(data: QueryDict, *, backwards: bool) -> list[list[int]]:
    pages: list[list[int]] = []
    place = {"before": "end" if backwards else "", "after": ""}
    while len(pages) < 80:
        page = audit_page(AuditFilter(data, queryset=AuditEntry.objects.all()), **place, size=4)
        pages.append([entry.pk for entry in page.rows])
        assert len(page.rows) == 4 or page.looked_to or not (page.before if backwards else page.after)
        if not (page.before if backwards else page.after):
            return pages[::-1] if backwards else pages
        place = {"before": page.before, "after": ""} if backwards else {"before": "", "after": page.after}
    raise AssertionError("it does not end")


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("search", ["", "опла", "оплата пришла", "10.0.0.7", "7", "r12", "nothing", "—"])
def test_any_filters_together_are_walked_in_short_steps_without_losing_a_line(mixed, staff, search, backwards):
    person = str(AuditEntry.objects.latest("pk").telegram_user_id)
    for who, what, whom in product(["", "none", str(staff.pk)], ["", "refused", "bookings"], ["", person]):
        for period in ({"until": "2026-11-09"}, {"since": "2026-11-02", "until": "2026-11-02"}):
            if not is_sampled(search, backwards, who == "", what, whom == "", period, one_in=3):
                continue
            data = QueryDict(urlencode({"q": search, "by": who, "what": what, "person": whom, **period}))
            whole = AuditFilter(data, queryset=AuditEntry.objects.all()).qs.order_by(*NEWEST_FIRST.order())

            pages = walked_pages(data, backwards=backwards)

            assert [pk for page in pages for pk in page] == list(whole.values_list("pk", flat=True)), data


def test_the_page_before_a_step_begins_where_the_step_did(mixed):
    data = QueryDict("what=refused&by=none&q=10.0.0.7")
    asked = partial(audit_page, AuditFilter(data, queryset=AuditEntry.objects.all()), size=4)
    first = asked(before="", after="")
    second = asked(before="", after=first.after)

    again = asked(before=second.before, after="")

    assert [entry.pk for entry in again.rows] == [entry.pk for entry in first.rows]


def test_a_page_that_found_nothing_yet_says_how_far_it_looked_and_leads_on(staff_client, mixed):
    response = staff_client.get(PAGE, {"what": "bookings", "by": "none", "q": "10.0.0.7"})
    page = response.context["page"]

    assert page.rows == [] and page.looked_to
    assertContains(response, "Пока ничего не найдено")
    assertContains(response, f"after={page.after}")
    assertNotContains(response, "Фильтру не соответствует")


@pytest.mark.owner  # of ANALYZE
def test_common_words_are_told_from_rare_ones_by_the_statistics(monkeypatch):
    monkeypatch.setattr("users.audit.walking.RARE", 100)
    with connection.cursor() as cursor:  # the rows of earlier tests are rolled back, and their pages are counted still
        cursor.execute("TRUNCATE users_auditentry")
    AuditEntry.objects.bulk_create(
        AuditEntry(what="bookings.status", reason="Оплата пришла" if number % 9 else f"слово{number}")
        for number in range(900)
    )
    run_sql("ANALYZE users_auditentry")

    assert walking._are_common("оплата") and walking._are_common("пришла оплата")
    assert not walking._are_common("слово9") and not walking._are_common("оплата слово9")
    with connection.cursor() as cursor:  # no rollback takes back what ANALYZE wrote about the size of a table
        cursor.execute("DELETE FROM users_auditentry WHERE what = 'bookings.status'; ANALYZE users_auditentry")


def test_the_file_holds_the_filtered_lines_and_is_a_line_itself(staff_client, staff, changed):
    response = staff_client.post("/audit/export/?what=bookings", {"format": "csv"})
    text = b"".join(response.streaming_content).decode()

    assert "Оплата пришла" in text
    assert "статус: В ожидании → Подтверждено" in text
    assert AuditEntry.objects.filter(what="users_peopleexport.insert", done_by=staff).count() == 1
    assert staff_client.post("/audit/export/?since=x", {"format": "csv"}).status_code == 400
    assert staff_client.post("/audit/export/", {"format": "exe"}).status_code == 400


def test_hostile_lines_break_nothing(staff_client):
    record("<script>.insert", data={"<b>": "<script>alert(1)</script>", "old": 5, "new": [1]})
    AuditEntry.objects.create(
        what="bookings.update", object_table="bookings", object_id="²", record_table="gone", record_id=1
    )
    AuditEntry.objects.create(what="x.update", object_table="no such", data=["a list"])
    AuditEntry.objects.create(
        what="bookings.update", object_table="bookings", object_id="7", data={"old": {"created_at": "infinity"}}
    )

    response = staff_client.get(PAGE)

    assert response.status_code == 200
    assert "<script>alert" not in response.text


def test_every_act_has_words():
    for what in ACTS:
        assert act_in_words(what) != what
    for done in DONE_TO_ROWS:
        assert act_in_words(f"bookings.{done}").startswith("Бронирование: ")
    assert act_in_words("something.else") == "something.else"


@pytest.mark.parametrize(
    "address", ["/audit/?since=x", "/messages/blocked/?since=x", "/inbox/?of=x", "/users/?sort=x&status=x"]
)
def test_what_is_wrong_with_a_filter_is_told_once_below_it(staff_client, address):
    page = staff_client.get(address).content.decode()

    assert page.count("filter-errors") == 1


def test_accounts_and_groups_stand_in_the_audit_by_name_and_moments_in_moscow_time(staff_client, staff):
    colleague = UserFactory.create(username="vera")
    colleague.groups.add(Group.objects.get(name=VIEWER))
    ApiToken.objects.create(owner=colleague, name="spreadsheet", digest="-", scopes=["read"])
    record("payment.put_off", data={"until": "2026-11-30T22:46:39.544361+00:00"})

    page = staff_client.get(PAGE).content.decode()

    assert "<ins>vera</ins>" in page
    assert "<ins>Наблюдатель</ins>" in page
    assert "<ins>01.12.2026 01:46</ins>" in page
