"""Signing in, and what administrators write about a colleague's account."""

from typing import Any

from allauth.account.forms import AddEmailForm, ChangePasswordForm, LoginForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm, EditWebAuthnForm
from django import forms
from django.conf import settings
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from users.models import User
from users.staff.roles import role_label


class StaffLoginForm(LoginForm):
    """allauth's, which offers a new password by e-mail even where nothing can be sent."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if not settings.HAS_EMAIL:
            self.fields["password"].help_text = _(
                "Forgot your password? An administrator can give you a link to set a new one."
            )


class StaffPasswordForm(ChangePasswordForm):
    """allauth's, which offers a new password by e-mail even where nothing can be sent."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if not settings.HAS_EMAIL:
            self.fields["oldpassword"].help_text = ""


class OwnEmailForm(AddEmailForm):
    """allauth's, which takes a colleague's e-mail too, and fails when it becomes the account's own."""

    def clean_email(self) -> str:
        email: str = super().clean_email()
        if User.objects.filter(email__iexact=email).exclude(pk=self.user.pk).exists():
            raise forms.ValidationError(_("Another account has this e-mail."))
        return email


class PasskeyForm(AddWebAuthnForm):
    """allauth's, whose field has a name in English alone."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["name"].label = pgettext_lazy("of a passkey", "Name")


class PasskeyNameForm(EditWebAuthnForm):
    """The same for a passkey that exists."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["name"].label = pgettext_lazy("of a passkey", "Name")


class GroupsField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # takes none while it runs
    """Ticks for groups, under the names that the pages use."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            Group.objects.order_by("pk"),
            label=pgettext_lazy("staff", "Groups"),
            widget=forms.CheckboxSelectMultiple,
            required=False,
            **options,
        )

    def label_from_instance(self, group: Any) -> str:
        return role_label(group.name)


class GroupsForm(forms.Form):
    """The groups of a colleague."""

    groups = GroupsField(help_text=_("After a change the colleague signs in again."))


class InviteForm(forms.ModelForm):  # type: ignore[type-arg]
    """A new colleague; the model's own rules keep names and e-mails apart."""

    groups = GroupsField()

    class Meta:
        model = User
        fields = ("username", "email", "first_name", "last_name")


class AccountForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a colleague is called, and the e-mail; the model's own rules keep names and e-mails apart."""

    class Meta:
        model = User
        fields = ("first_name", "last_name", "email")


class ResetForm(forms.Form):
    """A colleague who cannot get in."""

    forget_factors = forms.BooleanField(label=_("The second factor is lost too"), required=False)
