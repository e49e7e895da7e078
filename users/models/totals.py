"""Derived counts per person, kept by triggers and rebuilt by rebuild_statistics."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.utils.translation import gettext_lazy as _

from users.models.fields import NEVER, EverSortedDateTimeField
from users.models.indexes import TOTALS_INDEXES
from users.models.keys import person_primary_key


class LeadTemperature(models.IntegerChoices):
    """How active a person was in the last Moscow days, today included; by the rules of LeadRules."""

    NO_LEAD = -1, _("Not a lead")  # has a confirmed booking, whatever they do
    COLD = 0, _("Cold")
    COOL = 1, _("Cool")
    WARM = 2, _("Warm")
    HOT = 3, _("Hot")


# The usual rules, which stand while nobody has set others in LeadRules.
LEAD_WINDOW = 7  # Moscow days, today included
# At least so many own events on at least so many days. The function person_temperature() has the same defaults; a test
# compares the two.
LEAD_THRESHOLDS = {LeadTemperature.HOT: (20, 5), LeadTemperature.WARM: (10, 3), LeadTemperature.COOL: (5, 1)}


class LatestStatus(models.IntegerChoices):
    """Status of a person's newest booking, numbered in the order in which staff sort it."""

    NO_BOOKING = 0, _("No bookings")
    CANCELLED = 1, _("Cancelled")
    UNKNOWN = 2, _("Unknown")
    NEW = 3, _("New request")
    PENDING = 4, _("Pending")
    CONFIRMED = 5, _("Confirmed")


class PersonCounts(models.Model):
    """What is counted about a person; no column may be NULL, so that any can sort a list page by page."""

    telegram_user = person_primary_key(related_name="%(class)s")
    # First name, last name, else @username, lower-cased, ё as е: as a Russian list is sorted.
    name_key = models.TextField(db_default="", db_collation="C")
    language_code = models.TextField(_("language"), db_default="", db_collation="C")
    first_seen_at = EverSortedDateTimeField(_("first seen"), db_default=NEVER)
    bookings = models.IntegerField(_("bookings"), db_default=0)
    events = models.IntegerField(_("events"), db_default=0)
    lessons = models.IntegerField(_("lessons"), db_default=0)
    has_active_booking = models.BooleanField(_("has an active booking"), db_default=False)
    latest_stream = models.TextField(_("latest stream"), db_default="", db_collation="C")
    latest_status = models.SmallIntegerField(_("latest status"), choices=LatestStatus, db_default=0)
    last_activity_at = EverSortedDateTimeField(_("last activity"), db_default=NEVER)
    temperature = models.SmallIntegerField(_("lead"), choices=LeadTemperature, db_default=0)
    # The day on which an active day leaves the window, and the temperature may fall; NULL when it cannot.
    cools_on = models.DateField(null=True)
    blocked = models.BooleanField(_("is blocked"), db_default=False)
    # Searched text (person_text() in users/sql) and the kinds of lessons registered for, beside the sorting columns,
    # so that a walk through the list needs no other table.
    search_text = models.TextField(db_default="", db_collation="C")
    lesson_types = ArrayField(models.TextField(), db_default=[])

    class Meta:
        abstract = True


class PersonTotals(PersonCounts):
    """A person's counts, kept by triggers on what is counted; see docs/decisions/0005-person-totals.md."""

    class Meta:
        db_table = "person_totals"
        verbose_name = _("person's totals")
        verbose_name_plural = _("people's totals")
        indexes = TOTALS_INDEXES

    def __str__(self) -> str:
        return str(self.pk)


class LivePersonTotals(PersonCounts):  # noqa: DJ008 - never shown by itself
    """A view of the same counts that is always exact: it recounts marked people on the spot."""

    class Meta:
        managed = False
        db_table = "person_totals_live"
        default_permissions = ()


class CountingMark(models.Model):
    """A mark that a person has to be counted again. Triggers append, beat takes away.

    The table has no key and no index (users/migrations), so that an INSERT of the bot costs next to nothing more and
    waits for nobody. Whoever counts removes the marks first and counts in a later statement: a mark that arrives in
    between stands for a row that the count has not seen, and stays.
    """

    # Django wants a key; the database has none, and one person may have many marks.
    user_id = models.BigIntegerField(primary_key=True)
    marked_at = models.DateTimeField(db_default=TransactionNow())
    # What a new row was: the type of an event, else its table. Apps above count by some of them.
    about = models.TextField(null=True)

    class Meta:
        managed = False
        db_table = "counting_marks"
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.user_id)
