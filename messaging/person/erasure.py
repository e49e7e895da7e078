"""What stays of the messages to an erased person: that they were sent, and whether they arrived."""

from django.apps import apps
from django.db.models import Exists, OuterRef

from messaging.models import Broadcast, Correction, Recipient
from users.models import TelegramUser
from users.personal_data.erasure import GONE, before_erasing, keep_for_statistics


def keep_deliveries() -> None:
    """Called once, when the app is ready."""
    keep_for_statistics(Recipient, username=None, telegram_message_id=None, error_text="")
    before_erasing(forget_letters)


def forget_letters(person: TelegramUser) -> None:
    """Send nothing more, and drop the words that were written to this person alone, with their history."""
    rows = Recipient.objects.filter(telegram_user=person)
    rows.pending().update(state=Recipient.State.SKIPPED, reason=Recipient.Reason.EXCLUDED)
    others = Recipient.objects.filter(message=OuterRef("pk")).exclude(telegram_user=person)
    mine = Broadcast.objects.filter(pk__in=rows.values("message")).exclude(Exists(others))
    letters = list(mine.values_list("pk", flat=True))
    corrections = list(Correction.objects.filter(broadcast__in=letters).values_list("pk", flat=True))
    Broadcast.objects.filter(pk__in=letters).update(message_text=GONE, buttons=[], audience=None)
    Correction.objects.filter(pk__in=corrections).update(message_text=GONE, buttons=[])
    for name, pks in (("BroadcastEvent", letters), ("CorrectionEvent", corrections)):
        history = apps.get_model("messaging", name)
        history._base_manager.filter(pgh_obj__in=pks).delete()
