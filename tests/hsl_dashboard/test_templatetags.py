"""What the templates' own tags and filters write."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone, translation

from hsl_dashboard.templatetags.times import ago, moment, when


def test_a_moment_says_how_long_ago_and_on_hover_when_in_moscow():
    shown = moment(datetime(2026, 1, 2, 21, 5, tzinfo=UTC))

    assert 'datetime="2026-01-03T00:05:00+03:00"' in shown
    assert 'title="03.01.2026 00:05 ' in shown


def test_an_exact_time_is_of_moscow_and_never_is_a_dash():
    shown = when(datetime(2026, 1, 2, 21, 5, tzinfo=UTC))

    assert shown == '<time datetime="2026-01-03T00:05:00+03:00">03.01.2026 00:05</time>'
    assert (when(None), ago(None)) == ("—", "—")
    assert "—" in moment(None)


@pytest.mark.parametrize(
    ("language", "elapsed", "said"),
    [
        ("ru", timedelta(seconds=59), "только что"),
        ("ru", timedelta(seconds=119), "1 минуту назад"),
        ("ru", timedelta(minutes=59), "59 минут назад"),
        ("ru", timedelta(hours=3, minutes=59), "3 часа назад"),
        ("ru", timedelta(days=6, hours=23), "6 дней назад"),
        ("ru", timedelta(days=8), "1 неделю назад"),
        ("en", timedelta(days=800), "2 years ago"),
    ],
)
def test_how_long_ago_is_said_in_one_unit(language, elapsed, said):
    with translation.override(language):
        assert ago(timezone.now() - elapsed).replace("\xa0", " ") == said


def test_what_lies_ahead_is_a_date():
    ahead = timezone.now() + timedelta(days=40)

    assert ago(ahead) == timezone.localtime(ahead).strftime("%d.%m.%Y")
