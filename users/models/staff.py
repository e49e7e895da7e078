"""Staff accounts."""

from collections.abc import Collection

from django.contrib.auth.models import AbstractUser
from django.contrib.auth.validators import ASCIIUsernameValidator
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, Concat, Lower, NullIf, Trim
from django.utils.translation import gettext_lazy as _


def shown_name() -> Coalesce:
    """``User.shown_name`` as SQL."""
    full = Trim(Concat("first_name", Value(" "), "last_name"))
    return Coalesce(NullIf(full, Value("")), "username", output_field=models.TextField())


TAKEN = _("This name is taken.")
OTHERS_EMAIL = _("Another account has this e-mail.")


class User(AbstractUser):
    """A member of staff, who signs in to the dashboard.

    A name or an e-mail signs in, so the two share one space: what one account signs in with belongs to no other.
    """

    # ASCII: «viеwer» with a Cyrillic letter looks like «viewer».
    username = models.CharField(
        _("username"),
        max_length=150,
        unique=True,
        help_text=_("Latin letters, digits and @ . + - _; it may be the account's own e-mail, and nobody else's."),
        validators=[ASCIIUsernameValidator()],
        error_messages={"unique": TAKEN},
    )
    # NULL: nobody has asked yet. After it the pages of whoever may send or administer wait for a second factor.
    factor_due_at = models.DateTimeField(_("second factor required from"), null=True, blank=True, editable=False)

    class Meta(AbstractUser.Meta):
        db_table = "staff_user"
        verbose_name = _("staff account")  # type: ignore[assignment]  # a lazy text, as everywhere
        verbose_name_plural = _("staff accounts")  # type: ignore[assignment]
        constraints = [
            models.UniqueConstraint(Lower("username"), name="staff_user_username_once", violation_error_message=TAKEN),
            models.UniqueConstraint(
                Lower("email"),
                name="staff_user_email_once",
                condition=~Q(email=""),
                violation_error_message=OTHERS_EMAIL,
            ),
            # With the two above it keeps names and e-mails apart: an e-mail as a name is one's own.
            models.CheckConstraint(
                condition=~Q(username__contains="@") | Q(username__iexact=F("email")),
                name="staff_user_name_is_no_others_email",
                violation_error_message=_("A name with @ must be the account's own e-mail."),
            ),
        ]

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """Say what is wrong beside its field: constraints over expressions name none."""
        try:
            super().validate_constraints(exclude)
        except ValidationError as refusal:
            fields: dict[str, list[ValidationError]] = {}
            for error in refusal.error_dict.get(NON_FIELD_ERRORS, []):
                fields.setdefault("email" if error.message == OTHERS_EMAIL else "username", []).append(error)
            # A name that differs in nothing is refused by its own field already.
            if User.objects.filter(username=self.username).exclude(pk=self.pk).exists():
                fields["username"] = [error for error in fields.get("username", []) if error.message != TAKEN]
            named = {
                name if name not in (exclude or ()) else NON_FIELD_ERRORS: fields[name]
                for name in fields
                if fields[name]
            }
            if named:
                raise ValidationError(named) from refusal

    @property
    def shown_name(self) -> str:
        """How pages name somebody of the staff: the full name, or else the name they sign in with."""
        return self.get_full_name() or self.get_username()
