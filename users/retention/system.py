"""What is kept how long, on the page of the system."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from hsl_dashboard.templatetags.times import when
from hsl_dashboard.web.system import SystemLine
from users.retention.rules import keeping_rules
from users.retention.run import last_run

LATE_AFTER = timedelta(days=2)  # beat runs it each night


def kept_how_long(now: datetime) -> Iterator[SystemLine]:
    """One line for each kind of data, and when what is older was last deleted."""
    rules = keeping_rules()
    for rule in rules:
        days = ngettext("%(days)d day", "%(days)d days", rule.days) % {"days": rule.days}
        yield SystemLine("keeping", rule.label, days if rule.days else _("for ever"))
    last = last_run()
    unfinished = {rule.name: str(rule.label) for rule in rules if last and rule.name in _unfinished(last.data)}
    value = when(last.at) if last else _("not yet")
    if unfinished:
        value = _("%(time)s; not finished: %(kinds)s") % {"time": value, "kinds": ", ".join(unfinished.values())}
    # A new installation has had no night yet.
    is_well = last is None or (now - last.at <= LATE_AFTER and not unfinished)
    cure = _(
        "Run manage.py apply_retention: it goes on where it stopped. If it works, check that beat and the worker "
        "“default” are running."
    )
    yield SystemLine("keeping", _("Older data deleted"), value, is_well=is_well, what_to_do=cure)


def _unfinished(data: object) -> list[str]:
    found = data.get("unfinished") if isinstance(data, dict) else None
    return found if isinstance(found, list) else []
