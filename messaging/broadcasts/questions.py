"""The questions before an act that reaches many people: what will happen, to how many, and what is asked for it."""

from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from messaging.audiences.criteria import Audience, UnknownCriterion, count_audience
from messaging.broadcasts.forms import NumberForm, ReasonForm, RetryForm, SureForm, TextForm, TimeForm
from messaging.broadcasts.services.acts import retryable_counts
from messaging.broadcasts.statistics import Correctable, correctable_of, numbers_of
from messaging.models import Broadcast
from messaging.models.recipients import reason_label
from messaging.quiet_hours import NIGHT, is_quiet

TYPED_ABOVE = 100  # people: from here on the number is typed to confirm
State = Broadcast.State


@dataclass(frozen=True)
class Question:
    """A page that asks: ``facts`` are what one should know; without ``possible`` there is no button."""

    heading: str
    sentence: str
    yes: str
    form: forms.Form
    facts: list[tuple[str, str]] = field(default_factory=list)
    danger: bool = False
    possible: bool = True
    warning: str = ""
    field: str | None = None  # of the form, where a refusal of Telegram belongs


def start_question(broadcast: Broadcast, data: Any) -> Question:
    people, left_out = _people(broadcast)
    facts = [(_("Will get it"), str(people))]
    facts += [(reason_label(reason), str(count)) for reason, count in left_out.items()]
    if broadcast.planned_at and broadcast.state in {State.SCHEDULED, State.HELD}:
        facts.append((_("It was planned for"), _moment(broadcast.planned_at)))
    asked = people if people > TYPED_ABOVE else None
    return Question(
        heading=_("Send this message now?"),
        sentence=ngettext(
            "%(count)d person will get it within the next minutes.",
            "%(count)d people will get it within the next minutes.",
            people,
        )
        % {"count": people},
        yes=_("Send now"),
        form=NumberForm(data, asked=asked),
        facts=facts,
        warning=night_sentence() if is_quiet(timezone.now()) else "",
        possible=broadcast.state in {State.SCHEDULED, State.HELD} and people > 0,
    )


def _people(broadcast: Broadcast) -> tuple[int, dict[str, int]]:
    """Who would get it at this moment, and who not by reason; counted from the rows once they are frozen."""
    if broadcast.frozen_at is not None or broadcast.audience is None:
        return numbers_of([broadcast])[broadcast.pk].waiting, {}
    try:
        count = count_audience(Audience.from_json(broadcast.audience), at=timezone.now())
    except UnknownCriterion:
        return 0, {}
    return count.sent_to, count.skipped


def cancel_question(broadcast: Broadcast, data: Any) -> Question:
    numbers = numbers_of([broadcast])[broadcast.pk]
    began = broadcast.started_at is not None
    facts = [(_("Delivered"), str(numbers.sent)), (_("Will not get it"), str(numbers.waiting))] if began else []
    return Question(
        heading=_("Cancel this message?"),
        sentence=_("Who has it keeps it. Nobody else is written to, and it cannot be continued.")
        if began
        else _("Nobody has got it, and nobody will."),
        yes=_("Cancel the message"),
        form=ReasonForm(data),
        facts=facts,
        danger=True,
        possible=broadcast.state not in {State.CANCELLED, State.FINISHED},
    )


def schedule_question(broadcast: Broadcast, data: Any) -> Question:
    initial = {"starts_at": timezone.localtime(broadcast.planned_at) if broadcast.planned_at else None}
    return Question(
        heading=_("When should it go out?"),
        sentence=_("Moscow time. It starts within ten seconds of this moment."),
        yes=pgettext("of a message", "Schedule"),
        form=TimeForm(data, initial=initial),
        facts=[(_("Now planned for"), _moment(broadcast.planned_at))] if broadcast.planned_at else [],
        possible=broadcast.state in {State.SCHEDULED, State.HELD},
    )


def edit_question(broadcast: Broadcast, data: Any) -> Question:
    form = TextForm(data, initial={"text": broadcast.message_text})
    if broadcast.state not in {State.FINISHED, State.CANCELLED}:
        return Question(
            heading=_("Change the text"),
            sentence=_("Who has it already keeps the old text. While it is being sent, pause it first."),
            yes=_("Save the text"),
            form=form,
            possible=broadcast.state != State.SENDING,
            field="text",
        )
    correctable = correctable_of(broadcast, at=timezone.now())
    return Question(
        heading=_("Change the text for everyone?"),
        sentence=_("In every chat the old text becomes the new one. Telegram shows that it was edited."),
        yes=_("Change for everyone"),
        form=form,
        facts=_correctable_facts(correctable),
        possible=correctable.count > 0,
        field="text",
    )


def delete_question(broadcast: Broadcast, data: Any) -> Question:
    correctable = correctable_of(broadcast, at=timezone.now())
    asked = correctable.count if correctable.count > TYPED_ABOVE else None
    return Question(
        heading=_("Delete this message for everyone?"),
        sentence=_("It disappears from the chats. Who has read it has read it; this cannot be undone."),
        yes=_("Delete for everyone"),
        form=NumberForm(data, asked=asked),
        facts=_correctable_facts(correctable),
        danger=True,
        possible=correctable.count > 0 and broadcast.state in {State.FINISHED, State.CANCELLED, State.PAUSED},
    )


def retry_question(broadcast: Broadcast, data: Any) -> Question:
    counts = retryable_counts(broadcast=broadcast)
    choices = [(reason or "none", f"{reason_label(reason)} — {count}") for reason, count in counts.items()]
    initial = {"reasons": [value for value, _label in choices]}
    return Question(
        heading=_("Send to the failed ones again?"),
        sentence=_("Only what another try can change is offered: nobody who is blocked still, no deleted account."),
        yes=_("Send again"),
        form=RetryForm(data, choices=choices, initial=initial) if choices else SureForm(data),
        possible=bool(choices) and broadcast.state in {State.FINISHED, State.SENDING, State.PAUSED},
    )


def _correctable_facts(correctable: Correctable) -> list[tuple[str, str]]:
    facts = [(_("Messages that Telegram lets us change"), str(correctable.count))]
    if correctable.first_until and correctable.last_until:
        facts.append((_("The first of them until"), _moment(correctable.first_until)))
        facts.append((_("The last of them until"), _moment(correctable.last_until)))
    return facts


def night_sentence() -> str:
    """What is said where students would be woken."""
    return _("It is night in Moscow then: from %(night_from)s to %(night_until)s students sleep.") % NIGHT


def _moment(at: Any) -> str:
    return timezone.localtime(at).strftime("%d.%m.%Y %H:%M")
