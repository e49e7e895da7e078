"""Marks for what is counted by day and by person: triggers add them, the upkeep of the numbers takes them away."""

from django.db import models


class NumberMark(models.Model):
    """A day and a person to count again; without both, everything: a table was emptied."""

    # No key to the person and no uniqueness: a mark must never wait for another transaction.
    user_id = models.BigIntegerField(null=True)
    day = models.DateField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.user_id} {self.day}"
