"""The webhook that Telegram calls, if it is switched on: no session, one secret."""

import json

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseForbidden, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from messaging.inbound.updates import InvalidUpdate, record_update

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"


# No browser and no session: the secret in the header proves that Telegram asks.
@csrf_exempt
@login_not_required
@require_POST
def telegram_webhook(request: HttpRequest) -> HttpResponse:
    if not settings.TELEGRAM_WEBHOOK_SECRET:
        # The bot polls, which Telegram refuses while a webhook is set.
        raise Http404
    if not constant_time_compare(request.headers.get(SECRET_HEADER, ""), settings.TELEGRAM_WEBHOOK_SECRET):
        return HttpResponseForbidden()
    try:
        update = json.loads(request.body)
        record_update(update, at=timezone.now())
    except (InvalidUpdate, ValueError, RecursionError):
        return HttpResponse(status=400)
    return _answer(update)


def _answer(update: dict[str, object]) -> HttpResponse:
    """Confirm the update; for a button press also end its loading indicator, by a method call in the answer."""
    press = update.get("callback_query")
    if isinstance(press, dict):
        return JsonResponse({"method": "answerCallbackQuery", "callback_query_id": press.get("id")})
    return HttpResponse()
