"""«Вернуть» beside a sentence about what was done: how a message of Django carries the number of the act."""

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpRequest

if TYPE_CHECKING:
    from users.models import UndoableAct


def say_done(request: HttpRequest, sentence: str, *, undo: "UndoableAct | None" = None) -> None:
    """Say on the next page what was done and, where that can be undone, offer it there."""
    messages.success(request, sentence, extra_tags=str(undo.pk) if undo else "")
