"""The confirmation pages before an action on a message: what will happen, and to how many people."""

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
from messaging.quiet_hours import is_quiet, quiet_sentence

TYPED_ABOVE = 100  # people: from here on the number is typed to confirm
State = Broadcast.State


@dataclass(frozen=True)
class Question:
    """A confirmation page: ``facts`` are shown above the form; without ``possible`` there is no button."""

    heading: str
    sentence: str
    yes: str
    form: forms.Form
    facts: list[tuple[str, str]] = field(default_factory=list)
    danger: bool = False
    possible: bool = True
    warning: str = ""
    live: bool = False  # the facts still change
    resumable: bool = False  # it was paused for this question, and may go on instead
    field: str | None = None  # of the form, where a refusal of Telegram belongs
    people: int = 0  # whom the answer reaches: many, and the password is asked for again


def start_question(broadcast: Broadcast, data: Any) -> Question:
    people, left_out = people_expected(broadcast)
    facts = [(_("Will receive it"), str(people))]
    facts += [(reason_label(reason), str(count)) for reason, count in left_out.items()]
    if broadcast.planned_at and broadcast.state in {State.SCHEDULED, State.HELD}:
        facts.append((_("Was scheduled for"), _moment(broadcast.planned_at)))
    asked = people if people > TYPED_ABOVE else None
    return Question(
        heading=_("Send this message now?"),
        sentence=ngettext(
            "%(count)d person will get it within minutes.",
            "%(count)d people will get it within minutes.",
            people,
        )
        % {"count": people},
        yes=_("Send now (%(count)d)") % {"count": people},
        form=NumberForm(data, asked=asked),
        facts=facts,
        warning=quiet_sentence(is_scheduled=False) if is_quiet(timezone.now()) else "",
        possible=broadcast.state in {State.SCHEDULED, State.HELD} and people > 0,
        people=people,
    )


def people_expected(broadcast: Broadcast) -> tuple[int, dict[str, int]]:
    """The number of recipients now, and of those skipped by reason; from the rows once they are frozen."""
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
    facts = [(_("Delivered"), str(numbers.sent)), (_("Will not receive it"), str(numbers.waiting))] if began else []
    return Question(
        heading=_("Cancel this message?"),
        sentence=_("Those who have it keep it. Nobody else will get it, and sending cannot be resumed.")
        if began
        else _("Nobody has received it, and nobody will."),
        yes=_("Cancel the message"),
        form=ReasonForm(data),
        facts=facts,
        danger=True,
        possible=broadcast.state not in {State.CANCELLED, State.FINISHED},
        live=broadcast.state == State.SENDING or numbers.sending > 0,
        resumable=broadcast.state == State.PAUSED,
    )


def schedule_question(broadcast: Broadcast, data: Any) -> Question:
    initial = {"starts_at": timezone.localtime(broadcast.planned_at) if broadcast.planned_at else None}
    return Question(
        heading=_("When should it be sent?"),
        sentence=_("Moscow time. It starts within ten seconds of this moment."),
        yes=pgettext("of a message", "Schedule"),
        form=TimeForm(data, initial=initial),
        facts=[(_("Currently scheduled for"), _moment(broadcast.planned_at))] if broadcast.planned_at else [],
        possible=broadcast.state in {State.SCHEDULED, State.HELD},
        people=people_expected(broadcast)[0] if data else 0,  # counted when it is answered, not when it is shown
    )


def edit_question(broadcast: Broadcast, data: Any, files: Any = None) -> Question:
    is_over = broadcast.state in {State.FINISHED, State.CANCELLED}
    # In a chat Telegram changes the words under a file, not the file.
    kind = Broadcast.Kind.TEXT if is_over else broadcast.kind
    form = TextForm(data, files, initial={"text": broadcast.message_text}, kind=kind)
    if not is_over:
        return Question(
            heading=_("Edit the text"),
            sentence=_("Nobody has it yet: everyone gets the new text.")
            if broadcast.state in {State.SCHEDULED, State.HELD} and not broadcast.started_at
            else _("Those who already have it keep the old text. If it is being sent, pause it first."),
            yes=_("Save the text"),
            form=form,
            possible=broadcast.state != State.SENDING,
            field="text",
            people=people_expected(broadcast)[0] if data else 0,
        )
    correctable = correctable_of(broadcast, at=timezone.now())
    return Question(
        heading=_("Edit the text for everyone?"),
        sentence=_("The text changes in every chat. Telegram marks the message as edited."),
        yes=_("Edit for everyone (%(count)d)") % {"count": correctable.count},
        form=form,
        facts=_correctable_facts(_("Can be changed"), correctable),
        possible=correctable.count > 0,
        field="text",
        people=correctable.count,
    )


def delete_question(broadcast: Broadcast, data: Any) -> Question:
    correctable = correctable_of(broadcast, at=timezone.now())
    asked = correctable.count if correctable.count > TYPED_ABOVE else None
    return Question(
        heading=_("Delete this message for everyone?"),
        sentence=_(
            "The message disappears from the chats, though some people have already read it. This cannot be undone."
        ),
        yes=_("Delete for everyone (%(count)d)") % {"count": correctable.count},
        form=NumberForm(data, asked=asked),
        facts=_correctable_facts(_("Can be deleted"), correctable),
        danger=True,
        possible=correctable.count > 0 and broadcast.state in {State.FINISHED, State.CANCELLED, State.PAUSED},
        people=correctable.count,
    )


def retry_question(broadcast: Broadcast, data: Any) -> Question:
    counts = retryable_counts(broadcast=broadcast)
    choices = [(reason or "none", f"{reason_label(reason)} — {count}") for reason, count in counts.items()]
    initial = {"reasons": [value for value, _label in choices]}
    return Question(
        heading=_("Send again to those who did not get it?"),
        sentence=_(
            "Only people whom another try may reach are listed: "
            "not those who are still blocked, and no deleted accounts."
        ),
        yes=_("Send again"),
        form=RetryForm(data, choices=choices, initial=initial) if choices else SureForm(data),
        possible=bool(choices) and broadcast.state in {State.FINISHED, State.SENDING, State.PAUSED},
        people=sum(counts.values()),
    )


def _correctable_facts(label: str, correctable: Correctable) -> list[tuple[str, str]]:
    facts = [(label, str(correctable.count))]
    if correctable.first_until and correctable.last_until:
        facts.append((_("The earliest until"), _moment(correctable.first_until)))
        facts.append((_("The latest until"), _moment(correctable.last_until)))
    return facts


def _moment(at: Any) -> str:
    return timezone.localtime(at).strftime("%d.%m.%Y %H:%M")
