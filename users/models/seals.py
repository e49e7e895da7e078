"""Days whose events have lost their details."""

from django.contrib.postgres.functions import TransactionNow
from django.db import models


class SealedDay(models.Model):
    """A day of events whose details are gone, or are going: what was counted of it stays, and is not counted again."""

    day = models.DateField(primary_key=True)
    sealed_at = models.DateTimeField(db_default=TransactionNow())
    # NULL while there are details left: the next run goes on here.
    emptied_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.day)
