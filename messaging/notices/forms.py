"""The form on which a member of staff chooses notices."""

from typing import Any

from django import forms

from messaging.notices.services import chosen_notices
from messaging.notices.topics import topics_for
from users.models import User


class NoticesForm(forms.Form):
    """A switch for each subject that its reader may have notices of."""

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = chosen_notices(user)
        for topic in topics_for(user):
            self.fields[topic.subject.value] = forms.BooleanField(
                label=topic.subject.label, required=False, initial=topic.subject in chosen, help_text=topic.help
            )

    @property
    def wanted(self) -> list[str]:
        return [name for name, is_wanted in self.cleaned_data.items() if is_wanted]
