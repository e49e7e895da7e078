"""Notes and tags that staff keep about people."""

import pghistory
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from users.models.keys import person_constraint, person_key
from users.models.staff import User


class Tag(models.Model):
    """A word that staff put on people, to find them again."""

    name = models.CharField(pgettext_lazy("of a thing", "name"), max_length=40)

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        constraints = [models.UniqueConstraint(Lower("name"), name="users_tag_once")]

    def __str__(self) -> str:
        return self.name


@pghistory.track(pghistory.InsertEvent(), pghistory.DeleteEvent())
class PersonTag(models.Model):
    """A tag on a person."""

    telegram_user = person_key(related_name="tags", db_index=False)
    tag = models.ForeignKey(Tag, models.CASCADE, related_name="people", verbose_name=_("tag"))

    class Meta:
        verbose_name = _("tag of a person")
        verbose_name_plural = _("tags of people")
        constraints = [
            models.UniqueConstraint(fields=["telegram_user", "tag"], name="users_persontag_once"),
            person_constraint("users_persontag"),
        ]

    def __str__(self) -> str:
        return f"№\u00a0{self.pk}"


# Who deleted a note is kept; what it said goes with it.
@pghistory.track(pghistory.DeleteEvent(), exclude=["text"])
class Note(models.Model):
    """What staff wrote down about a person, for each other."""

    telegram_user = person_key(related_name="notes", db_index=False)
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
            person_constraint("users_note"),
        ]

    def __str__(self) -> str:
        return f"№\u00a0{self.pk}"
