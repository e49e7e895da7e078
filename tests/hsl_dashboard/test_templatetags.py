"""What the templates' own tags and filters write."""

from datetime import UTC, datetime

from django.template import engines
from heroicons.templatetags import heroicons

from hsl_dashboard.templatetags.times import moment


def test_icons_are_those_of_heroicons_and_drawn_once():
    template = engines["django"].from_string('{% load icons %}{% heroicon_micro "key" size=12 class="big" %}')

    assert template.render() == heroicons.heroicon_micro("key", size=12, **{"class": "big"})


def test_a_moment_says_how_long_ago_and_on_hover_when_in_moscow():
    shown = moment(datetime(2026, 1, 2, 21, 5, tzinfo=UTC))

    assert 'datetime="2026-01-03T00:05:00+03:00"' in shown
    assert 'title="03.01.2026 00:05 ' in shown
