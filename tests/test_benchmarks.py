"""The benchmarks know every page: one that is in no list would never be measured."""

import pytest
from django.db import connection
from django.urls import resolve
from django.urls.exceptions import Resolver404

from benchmarks import school
from benchmarks.pages import NOT_MEASURED, PAGES
from benchmarks.pages import report as pages_report
from tests.access import ACCESS

SAMPLES = {
    "person": 1,
    "quiet": 1,
    "booked": 1,
    "booking": 1,
    "broadcast": 1,
    "draft": 1,
    "automation": 1,
    "writer": 1,
    "blocked": 1,
    "course": 1,
    "stream": 1,
    "colleague": 1,
    "notice": 1,
    "payment": 1,
}


def test_every_page_that_can_be_opened_is_measured_or_says_why_not():
    opened = {name for name, access in ACCESS.items() if access.get}

    assert opened - PAGES.keys() - NOT_MEASURED.keys() == set()
    assert (PAGES.keys() | NOT_MEASURED.keys()) - opened == set()
    assert PAGES.keys() & NOT_MEASURED.keys() == set()


@pytest.mark.parametrize("name", PAGES)
def test_an_address_leads_to_the_page_by_whose_name_it_stands(name):
    for address in PAGES[name]:
        path = address.format(**SAMPLES).partition("?")[0]
        try:
            assert resolve(path).view_name == name
        except Resolver404:
            pytest.fail(f"{path} is no page")


def test_the_report_marks_what_is_slow_grows_asks_too_much_or_fails():
    page = {"address": "/", "status": 200, "median": 10.0, "worst": 12.0, "queries": 3, "size": 2048}
    large = [page, page | {"median": 51.0}, page | {"median": 30.0}, page | {"queries": 13}, page | {"status": 302}]

    table, missed = pages_report(large, [page] * len(large))

    funnel = page | {"address": "/analytics/?period=90&part=funnels", "median": 140.0}
    _table, slow_funnels = pages_report([funnel, funnel | {"median": 301.0}], [page, page])

    assert missed == 4
    assert slow_funnels == 1  # they have a goal of their own
    assert [("✗" in line) for line in table.splitlines()[2:7]] == [False, True, True, True, True]


@pytest.mark.django_db
def test_a_school_on_another_server_is_never_dropped(monkeypatch):
    def drop(url: str) -> str:
        raise AssertionError(url)

    monkeypatch.setattr("demo.servers.outdated.begin_anew_if_outdated", drop)
    monkeypatch.setattr("demo.servers.outdated.migrations_that_are_gone", lambda url: ["bookings.0099_gone"])
    of = connection.settings_dict
    url = f"postgresql://{of['USER']}:{of['PASSWORD']}@{of['HOST']}:{of['PORT']}/postgres"

    with pytest.raises(SystemExit, match=r"bookings\.0099_gone.*Nothing was changed"):
        school._own_database(url, of["NAME"], may_begin_anew=False)
