"""How many recipients a broadcast has by state and reason, kept at every write: no page counts the rows themselves."""

from django.db import models
from django.db.models import Q


class RecipientCount(models.Model):
    """Derived: the number is the sum over the rows of a message, a state, a reason and a minute.

    Triggers of ``message_recipients`` add what each statement changes, and beat puts the rows of one message together
    (messaging/delivery/counts.py): whoever sends waits for nobody, and the sum is right at every moment.
    """

    message_id = models.IntegerField()
    state = models.CharField(max_length=20)
    reason = models.CharField(max_length=30)
    # When it arrived, of those that can be deleted or edited for 48 hours; of all others NULL.
    minute = models.DateTimeField(null=True)
    number = models.IntegerField()
    is_folded = models.BooleanField(db_default=False)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index("message_id", name="messaging_recipientcount_of"),
            # Nearly empty: what beat puts together next.
            models.Index("message_id", name="messaging_recipientcount_new", condition=Q(is_folded=False)),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} {self.state} {self.reason}"
