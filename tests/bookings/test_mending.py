"""E5, E6: a booking is edited on its page; problems are mended where they are listed, and counted in the navigation."""

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from bookings.models import Booking, ReferralCoupon, Stream
from bookings.services.doubles import DoublesChanged, keep_one_booking
from bookings.tasks import count_problems
from hsl_dashboard.web.navigation import frame_key
from messaging.models import Outbox
from tests.factories import BookingFactory, CourseFactory, ReferralCouponFactory, StreamFactory
from tests.signing_in import client_with

pytestmark = pytest.mark.django_db

PROBLEMS = reverse("bookings:data_quality")
ON_PROBLEMS = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{PROBLEMS}?kind=statuses"}


@pytest.fixture(autouse=True)
def _described_stream(db):
    StreamFactory.create()
    StreamFactory.create(code="9th_stream", name="9-й поток")


def page_of_booking(booking):
    return reverse("bookings:booking_detail", args=[booking.pk])


def edit_address(booking):
    return reverse("bookings:booking_edit", args=[booking.telegram_user_id, booking.pk])


def on_page(booking):
    return {"HX-Request": "true", "HX-Current-URL": f"http://testserver{page_of_booking(booking)}"}


def form_of(client, booking, **changes):
    form = client.get(edit_address(booking)).context["form"]
    names = ("course_stream", "confirmed", "discount_percent", "referral_code", "seen")
    return {name: "" if form[name].value() is None else form[name].value() for name in names} | changes


# E5: the booking's page -----------------------------------------------------------------------------------------------


def test_E5_the_page_of_a_booking_edits_everything_in_place(staff_client, booking):
    ReferralCouponFactory.create(code="FRIEND10")
    assertContains(staff_client.get(page_of_booking(booking)), f'hx-get="{edit_address(booking)}"')
    form = staff_client.get(edit_address(booking), headers=on_page(booking))
    assertContains(form, f'id="booking-{booking.pk}"')
    seen = form.context["form"]["seen"].value()

    sent = {"seen": seen, "course_stream": "9th_stream", "confirmed": 2, "discount_percent": 15}
    sent |= {"referral_code": "FRIEND10", "notify": "on", "next": page_of_booking(booking)}
    answer = staff_client.post(edit_address(booking), sent, headers=on_page(booking))

    assert (answer["HX-Retarget"], answer["HX-Reswap"]) == ("#booking", "outerHTML")
    assertContains(answer, 'id="booking"')
    assertContains(answer, "9-й поток")
    booking.refresh_from_db()
    assert (booking.course_stream, booking.confirmed, booking.discount_percent) == ("9th_stream", 2, 15)
    assert booking.referral_code == "FRIEND10"
    assert Outbox.objects.count() == 1


def test_E5_leaving_the_form_brings_the_facts_back(staff_client, booking):
    address = reverse("bookings:person_booking", args=[booking.telegram_user_id, booking.pk])

    answer = staff_client.get(address, headers=on_page(booking))

    assert answer["HX-Retarget"] == "#booking"
    assertContains(answer, 'id="booking-facts"')


def test_E5_without_javascript_saving_leads_back_to_the_booking(staff_client, booking):
    sent = form_of(staff_client, booking, discount_percent=20, next=page_of_booking(booking))

    assert staff_client.post(edit_address(booking), sent)["Location"] == page_of_booking(booking)


def test_E5_who_may_only_look_is_offered_no_form(booking):
    client = client_with("bookings.view_booking", "users.view_telegramuser")

    assertNotContains(client.get(page_of_booking(booking)), edit_address(booking))


# E6: two active bookings ----------------------------------------------------------------------------------------------


@pytest.fixture
def doubles():
    first = BookingFactory.create(course_stream="8th_stream", confirmed=1)
    person = first.telegram_user
    return [
        first,
        BookingFactory.create(telegram_user=person, course_stream="9th_stream", confirmed=2),
        BookingFactory.create(telegram_user=person, course_stream=None, confirmed=None),
    ]


