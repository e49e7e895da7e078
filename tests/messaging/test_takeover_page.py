"""The page for a school whose database was taken over: what it has, what is held, and what to decide next."""

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from messaging.models import Broadcast
from tests.factories import BookingFactory, BroadcastFactory

pytestmark = pytest.mark.django_db
PAGE = "/data-quality/takeover/"


def test_it_says_what_was_taken_over_and_leads_to_what_is_to_decide(staff_client):
    BookingFactory.create_batch(2, confirmed=2, course_stream="8th_stream")
    BookingFactory.create(confirmed=7, course_stream="unheard_of")
    held = BroadcastFactory.create(state=Broadcast.State.HELD, message_text="Завтра <b>урок</b>")

    response = staff_client.get(PAGE)

    takeover = response.context["takeover"]
    assert (takeover.people, takeover.bookings.total, takeover.bookings.confirmed, takeover.bookings.unknown) == (
        3,
        3,
        2,
        1,
    )
    assert {finding.kind.name: finding.count for finding in takeover.problems}.items() >= {("statuses", 1)}
    assertContains(response, reverse("messaging:broadcast_detail", args=[held.pk]))
    assertContains(response, "Завтра &lt;b&gt;урок&lt;/b&gt;")
    assertContains(response, "Все 1 задержанное сообщение".replace("Все", "Всё"))
    assertContains(response, f"{reverse('bookings:data_quality')}?kind=streams")


def test_a_school_without_anything_to_decide_is_told_so(staff_client):
    response = staff_client.get(PAGE)

    assertContains(response, "Решать больше нечего")
    assertNotContains(response, "Задержанные сообщения")


def test_the_page_of_data_problems_leads_to_it(staff_client):
    assertContains(staff_client.get("/data-quality/"), PAGE)


def test_it_asks_the_same_few_questions_however_much_is_held(staff_client, django_assert_max_num_queries):
    staff_client.get(PAGE)
    BroadcastFactory.create_batch(30, state=Broadcast.State.HELD)

    with django_assert_max_num_queries(12):
        staff_client.get(PAGE)
