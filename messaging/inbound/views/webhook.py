"""The address that Telegram calls, when the school lets it: no page, no session, one secret."""

import json

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseForbidden, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from messaging.inbound.updates import InvalidUpdate, take_in_update

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"


# Nobody is signed in here, and no browser sends it: the secret in the header says who asks.
@csrf_exempt
@login_not_required
@require_POST
def telegram_webhook(request: HttpRequest) -> HttpResponse:
    if not settings.TELEGRAM_WEBHOOK_SECRET:
        # The bot polls; Telegram refuses to it while a webhook is set.
        raise Http404
    if not constant_time_compare(request.headers.get(SECRET_HEADER, ""), settings.TELEGRAM_WEBHOOK_SECRET):
        return HttpResponseForbidden()
    try:
        update = json.loads(request.body)
        take_in_update(update, at=timezone.now())
    except (InvalidUpdate, ValueError, RecursionError):
        return HttpResponse(status=400)
    return _answer(update)


def _answer(update: dict[str, object]) -> HttpResponse:
    """Say that it was taken; of a button press, also that its waiting sign may go: Telegram takes a call as answer."""
    press = update.get("callback_query")
    if isinstance(press, dict):
        return JsonResponse({"method": "answerCallbackQuery", "callback_query_id": press.get("id")})
    return HttpResponse()
