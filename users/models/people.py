"""The bot's people."""

from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from hsl_dashboard.calendar import CALENDAR_BEGINS, CALENDAR_ENDS
from users.models.triggers import keep_person_totals, mark_for_numbers, mark_new

# Ids from here on stand for people who were erased; Telegram's own have 52 bits.
ERASED_FROM = 2**60


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
        indexes = [
            # Pasted lists name a thousand people: each is one lookup, where letters would be a search each.
            models.Index(Lower("username"), name="users_by_username"),
            # Nearly empty: dates that no calendar of ours has.
            models.Index(
                "first_seen_at",
                name="users_far_first_seen",
                condition=models.Q(first_seen_at__gte=CALENDAR_ENDS) | models.Q(first_seen_at__lt=CALENDAR_BEGINS),
            ),
        ]
        triggers = [
            *keep_person_totals(
                columns=("username", "first_name", "last_name", "language_code", "first_seen_at"),
                insert=mark_new(at="first_seen_at"),
            ),
            *mark_for_numbers(at="first_seen_at", columns=()),
        ]

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
        """Whether this is the stand-in that statistics keep for an erased person."""
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
