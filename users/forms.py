"""What staff write about a person."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from users.services import MAX_BLOCK_REASON_LENGTH, MAX_NOTE_LENGTH, MAX_TAG_LENGTH


class NoteForm(forms.Form):
    """A note for the other members of staff."""

    text = forms.CharField(
        label=_("New note"),
        max_length=MAX_NOTE_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Only staff can see it."),
    )


class TagForm(forms.Form):
    """A tag for a person."""

    name = forms.CharField(label=_("New tag"), max_length=MAX_TAG_LENGTH)

    def clean_name(self) -> str:
        # In a comma-separated list a tag with a comma would read as two.
        name = " ".join(self.cleaned_data["name"].replace(",", " ").split())
        if not name:
            raise ValidationError(self.fields["name"].error_messages["required"], code="required")
        return name


class BlockForm(forms.Form):
    """Why a person is blocked, or no longer."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=MAX_BLOCK_REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("It is kept in the person's history."),
    )
