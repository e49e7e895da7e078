"""Pages of a list that is counted only as far as it is cheap."""

import pytest
from django.core.paginator import EmptyPage

from hsl_dashboard.web import paging
from hsl_dashboard.web.paging import OpenPaginator
from tests.factories import TelegramUserFactory
from users.models import TelegramUser

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    TelegramUserFactory.create_batch(7)
    return TelegramUser.objects.order_by("pk")


def test_a_short_list_is_counted_to_the_last_row(people):
    paginator = OpenPaginator(people, 3)

    assert (paginator.count, paginator.more, paginator.num_pages) == (7, False, 3)
    assert [len(paginator.page(number)) for number in (1, 2, 3)] == [3, 3, 1]
    assert paginator.get_page("99").number == paginator.get_page(3).number == 3
    assert not paginator.page(3).has_next()


def test_a_long_list_says_more_and_turns_to_its_last_row_all_the_same(people, monkeypatch):
    monkeypatch.setattr(paging, "COUNTED", 4)
    paginator = OpenPaginator(people, 2)

    pages = [paginator.page(number) for number in (1, 2, 3, 4)]

    assert (paginator.count, paginator.more) == (4, True)
    assert [row for page in pages for row in page] == list(people)
    assert [page.has_next() for page in pages] == [True, True, True, False]
    assert (pages[3].start_index(), pages[3].end_index(), pages[2].next_page_number()) == (7, 7, 4)


def test_a_page_whose_rows_moved_while_it_was_read_still_says_that_others_follow(people):
    paginator = OpenPaginator(people.filter(pk__in=people[:2].values("pk")), 3, known=7)

    assert paginator.page(1).has_other_pages()


@pytest.mark.parametrize("number", ["", "x", None, "0", "-1", "999", "9" * 40])
def test_no_page_number_breaks_a_long_list(people, monkeypatch, number):
    monkeypatch.setattr(paging, "COUNTED", 4)
    paginator = OpenPaginator(people, 2)

    assert len(paginator.get_page(number)) == 2
    with pytest.raises(EmptyPage):
        paginator.page(999)


def test_what_is_known_to_be_long_is_not_counted(people, django_assert_num_queries):
    with django_assert_num_queries(1):
        page = OpenPaginator(people, 2, known_more=True).get_page(1)

    assert page.paginator.more
