"""The pages of what is held about a person: they count every table in one query."""

import pytest

from tests.factories import BookingFactory, EventFactory
from tests.signing_in import reauthenticated
from users.personal_data.contents import is_history, owned_tables

pytestmark = pytest.mark.django_db


def test_both_pages_count_the_rows_of_every_table_in_few_queries(staff, django_assert_max_num_queries):
    person = BookingFactory.create().telegram_user
    EventFactory.create_batch(3, telegram_user=person)
    BookingFactory.create()  # of somebody else
    client, pages = reauthenticated(staff), []
    client.get("/shortcuts/")  # notes that the session was seen, and counts what the frame shows
    for name in ("erase", "export"):
        with django_assert_max_num_queries(12):
            pages.append(client.get(f"/users/{person.pk}/{name}/").context)

    tables = [table for table in owned_tables() if not is_history(table.model)]
    held = {str(table.model._meta.verbose_name_plural): table.rows_of(person.pk).count() for table in tables}
    assert dict(pages[0]["going"] + pages[0]["staying"]) == dict(pages[1]["rows"])
    assert dict(pages[1]["rows"]) == {name: number for name, number in held.items() if number}
    assert len(pages[1]["rows"]) >= 3
