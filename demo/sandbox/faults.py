"""Faults on demand: rules that say which calls go wrong, and how."""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any


class Effect(StrEnum):
    """What goes wrong. «Accepted» means: the student has the message, whatever the client sees."""

    TOO_MANY_REQUESTS = "too_many_requests"  # 429 with retry_after; not accepted
    SERVER_ERROR = "server_error"  # status and a JSON body; not accepted
    BAD_GATEWAY_HTML = "bad_gateway_html"  # 502 with a page of HTML; not accepted
    TRUNCATED_JSON = "truncated_json"  # accepted, 200, half of the answer
    DROP_BEFORE = "drop_before"  # the connection is reset; not accepted
    DROP_AFTER = "drop_after"  # accepted, then the connection is reset
    HANG = "hang"  # accepted, then silence for `seconds`, then the answer
    SLOW = "slow"  # silence for `seconds`, then as usual
    BLOCKED = "blocked"  # 403
    DEACTIVATED = "deactivated"  # 403
    NOT_STARTED = "not_started"  # 403
    CHAT_NOT_FOUND = "chat_not_found"  # 400
    USER_NOT_FOUND = "user_not_found"  # 400
    USER_IS_BLOCKED = "user_is_blocked"  # 400, as the servers behind the Bot API say it
    INPUT_USER_DEACTIVATED = "input_user_deactivated"  # 400, likewise
    USER_DELETED = "user_deleted"  # 403
    KICKED = "kicked"  # 403
    MIGRATED = "migrated"  # 400 with migrate_to_chat_id
    BAD_REQUEST = "bad_request"  # 400 with `description`: a poisoned text


ACCEPTED_FIRST = frozenset({Effect.TRUNCATED_JSON, Effect.DROP_AFTER, Effect.HANG})


@dataclass(slots=True)
class Rule:
    """One kind of fault and the calls it strikes; an unset condition matches everything."""

    effect: Effect
    chat_id: int | None = None
    method: str | None = None
    text_contains: str | None = None
    probability: float = 1.0
    times: int | None = None  # strikes at most so often
    nth: int | None = None  # strikes only every nth matching call
    retry_after: int = 1  # seconds
    status: int = 500
    seconds: float = 30.0
    description: str = 'can\'t parse entities: Unsupported start tag "poison" at byte offset 0'
    migrate_to_chat_id: int = -1001000000000
    accept: bool | None = None  # overrides whether the message is accepted before the fault
    id: int = 0
    seen: int = 0
    hits: int = 0
    attempts: Counter[tuple[int, str]] = field(default_factory=Counter)

    @property
    def accepts(self) -> bool:
        return self.effect in ACCEPTED_FIRST if self.accept is None else self.accept

    @property
    def is_spent(self) -> bool:
        return self.times is not None and self.hits >= self.times

    def matches(self, method: str, chat_id: int, text: str) -> bool:
        return (
            (self.chat_id is None or self.chat_id == chat_id)
            and (self.method is None or self.method.lower() == method.lower())
            and (self.text_contains is None or self.text_contains in text)
            and not self.is_spent
        )

    def as_json(self) -> dict[str, Any]:
        described = asdict(self)
        del described["attempts"]
        return described


class UnknownFault(ValueError):
    """A rule that names no effect, or a field that rules do not have."""


class Faults:
    """The rules in force, oldest first; the first that strikes decides."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self.rules: list[Rule] = []
        self._ids = itertools.count(1)

    def add(self, described: dict[str, Any]) -> Rule:
        allowed = {rule_field.name for rule_field in fields(Rule)} - {"id", "seen", "hits", "attempts"}
        if unknown := described.keys() - allowed:
            raise UnknownFault(f"no such field: {', '.join(sorted(unknown))}")
        try:
            effect = Effect(described.get("effect", ""))
        except ValueError:
            raise UnknownFault(f"effect is one of: {', '.join(Effect)}") from None
        rule = Rule(**{**described, "effect": effect, "id": next(self._ids)})
        self.rules.append(rule)
        return rule

    def remove(self, rule_id: int) -> bool:
        before = len(self.rules)
        self.rules = [rule for rule in self.rules if rule.id != rule_id]
        return len(self.rules) < before

    def live(self) -> int:
        """How many rules can still strike."""
        return sum(not rule.is_spent for rule in self.rules)

    def clear(self) -> None:
        self.rules.clear()
        self._ids = itertools.count(1)

    def strike(self, method: str, chat_id: int, text: str) -> Rule | None:
        for rule in self.rules:
            if rule.matches(method, chat_id, text) and self._falls(rule, method, chat_id):
                rule.hits += 1
                return rule
        return None

    def _falls(self, rule: Rule, method: str, chat_id: int) -> bool:
        rule.seen += 1
        if rule.nth is not None:
            return rule.seen % rule.nth == 0
        if rule.probability >= 1:
            return True
        # Not from a running generator: then the same chat would fare differently with every
        # order in which parallel calls happen to arrive.
        rule.attempts[chat_id, method] += 1
        lot = f"{self.seed}:{rule.id}:{chat_id}:{method}:{rule.attempts[chat_id, method]}"
        digest = hashlib.blake2b(lot.encode(), digest_size=8).digest()
        return int.from_bytes(digest) / 2**64 < rule.probability
