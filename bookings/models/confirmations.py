"""When each confirmed booking was confirmed, so that confirmations are counted and listed by day."""

from django.db import models

from bookings.models.bookings import Booking
from bookings.models.triggers import mark_confirmation, mark_emptied
from hsl_dashboard.db import DatabaseForeignKey


class Confirmation(models.Model):
    """The moment of a confirmed booking's last move to «Подтверждено»; derived, kept by triggers.

    Other statuses have no row. The function confirmation_moment() says where the moment comes from.
    """

    booking = models.OneToOneField(Booking, models.DO_NOTHING, primary_key=True, db_constraint=False)
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        indexes = [models.Index("confirmed_at", "booking", name="bookings_confirmed_at")]
        constraints = [
            DatabaseForeignKey(field="booking", on_delete="CASCADE", name="bookings_confirmation_booking_id_fkey"),
        ]
        triggers = [mark_confirmation(), mark_emptied()]

    def __str__(self) -> str:
        return f"№\u00a0{self.pk}"
