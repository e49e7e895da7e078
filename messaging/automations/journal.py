"""The history of a rule: who changed what, and when, from the audit tables."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.utils.translation import gettext as _

from messaging.models import Automation
from users.models import User

SHOWN = 20


@dataclass(frozen=True)
class RuleChange:
    """One change of a rule, in words."""

    at: datetime
    actor: str
    changes: list[str]


def history_of(rule: Automation) -> list[RuleChange]:
    """Tell the last changes of a rule, newest first (two queries)."""
    events = apps.get_model("messaging", "AutomationEvent")
    rows: list[Any] = list(
        events._base_manager.filter(pgh_obj=rule.pk).select_related("pgh_context").order_by("-pgh_id")[: SHOWN + 1]
    )
    ids = {row.pgh_context.metadata.get("user") for row in rows if row.pgh_context} - {None}
    names = {user.pk: user.shown_name for user in User.objects.filter(pk__in=ids)}
    entries = []
    for new, old in zip(rows, [*rows[1:], None], strict=True):
        if old is not None and (changes := _changes(old, new)):
            who = (new.pgh_context.metadata if new.pgh_context else {}).get("user", 0)
            actor = names.get(who, "")
            entries.append(RuleChange(new.pgh_created_at, actor, changes))
    return entries[:SHOWN]


def _changes(old: Any, new: Any) -> list[str]:
    changes = []
    if old.is_on != new.is_on:
        changes.append(_("Switched on") if new.is_on else _("Switched off"))
    if old.template != new.template:
        changes.append(_("Text changed"))
    if old.offset != new.offset:
        changes.append(_("Offset: %(old)s → %(new)s") % {"old": old.offset, "new": new.offset})
    if old.include_earlier != new.include_earlier:
        changes.append(_("Include earlier ones: yes") if new.include_earlier else _("Include earlier ones: no"))
    return changes
