"""E4: courses and streams described on their pages: places, dates, prices, codes, and new ones."""

from datetime import date
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from bookings.models import Course, Stream
from bookings.services.describing import DescriptionChanged, StreamDescription, change_stream
from tests.factories import BookingFactory, CourseFactory, StreamFactory, UserFactory
from users.models import AuditEntry

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
STREAM = reverse("bookings:stream_detail", args=["9th_stream"])
NEW = reverse("bookings:stream_new")
ADD_COURSE = reverse("bookings:course_new")


@pytest.fixture
def stream(db):
    return StreamFactory.create(code="9th_stream", name="9-й поток", capacity=30, campaign_starts_on=date(2026, 1, 1))


def edit_address(stream):
    return reverse("bookings:stream_edit", args=[stream.pk])


def sent_for(stream, client, **changes):
    form = client.get(edit_address(stream)).context["form"]
    return {name: form[name].value() or "" for name in ("name", "capacity", "starts_on", "seen")} | changes


def test_E3_places_and_dates_are_edited_in_place(staff_client, stream):
    assertContains(staff_client.get(STREAM), f'hx-get="{edit_address(stream)}"')
    piece = staff_client.get(edit_address(stream), headers=HTMX)
    assertContains(piece, '<section class="card" id="stream-facts"')
    assertNotContains(piece, "<h1>")

    sent = sent_for(stream, staff_client, capacity=40, starts_on="2026-12-01")
    answer = staff_client.post(edit_address(stream), sent, headers=HTMX)

    assert answer["HX-Redirect"] == f"{STREAM}?course={stream.course_id}"
    stream.refresh_from_db()
    assert (stream.capacity, stream.starts_on) == (40, date(2026, 12, 1))


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("name", "x" * 101), ("capacity", -1), ("capacity", 10**12), ("starts_on", "31.02.2026"),
     ("starts_on", "20000-01-01"), ("campaign_starts_on", "x")],
)  # fmt: skip
def test_E4_a_wrong_value_is_refused_beside_its_field(staff_client, stream, field, value):
    response = staff_client.post(edit_address(stream), sent_for(stream, staff_client, **{field: value}))

    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]


def test_a_campaign_starts_before_its_stream(staff_client, stream):
    sent = sent_for(stream, staff_client, starts_on="2026-12-01", campaign_starts_on="2026-12-02")

    assertContains(staff_client.post(edit_address(stream), sent), "Набор не может начаться позже", status_code=422)
    assert staff_client.post(edit_address(stream), sent | {"campaign_starts_on": "2026-12-01"}).status_code == 303


def test_a_refused_new_stream_keeps_its_heading(staff_client):
    course = CourseFactory.create()

    refused = staff_client.post(NEW, {"course": course.pk, "code": "10th", "name": ""})

    assertContains(refused, "<h1>Добавить поток</h1>", html=True, status_code=422)
    assertContains(staff_client.get(f"{NEW}?course={course.pk}&code=10th"), "<h1>Описать поток</h1>", html=True)


def test_E4_of_two_editors_the_second_sees_the_first(staff, staff_client, stream):
    sent = sent_for(stream, staff_client, capacity=50)
    now = StreamDescription.of(stream)
    changed = StreamDescription(**{**vars(now), "capacity": 35})
    change_stream(stream=stream, to=changed, seen=now.fingerprint, by=staff)

    conflict = staff_client.post(edit_address(stream), sent)

    assertContains(conflict, "уже изменил кто-то другой", status_code=409)
    assertContains(conflict, "Мест: 35", status_code=409)
    sent["seen"] = conflict.context["form"]["seen"].value()
    staff_client.post(edit_address(stream), sent)
    stream.refresh_from_db()
    assert stream.capacity == 50
    with pytest.raises(DescriptionChanged):
        change_stream(stream=stream, to=changed, seen=now.fingerprint, by=staff)


def test_E4_the_price_is_set_on_the_streams_page_by_who_sees_money(staff_client, stream):
    sent = sent_for(stream, staff_client, price="14990.50", currency="RUB")
    assert staff_client.post(edit_address(stream), sent).status_code == 303
    stream.refresh_from_db()
    assert (stream.price, stream.currency) == (Decimal("14990.50"), "RUB")
    assertContains(staff_client.get(STREAM), "14\xa0990,50\xa0₽")

    staff_client.post(edit_address(stream), sent_for(stream, staff_client, price=""))
    stream.refresh_from_db()
    assert stream.price is None
    assert staff_client.post(edit_address(stream), sent_for(stream, staff_client, price="-1")).status_code == 422
    assert staff_client.post(edit_address(stream), sent_for(stream, staff_client, currency="BTC")).status_code == 422


def test_E4_who_does_not_see_money_leaves_the_price_as_it_is(client, stream):
    Stream.objects.filter(pk=stream.pk).update(price=Decimal(777), currency="EUR")
    editor = UserFactory.create()
    names = ("view_booking", "change_stream")
    editor.user_permissions.set(Permission.objects.filter(codename__in=names, content_type__app_label="bookings"))
    client.force_login(editor)

    page = client.get(edit_address(stream))
    assertNotContains(page, "777")
    assertNotContains(client.get(STREAM), "777")
    sent = sent_for(stream, client, capacity=12) | {"price": "1", "currency": "USD"}
    assert client.post(edit_address(stream), sent).status_code == 303

    stream.refresh_from_db()
    assert (stream.capacity, stream.price, stream.currency) == (12, Decimal(777), "EUR")


