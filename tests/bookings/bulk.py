"""Choosing rows for a bulk change, as the form of a list does."""

from django.test import Client
from django.urls import reverse

from bookings.models import Booking

PREPARE = reverse("bookings:bulk_prepare")


def choose(client: Client, bookings: list[Booking], act: str, *, scope: str = "chosen", query: str = "", **more: str):
    data = {"of": "bookings", "booking": [b.pk for b in bookings], "act": act, "scope": scope, "query": query, **more}
    return client.post(PREPARE, data)
