"""A person's full e-mail addresses; each view is recorded."""

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from bookings.person.sections import VIEW_LESSONS, VIEW_PEOPLE, lessons_of
from hsl_dashboard.web.pages import StaffRequest, wants_partial
from users.models import TelegramUser
from users.person.context import changed_pieces, person_address
from users.privacy import VIEW_EMAIL
from users.services import disclose_emails


@require_POST
@permission_required([VIEW_PEOPLE, VIEW_LESSONS, VIEW_EMAIL], raise_exception=True)
def person_emails(request: StaffRequest, user_id: int) -> HttpResponse:
    """Show the full addresses. POST, because it records who looked."""
    person = get_object_or_404(TelegramUser, pk=user_id)
    disclose_emails(person=person, to=request.user, at=timezone.now())
    section = {"lessons": lessons_of(person, unmasked=True), "may_unmask": False}
    context = {"person": person, "section": section, "person_address": person_address(user_id)}
    if wants_partial(request):
        return render(request, "bookings/_emails_shown.html", context | changed_pieces(request, user_id))
    return render(request, "bookings/person_emails.html", context)
