"""What payment services sent is dropped when it is old; what was read from it stays."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any

from django.utils.translation import gettext_lazy as _

from bookings.models import IncomingPayment
from users.retention.rules import Batches, KeepingRule


def forget_raw(before: datetime, batches: Batches) -> Iterator[int]:
    """Drop the bodies that were received before a moment, in the order of the notices."""
    place: int | None = 0
    while place is not None and not batches.is_over:
        dropped, place = batches.forget(partial(_drop_window, before, place))
        yield dropped


def count_raw(before: datetime) -> int:
    return IncomingPayment.objects.filter(raw__isnull=False, received_at__lt=before).count()


def _drop_window(before: datetime, place: int, size: int) -> tuple[int, Any]:
    window = list(IncomingPayment.objects.filter(pk__gt=place).order_by("pk").values_list("pk", flat=True)[:size])
    old = IncomingPayment.objects.filter(pk__in=window, raw__isnull=False, received_at__lt=before)
    return old.update(raw=None), window[-1] if len(window) == size else None


WEBHOOK_PAYLOADS = KeepingRule(
    name="webhook_payloads",
    setting="KEEP_WEBHOOK_PAYLOADS_DAYS",
    label=_("Raw notices of payments"),
    count=count_raw,
    forget=forget_raw,
)