def test_E4_a_course_has_one_current_stream(staff_client, stream):
    other = StreamFactory.create(code="8th_stream")
    Stream.objects.update(is_current=False)
    Stream.objects.filter(pk=other.pk).update(is_current=True)

    staff_client.post(edit_address(stream), sent_for(stream, staff_client, is_current="on"))

    assert list(Stream.objects.filter(is_current=True)) == [stream]


def test_E4_a_change_of_a_stream_names_who_made_it(staff, staff_client, stream):
    staff_client.post(edit_address(stream), sent_for(stream, staff_client, capacity=41))

    event = stream.events.select_related("pgh_context").order_by("-pgh_id")[0]
    assert (event.capacity, event.pgh_context.metadata["user"]) == (41, staff.pk)


def test_E4_describing_a_stream_leads_course_managers_to_a_page_of_theirs(stream):
    manager = Client()
    manager.force_login(UserFactory.create(permissions=["bookings.view_booking", "bookings.add_stream"]))
    BookingFactory.create(course_stream="new/code & more")
    address = reverse("bookings:stream_detail", args=["new/code & more"])

    page = manager.get(address)
    assertContains(page, f"{NEW}?course={stream.course_id}&amp;code=new%2Fcode%20%26%20more")
    form = manager.get(NEW, {"course": stream.course_id, "code": "new/code & more"})
    assertContains(form, 'value="new/code &amp; more"')

    sent = {"course": stream.course_id, "code": "new/code & more", "name": "Новый поток", "capacity": 20}
    assert manager.post(NEW, sent)["Location"].startswith(address)
    assert Stream.objects.get(code="new/code & more").name == "Новый поток"


def test_E4_a_described_code_is_not_described_twice(staff_client, stream):
    sent = {"course": stream.course_id, "code": "9th_stream", "name": "Ещё раз"}

    assertContains(staff_client.post(NEW, sent), "уже описан поток с таким кодом", status_code=422)


@pytest.mark.parametrize("code", ["9 поток", "10th stream", "a/b", "х"])
def test_E4_a_code_that_the_bot_does_not_write_is_refused_beside_its_field(staff_client, stream, code):
    sent = {"course": stream.course_id, "code": code, "name": "Поток"}

    page = staff_client.post(NEW, sent)
    admin = staff_client.post(reverse("admin:bookings_stream_add"), sent | {"currency": "USD"})

    for response in (page, admin):
        assertContains(response, "Только латинские буквы, цифры", status_code=response.status_code)
    assert list(page.context["form"].errors) == ["code"]
    assert not Stream.objects.filter(code=code).exists()


def test_E4_the_form_of_a_new_stream_takes_any_address(staff_client):
    assert staff_client.get(NEW, {"course": "x\0", "code": "y" * 500, "next": "//evil.test"}).status_code == 200


def test_E4_a_course_is_described_on_its_page(staff_client, stream):
    address = reverse("bookings:course_edit", args=[stream.course_id])
    assertContains(staff_client.get(reverse("bookings:workshop_list")), address)
    page = staff_client.get(address)
    assertContains(page, "9-й поток")

    sent = {"name": "Вайб кодинг 2", "button_text": "Вайб", "price": "149.99", "start_date_text": "в декабре"}
    sent |= {"is_active": "on", "seen": page.context["form"]["seen"].value(), "description": ""}
    assert staff_client.post(address, sent).status_code == 303

    course = Course.objects.get(pk=stream.course_id)
    assert (course.name, course.price_usd_cents, course.is_active) == ("Вайб кодинг 2", 14999, True)
    assert staff_client.post(address, sent).status_code == 409  # seen before that change


def test_E4_a_course_is_added_and_leads_to_its_streams(staff, staff_client, stream):
    assertContains(staff_client.get(reverse("bookings:workshop_list")), ADD_COURSE)
    sent = {"name": "Боты на Python", "button_text": "Боты", "price": "99.50", "description": "", "start_date_text": ""}

    response = staff_client.post(ADD_COURSE, sent)

    course = Course.objects.get(name="Боты на Python")
    assert response["Location"] == reverse("bookings:course_edit", args=[course.pk])
    assert (course.button_text, course.price_usd_cents, course.is_active) == ("Боты", 9950, False)
    assert AuditEntry.objects.filter(what="courses.insert", object_id=course.pk, done_by=staff).count() == 1
    page = staff_client.get(reverse("bookings:workshop_list"))
    assertContains(page, "У этого курса ещё не описан ни один поток")
    again = staff_client.post(ADD_COURSE, sent | {"name": "боты на python"})
    assertContains(again, "Курс с таким названием уже есть", status_code=422)


def test_E4_a_wrong_new_course_is_not_added(staff_client):
    response = staff_client.post(ADD_COURSE, {"name": "Курс", "button_text": "", "price": "-1"})

    assert response.status_code == 422
    assert list(response.context["form"].errors) == ["button_text", "price"]
    assert not Course.objects.filter(name="Курс").exists()


@pytest.mark.parametrize(
    ("field", "value"), [("name", ""), ("price", "-1"), ("price", "x"), ("button_text", "x" * 101)]
)
def test_E4_a_wrong_value_of_a_course_is_refused_beside_its_field(staff_client, field, value):
    course = CourseFactory.create()
    address = reverse("bookings:course_edit", args=[course.pk])
    sent = {"name": "Курс", "button_text": "Курс", "price": "10", field: value}

    response = staff_client.post(address, sent)

    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
