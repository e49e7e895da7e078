"""Payments that wait since an unknown moment stand behind all others (bookings/payments/upkeep.py)."""

from django.db import migrations

UNDATED = """
UPDATE bookings_waitingpayment SET since = '2100-01-01 00:00+00' WHERE since = '2000-01-01 00:00+00'
"""
AS_BEFORE = """
UPDATE bookings_waitingpayment SET since = '2000-01-01 00:00+00' WHERE since = '2100-01-01 00:00+00'
"""


class Migration(migrations.Migration):
    dependencies = [("bookings", "0017_payments_seen_first")]

    operations = [migrations.RunSQL(UNDATED, AS_BEFORE)]
