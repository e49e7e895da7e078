"""One run over all rules: what each forgot, and one line of the audit about it."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from django.db import OperationalError

from hsl_dashboard.db import run_sql
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

    A rule that the bot or another writer keeps waiting gives up, and the next one has its turn. The line of the audit
    is written first and grows with each batch: a run that is killed has told what it did, and what it left.
    """
    applied, batches = Applied(), Batches(stop_after=stop_after)
    rules = [rule for rule in keeping_rules() if rule.days]
    line = RunLine([rule.name for rule in rules])
    for rule in rules:
        batches.note = partial(line.add, rule.name)
        line.add(rule.name, 0)
        _apply(rule, applied, batches, at=at)
        if rule.name not in applied.unfinished:
            line.finish(rule.name)
        if batches.is_over:
            break
    return applied


class RunLine:
    """The line of one run in the audit: rows by rule, and the rules that are not finished, at first all of them."""

    def __init__(self, rules: list[str]) -> None:
        self._unfinished = rules
        self._pk = record(APPLIED, data={"unfinished": rules} if rules else {}).pk

    def add(self, rule: str, rows: int) -> None:
        """Add to it in a function of the owner: the application can change no line."""
        unfinished = json.dumps(self._unfinished)
        run_sql("SELECT audit_retention(%s, %s, %s, %s::jsonb)", [self._pk, rule, rows, unfinished])

    def finish(self, rule: str) -> None:
        self._unfinished = [name for name in self._unfinished if name != rule]
        self.add(rule, 0)


def _apply(rule: KeepingRule, applied: Applied, batches: Batches, *, at: datetime) -> None:
    applied.rows[rule.name] = 0
    try:
        for rows in rule.forget(rule.before(at), batches):
            applied.rows[rule.name] += rows
    except (OperationalError, OSError) as error:  # OSError: of a folder of files
        applied.unfinished[rule.name] = str(error).strip().partition("\n")[0]
    if batches.is_over:
        applied.unfinished.setdefault(rule.name, "the time of this run is over")


def due(at: datetime) -> list[tuple[KeepingRule, int | None]]:
    """Every rule with the rows that a run would forget; None where nothing is forgotten."""
    return [(rule, rule.count(rule.before(at)) if rule.days else None) for rule in keeping_rules()]


def last_run() -> AuditEntry | None:
    return AuditEntry.objects.filter(what=APPLIED).order_by("-at", "-pk").first()
