"""Watches the outcomes of a broadcast and pauses it before everyone fails."""

from collections import Counter, deque

from messaging.delivery.bot import Outcome, Verdict
from messaging.models import Recipient
from messaging.models.reasons import StateReason, with_words

CAREFUL = 3  # calls in flight until Telegram has taken a first message
SAME_REFUSALS = 3  # the same «bad request» so often, with nothing delivered in between
ANSWERED = 10  # answers about people (blocked, gone) after which the message itself is not suspected any more
LAST = 50  # outcomes that are judged together
NO_ANSWERS = 10  # of the last 20
FAILURES = 45  # of the last 50


class Watch:
    """The recent outcomes of one broadcast in one process."""

    def __init__(self) -> None:
        self.last: deque[Outcome] = deque(maxlen=LAST)
        self.refusals: Counter[str] = Counter()
        self.answered = 0
        self.proven = False
        self.stopped = False

    @property
    def window(self) -> int:
        """How many calls may be in flight: few, until it is known that Telegram takes the message."""
        return 10_000 if self.proven else CAREFUL

    def note(self, outcome: Outcome) -> str:
        """Add an outcome; return the reason to pause (once), or ''."""
        if self.stopped:
            return ""
        if outcome.verdict in {Verdict.HALT, Verdict.RETRY}:
            return ""  # says nothing about the message
        self.last.append(outcome)
        if outcome.verdict is Verdict.SENT:
            self.refusals.clear()
            self.proven = True
            return ""
        reason = self._reason(outcome)
        self.stopped = bool(reason)
        return reason

    def _reason(self, outcome: Outcome) -> str:
        if outcome.verdict is Verdict.STOP:
            return with_words(StateReason.WRONG_TOKEN, outcome.text)
        if outcome.reason == Recipient.Reason.BAD_REQUEST:
            self.refusals[outcome.text] += 1
            if self.refusals[outcome.text] >= SAME_REFUSALS:
                return with_words(StateReason.SAME_REFUSAL, outcome.text)
        elif outcome.verdict is Verdict.FAILED:
            self.answered += 1
            self.proven = self.proven or self.answered >= ANSWERED
        return self._burst()

    def _burst(self) -> str:
        recent = list(self.last)[-20:]
        if sum(outcome.verdict is Verdict.UNCERTAIN for outcome in recent) >= NO_ANSWERS:
            return with_words(StateReason.NO_ANSWERS, _most_common(recent))
        if sum(outcome.verdict is Verdict.FAILED for outcome in self.last) >= FAILURES:
            return with_words(StateReason.ERROR_BURST, _most_common(list(self.last)))
        return ""


def _most_common(outcomes: list[Outcome]) -> str:
    words = Counter(outcome.text for outcome in outcomes if outcome.verdict is not Verdict.SENT)
    return words.most_common(1)[0][0] if words else ""
