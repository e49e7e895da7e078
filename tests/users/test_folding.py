"""D3, D4: what a search takes for the same, in the database and in Python, whatever the locale of the database."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unicodedata import category, unidata_version

import psycopg
import pytest
from django.db import connection
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from psycopg import sql

from hsl_dashboard.db import run_sql
from hsl_dashboard.folding import fold
from tests.factories import BookingFactory, FreeLessonRegistrationFactory, TelegramUserFactory
from tests.migrations import migration
from users.models import Note
from users.people.listing import people_list
from users.totals import fold_marked_people

ROOT = Path(__file__).resolve().parent.parent.parent
folded_on = migration("users", "own_tables").folded_on

NAMES = [
    "Фёдор ЕЛИСЕЕВ", "Серге\u0438\u0306 Йолкин", "İbrahim Yılmaz", "Смир\u00adнова", "Анна  Мария", "Анна\u00a0Мария",
    "Анна\u200bМария", "\ufeffЗоя", "ΣΊΣΥΦΟΣ", "ÅSE Ørsted", "Ґалаґан ЇЖАК", "ӘЛІЯ Қазақ", "Straße", "🦊 Лиса",
    "a\tb\nc", "", " ",
]  # fmt: skip


def in_database(texts: list[str]) -> list[str]:
    return [
        text
        for (text,) in run_sql(
            "SELECT folded(t) FROM unnest(%s::text[]) WITH ORDINALITY AS w (t, n) ORDER BY n", [texts]
        )
    ]


@pytest.mark.django_db
def test_D3_the_database_and_python_fold_alike():
    assert in_database(NAMES) == [fold(name) for name in NAMES]


@pytest.mark.django_db
def test_D3_every_letter_is_folded_alike():
    # Letters that were assigned lately may be known to one of the two only.
    letters = [chr(number) for number in range(1, 0x1_F000) if category(chr(number))[0] in "LM"]

    differ = {
        letter: (ours, theirs)
        for letter, theirs in zip(letters, in_database(letters), strict=True)
        if (ours := fold(letter)) != theirs
    }

    assert unidata_version >= "14"
    assert len(letters) > 60_000
    assert len(differ) < 20, differ


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("stored", "typed"),
    [
        ({"first_name": "Серге\u0438\u0306"}, "сергей"),
        ({"first_name": "Сергей"}, "Серге\u0438\u0306"),
        ({"first_name": "Иван", "last_name": "Петров"}, "Петров Иван"),
        ({"first_name": "Иван", "last_name": "Петров"}, "  петр\u00a0\u200b ив "),
        ({"first_name": "İbrahim"}, "ibrahim"),
        ({"first_name": "ibrahim"}, "İBRAHIM"),
        ({"first_name": "Смир\u00adнова"}, "смирнова"),
        ({"first_name": "Анна  Мария"}, "анна мария"),
        ({"first_name": "Анна\u00a0Мария"}, "мария анна"),
        ({"first_name": "Фёдор"}, "ФЕДОР"),
        ({"first_name": "Федор"}, "фёдор"),
        ({"user_id": 900_000_000_008}, "900 000 000 008"),
        ({"user_id": 900_000_000_008}, "id900000000008"),
        ({"username": "Some_Name"}, "@some_name,"),
        ({"username": "Some_Name"}, "tg://resolve?domain=some_name"),
        ({"username": "Some_Name"}, "https://some_name.t.me"),
    ],
)
def test_D3_everybody_is_found_on_every_page(staff_client, staff, stored, typed):
    person = TelegramUserFactory.create(**stored)
    booking = BookingFactory.create(telegram_user=person, first_name=person.first_name, username=person.username)
    TelegramUserFactory.create(first_name="Ольга", last_name="Ким", username="olga", user_id=77)
    fold_marked_people()
    query = QueryDict(mutable=True)
    query["q"] = typed

    assert [row.pk for row in people_list(query, with_emails=False).people] == [person.pk]
    found = staff_client.get(reverse("bookings:booking_list"), {"q": typed}).context["rows"]
    assert [row.booking.pk for row in found] == [booking.pk]
    for model in ("telegramuser", "event"):
        admin = staff_client.get(reverse(f"admin:users_{model}_changelist"), {"q": typed})
        assert admin.status_code == 200
    people = staff_client.get(reverse("admin:users_telegramuser_changelist"), {"q": typed}).context["cl"].result_list
    assert [row.pk for row in people] == [person.pk]
    asked = staff_client.get(reverse("messaging:compose_message"), {"q": typed}).context
    assert asked is None or [row.pk for row in asked["found"]] == [person.pk]


@pytest.mark.django_db
def test_D3_notes_and_e_mails_are_folded_too(staff_client):
    person = TelegramUserFactory.create()
    Note.objects.create(telegram_user=person, text="Ждёт РАССРОЧКУ до мая", written_at=timezone.now())
    FreeLessonRegistrationFactory.create(telegram_user=person, email="Фёдор@почта.рф")
    TelegramUserFactory.create()

    for query in ({"note": "рассрочку ждет"}, {"q": "федор@ПОЧТА"}):
        assert [row.pk for row in staff_client.get("/users/", query).context["page"].rows] == [person.pk]


@pytest.mark.django_db
def test_D4_bookings_are_sorted_as_russian_is(staff_client):
    for name in ("яна", "Ёлка", "Борис", "анна", "Ева", "Женя"):
        BookingFactory.create(telegram_user=TelegramUserFactory.create(first_name=name))

    rows = staff_client.get("/bookings/?sort=name").context["rows"]

    names = [row.booking.telegram_user.first_name for row in rows]
    assert names == ["анна", "Борис", "Ева", "Ёлка", "Женя", "яна"]


# A database of locale C -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def plain(django_db_setup: None, django_db_blocker: Any) -> Iterator["psycopg.Connection[tuple[Any, ...]]"]:
    """A database whose own lower() knows ASCII alone."""
    settings = connection.settings_dict
    keys = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD"}
    login = {key: settings[name] for key, name in keys.items() if settings.get(name)}
    name = f"folding_in_c_{os.environ.get('PYTEST_XDIST_WORKER', '')}"
    with psycopg.connect(**login, dbname="postgres", autocommit=True) as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
        provider = "LOCALE_PROVIDER libc" if server.info.server_version >= 150_000 else ""
        server.execute(
            f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' {provider}"
        )
        try:
            with psycopg.connect(**login, dbname=name, autocommit=True) as opened:
                yield opened
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def collations_of(database: "psycopg.Connection[tuple[Any, ...]]") -> set[str]:
    rows = database.execute("SELECT collname FROM pg_collation WHERE collencoding IN (-1, pg_char_to_encoding('UTF8'))")
    return {str(name) for (name,) in rows.fetchall()}


def one(database: Any, query: str, *params: Any) -> Any:
    return database.execute(query, params).fetchone()[0]


@pytest.mark.parametrize("kind", ["built-in", "icu", "c library", "our own"])
def test_D4_each_way_of_folding_knows_russian(plain, kind):
    offered = {
        "built-in": {"pg_c_utf8"}, "icu": {"und-x-icu"}, "c library": {"C.utf8", "C.UTF-8"}, "our own": set(),
    }[kind] & collations_of(plain)  # fmt: skip
    assert one(plain, "SELECT lower('ФЁДОР')") == "ФЁДОР"

    plain.execute(folded_on(offered))

    # Where the server has no such collation, our own letters do it.
    written = one(plain, "SELECT prosrc FROM pg_proc WHERE proname = 'folded'")
    assert ("lower(words COLLATE" in written) is bool(offered)
    for name in NAMES:
        assert one(plain, "SELECT folded(%s)", name) == fold(name), name


def test_D4_people_are_found_and_sorted_in_a_database_of_locale_c(plain):
    plain.execute(folded_on(collations_of(plain)))
    plain.execute("CREATE TABLE users (user_id bigint PRIMARY KEY, username text, first_name text, last_name text)")
    plain.execute("CREATE TABLE free_lesson_registrations (user_id bigint, email text)")
    for name in ("person_text", "person_grams", "searched_grams", "searched_patterns", "people_found", "people_sought"):
        plain.execute((ROOT / f"users/sql/{name}.sql").read_text())
    plain.execute(
        "CREATE INDEX ON users USING gin (person_grams(person_text(user_id, username, first_name, last_name)))"
    )
    people = {1: ("Фёдор", "ЕЛИСЕЕВ"), 2: ("АННА", "Ёжикова"), 3: ("Серге\u0438\u0306", "Йолкин"), 4: ("борис", "Як")}
    for pk, names in people.items():
        plain.execute("INSERT INTO users VALUES (%s, 'Nick', %s, %s)", [pk, *names])
    plain.execute("INSERT INTO free_lesson_registrations VALUES (4, 'ПОЧТА@пример.рф')")

    def found(typed: str) -> list[int]:
        listed = one(plain, "SELECT listed FROM people_sought(%s, true, 100)", fold(typed))
        return sorted(listed)

    assert [found(typed) for typed in ("федор", "ежикова анна", "СЕРГЕЙ йолкин", "почта@", "100%", "nick")] == [
        [1], [2], [3], [4], [], [1, 2, 3, 4],
    ]  # fmt: skip
    ordered = plain.execute('SELECT user_id FROM users ORDER BY folded(first_name) COLLATE "C"').fetchall()
    assert [pk for (pk,) in ordered] == [2, 4, 3, 1]
    assert not re.search(
        "[А-ЯЁ]", one(plain, "SELECT string_agg(person_text(user_id, '', first_name, last_name), '') FROM users")
    )