def keep_address(booking):
    return reverse("bookings:booking_keep", args=[booking.pk])


def test_E6_doubles_are_told_apart_by_stream_and_date_and_decided_in_place(staff_client, doubles):
    page = staff_client.get(PROBLEMS, {"kind": "doubles"})

    assertContains(page, "9-й поток")
    assertContains(page, "02.11.2026 15:30", count=3)
    for booking in doubles:
        assertContains(page, keep_address(booking))


def test_E6_one_is_kept_and_the_others_are_cancelled_together(staff_client, doubles):
    first, kept, third = doubles
    question = staff_client.get(keep_address(kept), headers=ON_PROBLEMS)
    assertContains(question, f"Оставить №\u00a0{kept.pk}, остальные отменить?")
    assertContains(question, "запись на курс «Вайб кодинг» отменена")

    sent = {"seen": question.context["seen"], "reason": "дубль", "notify": "on", "next": f"{PROBLEMS}?kind=doubles"}
    answer = staff_client.post(keep_address(kept), sent, headers=ON_PROBLEMS)

    assert answer["HX-Redirect"] == f"{PROBLEMS}?kind=doubles"
    assert dict(Booking.objects.values_list("pk", "confirmed")) == {first.pk: -1, kept.pk: 2, third.pk: -1}
    assert set(Outbox.objects.values_list("booking", "kind")) == {
        (first.pk, "booking_cancelled"),
        (third.pk, "booking_cancelled"),
    }
    assert first.changes.get(status=-1).reason == "дубль"


def test_E6_nothing_is_cancelled_that_has_changed_since_it_was_seen(staff, staff_client, doubles):
    first, kept, _third = doubles
    seen = staff_client.get(keep_address(kept)).context["seen"]
    Booking.objects.filter(pk=first.pk).update(confirmed=2)

    assert staff_client.post(keep_address(kept), {"seen": seen}).status_code == 409
    with pytest.raises(DoublesChanged):
        keep_one_booking(booking=kept, cancel={first.pk: 2}, by=staff, at=timezone.now())

    assert not Booking.objects.cancelled().exists()


@pytest.mark.parametrize("seen", ["", "x", "1:2:3", "1:x", f"{'9' * 30}:1"])
def test_E6_nonsense_cancels_nothing(staff_client, doubles, seen):
    assert staff_client.post(keep_address(doubles[0]), {"seen": seen}).status_code in {409, 422}
    assert not Booking.objects.cancelled().exists()


def test_E6_a_single_booking_has_nothing_to_decide(staff_client, booking):
    BookingFactory.create(telegram_user=booking.telegram_user, course=CourseFactory.create(name="Другой курс"))

    assertContains(staff_client.get(keep_address(booking)), "Других активных бронирований этого курса у человека нет")


# E6: the other problems -----------------------------------------------------------------------------------------------


def test_E6_an_unknown_status_is_set_over_the_list(staff_client):
    booking = BookingFactory.create(confirmed=77)
    address = reverse("bookings:booking_status", args=[booking.pk])
    assertContains(staff_client.get(PROBLEMS, {"kind": "statuses"}), f'href="{address}?expected=77"')

    sent = {"to": 1, "expected": 77, "next": f"{PROBLEMS}?kind=statuses"}
    answer = staff_client.post(address, sent, headers=ON_PROBLEMS)

    assert answer["HX-Redirect"] == f"{PROBLEMS}?kind=statuses"
    assert Booking.objects.get().confirmed == 1


def test_E6_a_stream_is_chosen_over_the_list(staff_client):
    booking = BookingFactory.create(course_stream=None, confirmed=2)
    assertContains(staff_client.get(PROBLEMS, {"kind": "no-stream"}), f'href="{edit_address(booking)}" aria-haspopup')

    form = staff_client.get(edit_address(booking), headers=ON_PROBLEMS)
    assertContains(form, '<dialog id="edit-dialog"')
    assertContains(form, 'hx-target="#overlay"')
    sent = form_of(staff_client, booking, course_stream="9th_stream", next=f"{PROBLEMS}?kind=no-stream")
    answer = staff_client.post(edit_address(booking), sent, headers=ON_PROBLEMS)

    assert answer["HX-Redirect"] == f"{PROBLEMS}?kind=no-stream"
    assert Booking.objects.get().course_stream == "9th_stream"


