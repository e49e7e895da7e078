"""The audit of bookings and payments: lines for what history holds, and for changes of tables without history."""

from django.db import migrations

# table, and the arguments of audit_row: key, person, columns left out, columns kept secret
ROWS = [
    ("courses", "INSERT OR UPDATE OR DELETE", ("id", "", "", "")),
    ("free_lesson_registrations", "UPDATE OR DELETE", ("id", "user_id", "", "")),
    ("hackathon_registrations", "UPDATE OR DELETE", ("id", "user_id", "", "")),
    ("referral_usage", "UPDATE OR DELETE", ("id", "user_id", "", "")),
    ("bookings_paymentrules", "DELETE", ("id", "", "", "")),
    ("bookings_incomingpayment", "INSERT OR UPDATE OR DELETE", ("id", "", "tries,next_try_at", "raw,note")),
]
# table, condition, and the arguments of audit_record: what it is about, that row's key, person, member of staff
RECORDS = [
    # A booking that the bot makes is its own record: its INSERT writes no line.
    (
        "bookings_bookingevent",
        " WHEN (NEW.pgh_label <> 'insert' OR NEW.pgh_context_id IS NOT NULL)",
        ("bookings", "pgh_obj_id", "user_id", ""),
    ),
    ("bookings_bookingchange", " WHEN (NOT NEW.is_new)", ("bookings", "booking_id", "user_id", "changed_by_id")),
    ("bookings_streamevent", "", ("bookings_stream", "pgh_obj_id", "", "")),
    ("bookings_referralcouponevent", "", ("referral_coupons", "pgh_obj_id", "", "")),
    ("bookings_paymentevent", "", ("bookings_payment", "pgh_obj_id", "", "")),
    ("bookings_paymentrulesevent", "", ("bookings_paymentrules", "pgh_obj_id", "", "")),
]
TABLES = [table for table, *_ in (*ROWS, *RECORDS)] + [
    "bookings",
    "bookings_stream",
    "referral_coupons",
    "bookings_payment",
]


def triggers():
    for table, moments, arguments in ROWS:
        yield (
            f"CREATE TRIGGER audit_row AFTER {moments} ON {table} FOR EACH ROW EXECUTE FUNCTION audit_row{arguments!r};"
        )
    for table, when, arguments in RECORDS:
        yield (
            f"CREATE TRIGGER audit_record AFTER INSERT ON {table} FOR EACH ROW{when}"
            f" EXECUTE FUNCTION audit_record{arguments!r};"
        )
    for table in TABLES:
        yield (
            f"CREATE TRIGGER audit_truncate AFTER TRUNCATE ON {table} FOR EACH STATEMENT"
            " EXECUTE FUNCTION audit_truncate();"
        )


class Migration(migrations.Migration):
    dependencies = [("bookings", "0005_indexes"), ("users", "0007_audit")]

    operations = [migrations.RunSQL("\n".join(triggers()), migrations.RunSQL.noop)]
