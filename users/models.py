"""Staff accounts, the bot's people, and what those people did."""

from typing import Self

import pghistory
from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from hsl_dashboard.db import DatabaseForeignKey
from users.fields import NEVER, EverSortedDateTimeField
from users.indexes import TOTALS_INDEXES
from users.triggers import COUNT_NEW_EVENTS, CREATE_TOTALS, create_missing_person, keep_person_totals

# Ids from here on stand for people who were erased; Telegram's own have 52 bits.
ERASED_FROM = 2**60


class User(AbstractUser):
    """A member of staff, who signs in to the dashboard."""

    class Meta(AbstractUser.Meta):
        db_table = "staff_user"
        verbose_name = _("staff account")  # type: ignore[assignment]  # a lazy text, as everywhere
        verbose_name_plural = _("staff accounts")  # type: ignore[assignment]


class TelegramUser(models.Model):
    """A person who talks to the bot; the bot writes the row, a trigger makes it when the bot has not yet."""

    user_id = models.BigIntegerField(_("Telegram id"), primary_key=True)
    username = models.TextField(_("username"), null=True, blank=True)
    first_name = models.TextField(_("first name"), null=True, blank=True)
    last_name = models.TextField(_("last name"), null=True, blank=True)
    language_code = models.TextField(_("language"), null=True, blank=True)
    first_seen_at = models.DateTimeField(_("first seen"), null=True, blank=True, db_default=TransactionNow())
    updated_at = models.DateTimeField(_("updated"), null=True, blank=True, db_default=TransactionNow())

    class Meta:
        db_table = "users"
        verbose_name = _("person")
        verbose_name_plural = _("people")
        permissions = [
            ("view_email", _("Can see e-mail addresses in full, and search by them")),
            ("export_people", _("Can download the list of people")),
            ("export_person", _("Can download everything held about one person")),
            ("erase_person", _("Can erase a person from every table")),
        ]
        triggers = keep_person_totals(
            columns=("username", "first_name", "last_name", "language_code", "first_seen_at"), insert=CREATE_TOTALS
        )

    def __str__(self) -> str:
        return f"{self.display_name} ({self.user_id})"

    @property
    def display_name(self) -> str:
        """First name as staff read it; «Неизвестно» where the bot has none."""
        if self.is_erased:
            return str(_("Erased person"))
        return (self.first_name or "").strip() or str(_("Unknown"))

    @property
    def is_erased(self) -> bool:
        """Whether this is nobody: what statistics count of a person who was erased."""
        return self.user_id >= ERASED_FROM

    @property
    def full_name(self) -> str:
        """First and last name; «Неизвестно» where the bot has neither."""
        names = ((name or "").strip() for name in (self.first_name, self.last_name))
        return " ".join(name for name in names if name) or self.display_name

    @property
    def telegram_url(self) -> str:
        """Address of the person's Telegram profile; empty for somebody without a @username."""
        return f"https://t.me/{self.username}" if self.username else ""


class EventQuerySet(models.QuerySet["Event"]):
    def newest_first(self) -> Self:
        return self.order_by(models.F("created_at").desc(nulls_last=True), "-id")


class Event(models.Model):
    """Something a person did in the bot, or that the bot or staff did for them."""

    id = models.AutoField(primary_key=True)
    telegram_user = models.ForeignKey(
        TelegramUser,
        models.DO_NOTHING,
        db_column="user_id",
        db_constraint=False,
        db_index=False,
        related_name="events",
        verbose_name=_("person"),
    )
    event_type = models.CharField(_("event"), max_length=50)
    details = models.JSONField(_("details"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), null=True, blank=True, db_default=TransactionNow())
    # The bot has these two columns and leaves them NULL.
    username = models.TextField(_("username"), null=True, blank=True)
    first_name = models.TextField(_("first name"), null=True, blank=True)

    objects = EventQuerySet.as_manager()

    class Meta:
        db_table = "events"
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes = [
            # A person's timeline, newest first.
            models.Index("telegram_user", models.F("created_at").desc(nulls_last=True), name="events_user_created"),
            # «Смотрел»: everyone with view_program since a day.
            models.Index("event_type", models.F("created_at").desc(nulls_last=True), name="events_type_created"),
            models.Index(
                models.F("created_at").desc(nulls_last=True), models.F("id").desc(), name="events_newest_first"
            ),
            # The history of one booking. ->> reads a number and a string alike; few events are of this kind.
            models.Index(
                KeyTextTransform("booking_id", "details"),
                condition=models.Q(event_type="booking_status_changed"),
                name="events_booking_history",
            ),
        ]
        constraints = [
            DatabaseForeignKey(field="telegram_user", on_delete="CASCADE", name="events_user_id_fkey"),
        ]
        triggers = [
            create_missing_person(
                username="COALESCE(NEW.username, NEW.details->>'username')",
                first_name="COALESCE(NEW.first_name, NEW.details->>'first_name')",
                seen_at="COALESCE(NEW.created_at, now())",
            ),
            *keep_person_totals(columns=("created_at", "event_type"), insert=COUNT_NEW_EVENTS),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} #{self.pk}"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class BlockedUser(models.Model):
    """A person whom nothing is sent to: they blocked the bot, or staff decided so."""

    telegram_user = models.OneToOneField(
        TelegramUser,
        models.DO_NOTHING,
        db_column="user_id",
        db_constraint=False,
        primary_key=True,
        related_name="block",
        verbose_name=_("person"),
    )
    blocked_at = models.DateTimeField(_("blocked"), null=True, blank=True, db_default=TransactionNow())
    reason = models.TextField(_("reason"), null=True, blank=True, db_default="bot_blocked_by_user")

    class Meta:
        db_table = "blocked_users"
        verbose_name = _("blocked person")
        verbose_name_plural = _("blocked people")
        constraints = [
            DatabaseForeignKey(field="telegram_user", on_delete="CASCADE", name="blocked_users_user_id_fkey"),
        ]
        triggers = [
            create_missing_person(username="NULL", first_name="NULL", seen_at="COALESCE(NEW.blocked_at, now())"),
            *keep_person_totals(columns=()),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class LeadTemperature(models.IntegerChoices):
    """How much a person did in the last seven Moscow days, today included; migration 0005 has the SQL that decides."""

    COLD = 0, _("Cold")
    COOL = 1, _("Cool")  # at least 5 events
    WARM = 2, _("Warm")  # at least 10 events on at least 3 days
    HOT = 3, _("Hot")  # at least 20 events on at least 5 days


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

    telegram_user = models.OneToOneField(
        TelegramUser,
        models.DO_NOTHING,
        db_column="user_id",
        db_constraint=False,
        primary_key=True,
        related_name="%(class)s",
        verbose_name=_("person"),
    )
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
    # What the list is searched by (person_text() of migration 0013), and kinds of the lessons that were registered for:
    # beside the columns that sort, so that a walk through the list looks up nothing else.
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
    """The same counts, exact while some people wait to be counted again: a view that counts those on the spot."""

    class Meta:
        managed = False
        db_table = "person_totals_live"
        default_permissions = ()


class PersonToCount(models.Model):
    """A mark: count this person again, for another transaction held the totals when something was written."""

    # No key to the person and no uniqueness: a mark must never wait for another transaction.
    user_id = models.BigIntegerField(db_index=True)

    class Meta:
        db_table = "person_totals_pending"
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.user_id)


