"""Mark for beat what was there before the triggers were: lessons, payments that may wait, the money of every day."""

from django.db import migrations

# Beat counts them, batch by batch, while the bot goes on writing. Proofs are few, and the index on types finds them.
MARK_EVERYTHING = """
INSERT INTO lesson_steps_pending (user_id) SELECT DISTINCT user_id FROM free_lesson_registrations;
INSERT INTO bookings_paymentmark (user_id)
SELECT user_id FROM bookings WHERE confirmed = 1
UNION SELECT user_id FROM events WHERE event_type IN ('payment_proof_uploaded', 'alternative_payment_proof');
INSERT INTO bookings_moneymark (day, everything) VALUES (NULL, true);
"""


class Migration(migrations.Migration):
    dependencies = [("bookings", "0006_audit")]

    operations = [migrations.RunSQL(MARK_EVERYTHING, migrations.RunSQL.noop)]
