"""The audit in the Django admin, and how a page of it is read."""

import pytest
from django.db import connection
from django.urls import reverse

from bookings.models import Booking
from users.models import AuditEntry

pytestmark = pytest.mark.django_db


def test_the_admin_shows_the_audit_and_lets_nobody_change_it(staff_client, booking):
    Booking.objects.filter(pk=booking.pk).update(confirmed=2)
    entry = AuditEntry.objects.get(what="bookings.status")

    page = staff_client.get(reverse("admin:users_auditentry_changelist"))
    row = staff_client.get(reverse("admin:users_auditentry_change", args=[entry.pk]))
    deleted = staff_client.post(reverse("admin:users_auditentry_delete", args=[entry.pk]), {"post": "yes"})

    assert "bookings.status" in page.content.decode()
    assert row.status_code == 200
    assert deleted.status_code == 403
    assert AuditEntry.objects.filter(pk=entry.pk).exists()
    assert Booking.objects.filter(pk=booking.pk).exists()


def test_a_page_of_the_audit_reads_an_index(booking):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT * FROM users_auditentry WHERE user_id = 5 AND at < now() ORDER BY at DESC LIMIT 50"
        )
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "users_audit_person" in plan