def test_E6_an_unknown_stream_is_described_and_leads_back(staff_client):
    booking = BookingFactory.create(course_stream="99th_stream")
    page = staff_client.get(PROBLEMS, {"kind": "streams"})
    assertContains(page, reverse("bookings:stream_new"))
    assertNotContains(page, "/admin/bookings/stream/")

    sent = {"course": booking.course_id, "code": "99th_stream", "name": "99-й", "next": f"{PROBLEMS}?kind=streams"}
    assert staff_client.post(reverse("bookings:stream_new"), sent)["Location"] == f"{PROBLEMS}?kind=streams"

    assert Stream.objects.filter(code="99th_stream").exists()


def limit_address(coupon):
    return reverse("bookings:coupon_limit", args=[coupon.pk])


def test_E6_the_limit_of_a_coupon_is_raised_over_the_list(staff_client):
    coupon = ReferralCouponFactory.create(current_activations=7, max_activations=5)
    assertContains(staff_client.get(PROBLEMS, {"kind": "coupons"}), limit_address(coupon))

    too_low = staff_client.post(limit_address(coupon), {"max_activations": 6, "seen": 5})
    stale = staff_client.post(limit_address(coupon), {"max_activations": 9, "seen": 4})
    done = staff_client.post(limit_address(coupon), {"max_activations": 9, "seen": 5}, headers=ON_PROBLEMS)

    assert (too_low.status_code, stale.status_code) == (422, 409)
    assert done["HX-Redirect"].startswith(PROBLEMS)
    assert ReferralCoupon.objects.get().max_activations == 9


def test_E6_who_may_change_nothing_sees_no_button():
    BookingFactory.create(confirmed=77, course_stream="99th_stream")
    client = client_with("bookings.view_booking")

    for kind in ("statuses", "streams"):
        page = client.get(PROBLEMS, {"kind": kind}, headers={"HX-Request": "true"})
        assertNotContains(page, "aria-haspopup")
        assertNotContains(page, reverse("bookings:stream_new"))


# E6: the number in the navigation -------------------------------------------------------------------------------------


def count_shown(client):
    links = client.get(reverse("bookings:booking_list")).context["navigation_links"]
    return next(link.badge for link in links if link.address == PROBLEMS)


def test_E6_the_navigation_says_how_many_problems_there_are(staff, staff_client, doubles):
    assert count_shown(staff_client) == 0  # nobody has counted

    count_problems()
    cache.delete(frame_key(staff))  # ten seconds later
    counted = count_shown(staff_client)

    assert counted == 2  # the doubles, and one of them has an unknown status
    assertContains(staff_client.get(reverse("bookings:booking_list")), f'<span class="count">{counted}<span')


def test_E6_the_page_of_problems_counts_anew(staff_client):
    booking = BookingFactory.create(confirmed=77)
    count_problems()
    Booking.objects.filter(pk=booking.pk).update(confirmed=1)

    assertNotContains(staff_client.get(PROBLEMS), '<span class="count">1<span')
    assert count_shown(staff_client) == 0


def test_E6_the_number_leaves_out_what_one_may_not_see(staff_client):
    ReferralCouponFactory.create(current_activations=9)
    count_problems()
    client = client_with("bookings.view_booking")

    assert (count_shown(staff_client), count_shown(client)) == (1, 0)


def test_E6_no_page_counts_for_the_number(staff_client):
    queries_of_a_page(staff_client)  # fills the caches of a process
    without = queries_of_a_page(staff_client)
    count_problems()

    assert queries_of_a_page(staff_client) == without


def queries_of_a_page(client):
    with CaptureQueriesContext(connection) as queries:
        client.get(reverse("bookings:booking_list"))
    return len(queries)