class PeopleExport(models.Model):
    """Who downloaded which list of people, and when: personal data left the house."""

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        XLSX = "xlsx", "XLSX"

    exported_by = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="people_exports", verbose_name=_("exported by")
    )
    exported_at = models.DateTimeField(_("exported"), db_default=TransactionNow())
    query = models.TextField(_("filter"), blank=True, help_text=_("The filter as it stands in the address."))
    format = models.CharField(_("format"), max_length=4, choices=Format)
    with_emails = models.BooleanField(_("with e-mails"))
    rows = models.PositiveIntegerField(_("rows"), null=True, help_text=_("Empty: the download broke off."))

    class Meta:
        verbose_name = _("export of people")
        verbose_name_plural = _("exports of people")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"#{self.pk}"


class Tag(models.Model):
    """A word that staff put on people, to find them again."""

    name = models.CharField(_("name"), max_length=40)

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        constraints = [models.UniqueConstraint(Lower("name"), name="users_tag_once")]

    def __str__(self) -> str:
        return self.name


@pghistory.track(pghistory.InsertEvent(), pghistory.DeleteEvent())
class PersonTag(models.Model):
    """A tag on a person."""

    telegram_user = models.ForeignKey(
        TelegramUser,
        models.DO_NOTHING,
        db_column="user_id",
        db_constraint=False,
        db_index=False,
        related_name="tags",
        verbose_name=_("person"),
    )
    tag = models.ForeignKey(Tag, models.CASCADE, related_name="people", verbose_name=_("tag"))

    class Meta:
        verbose_name = _("tag of a person")
        verbose_name_plural = _("tags of people")
        constraints = [
            models.UniqueConstraint(fields=["telegram_user", "tag"], name="users_persontag_once"),
            DatabaseForeignKey(field="telegram_user", on_delete="CASCADE", name="users_persontag_user_id_fkey"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


# Who deleted a note is kept; what it said goes with it.
@pghistory.track(pghistory.DeleteEvent(), exclude=["text"])
class Note(models.Model):
    """What staff wrote down about a person, for each other."""

    telegram_user = models.ForeignKey(
        TelegramUser,
        models.DO_NOTHING,
        db_column="user_id",
        db_constraint=False,
        db_index=False,
        related_name="notes",
        verbose_name=_("person"),
    )
    text = models.TextField(_("text"))
    written_by = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="notes", db_index=False, verbose_name=_("author")
    )
    written_at = models.DateTimeField(_("written"))

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        indexes = [models.Index("telegram_user", models.F("written_at").desc(), name="users_note_person")]
        constraints = [
            DatabaseForeignKey(field="telegram_user", on_delete="CASCADE", name="users_note_user_id_fkey"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class EmailDisclosure(models.Model):
    """Who looked at a person's e-mail addresses in full, and when."""

    telegram_user = models.ForeignKey(
        TelegramUser,
        models.DO_NOTHING,
        db_column="user_id",
        db_constraint=False,
        related_name="email_disclosures",
        verbose_name=_("person"),
    )
    shown_to = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="email_disclosures", verbose_name=_("shown to")
    )
    shown_at = models.DateTimeField(_("shown"))

    class Meta:
        verbose_name = _("look at an e-mail")
        verbose_name_plural = _("looks at e-mails")
        default_permissions = ("view",)
        constraints = [
            DatabaseForeignKey(field="telegram_user", on_delete="CASCADE", name="users_emaildisclosure_user_id_fkey"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
