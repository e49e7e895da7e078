"""A change of many bookings or people at once, prepared and looked at before it is made, with a result for each."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from bookings.models.bookings import Booking
from hsl_dashboard.db import DatabaseForeignKey
from users.models.keys import optional_person_key, person_constraint


class BulkChange(models.Model):
    """One value for many: what staff chose, for whom, and when it was made. Made once, however often it is sent."""

    class Kind(models.TextChoices):
        STATUS = "status", _("Status")
        STREAM = "stream", _("Stream")
        TAG = "tag", _("Tag")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    value = models.CharField(_("value"), max_length=100, help_text=_("A status number, a stream code or a tag."))
    reason = models.TextField(_("reason"), blank=True)
    notify = models.BooleanField(_("the students are told"), default=False, db_default=False)
    next = models.TextField(_("list it came from"), blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="bulk_changes", verbose_name=_("author")
    )
    prepared_at = models.DateTimeField(_("prepared"))
    finished_at = models.DateTimeField(_("finished"), null=True)

    class Meta:
        verbose_name = _("bulk change")
        verbose_name_plural = _("bulk changes")

    def __str__(self) -> str:
        return f"{self.kind}: {self.value}"


class BulkRow(models.Model):
    """What becomes of one booking or person in a bulk change."""

    class State(models.TextChoices):
        READY = "ready", _("Will be changed")
        REFUSED = "refused", _("Will not be changed")
        DONE = "done", _("Changed")
        UNDONE = "undone", _("Undone")
        FAILED = "failed", _("Not changed")

    change = models.ForeignKey(
        BulkChange, models.CASCADE, related_name="rows", db_index=False, verbose_name=_("bulk change")
    )
    position = models.PositiveIntegerField()
    telegram_user = optional_person_key(related_name="+")
    booking = models.ForeignKey(
        Booking, models.DO_NOTHING, db_constraint=False, null=True, related_name="+", verbose_name=_("booking")
    )
    typed = models.TextField(_("as it was pasted"), blank=True)
    # What staff saw when they decided.
    seen_status = models.IntegerField(null=True)
    seen_stream = models.TextField(null=True)
    needs_reason = models.BooleanField(default=False)
    state = models.CharField(_("state"), max_length=10, choices=State)
    note = models.TextField(_("why not"), blank=True)

    class Meta:
        verbose_name = _("row of a bulk change")
        verbose_name_plural = _("rows of bulk changes")
        default_permissions = ()
        ordering = ("change", "position")
        constraints = [
            models.UniqueConstraint(fields=["change", "position"], name="bookings_bulkrow_once"),
            person_constraint("bookings_bulkrow"),
            DatabaseForeignKey(field="booking", on_delete="CASCADE", name="bookings_bulkrow_booking_id_fkey"),
        ]

    def __str__(self) -> str:
        return f"№\u00a0{self.pk}"
