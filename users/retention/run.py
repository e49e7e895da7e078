"""One run over all rules: what each forgot, and one line of the audit about it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import OperationalError

from users.models import AuditEntry
from users.models.audit import record
from users.retention.rules import Batches, KeepingRule, keeping_rules

APPLIED = "retention.applied"


@dataclass
class Applied:
    """How many rows each rule forgot, and which rules could not finish, with the reason."""

    rows: dict[str, int] = field(default_factory=dict)
    unfinished: dict[str, str] = field(default_factory=dict)


def apply_retention(*, at: datetime, stop_after: timedelta | None = None) -> Applied:
    """Forget what every setting says is old enough; what is not finished goes on with the next run.

    A rule that has to wait too long for the bot or another writer gives up, and the next one has its turn. A run that
    breaks off has its line in the audit too: what is deleted by then stays deleted.
    """
    applied, batches = Applied(), Batches(stop_after=stop_after)
    try:
        _apply_rules(applied, batches, at=at)
    finally:
        unfinished = {"unfinished": list(applied.unfinished)} if applied.unfinished else {}
        record(APPLIED, data={**applied.rows, **unfinished})
    return applied


def _apply_rules(applied: Applied, batches: Batches, *, at: datetime) -> None:
    for rule in keeping_rules():
        if not rule.days:
            continue
        applied.rows[rule.name] = 0
        try:
            for rows in rule.forget(rule.before(at), batches):
                applied.rows[rule.name] += rows
        except (OperationalError, OSError) as error:  # OSError: of a folder of files
            applied.unfinished[rule.name] = str(error).strip().partition("\n")[0]
        except BaseException:
            applied.unfinished[rule.name] = "interrupted"
            raise
        if batches.is_over:
            applied.unfinished.setdefault(rule.name, "the time of this run is over")
            break


def due(at: datetime) -> list[tuple[KeepingRule, int | None]]:
    """Every rule with the rows that a run would forget; None where nothing is forgotten."""
    return [(rule, rule.count(rule.before(at)) if rule.days else None) for rule in keeping_rules()]


def last_run() -> AuditEntry | None:
    return AuditEntry.objects.filter(what=APPLIED).order_by("-at", "-pk").first()
