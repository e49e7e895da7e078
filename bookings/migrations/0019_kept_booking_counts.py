"""Bookings counted by stream and by code at every write; the money of a day says more, and is summed by a fresh plan."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

MOSCOW, ZONE = "'Europe/Moscow'", "'" + settings.TIME_ZONE.replace("'", "''") + "'"
# Copies of what the files in sql/ say today; later changes are migrations of their own.
FUNCTIONS = r"""
DROP FUNCTION money_of_day(date);
-- Sums the money of a day by course, currency and stream, and again by referral code instead of the stream. NULL is the
-- day of confirmations without a moment. A plan that a session has kept from emptier tables would read them whole.
CREATE OR REPLACE FUNCTION money_of_day(wanted date) RETURNS TABLE (
    part text, course_id integer, key text, currency text, received numeric, refunded numeric, payments integer,
    expected numeric, bookings integer, unpriced integer, confirmed integer, discount numeric
) LANGUAGE plpgsql STABLE SET jit = off SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    begins timestamptz := CASE WHEN wanted > '0001-01-01' THEN wanted::timestamp AT TIME ZONE 'Europe/Moscow'
        ELSE '-infinity' END;
    last timestamptz := CASE WHEN wanted < '9999-12-31'
        THEN (wanted + 1)::timestamp AT TIME ZONE 'Europe/Moscow' - interval '1 microsecond' ELSE 'infinity' END;
BEGIN
    RETURN QUERY
        WITH money AS (
            SELECT b.course_id, b.course_stream::text AS stream, b.referral_code AS code, p.currency::text AS currency,
                GREATEST(p.amount, 0) AS received, GREATEST(-p.amount, 0) AS refunded, 1 AS payment,
                0::numeric AS expected, 0 AS booking, 0 AS unpriced, 0 AS confirmed, 0::numeric AS discount
            FROM bookings_payment AS p LEFT JOIN bookings AS b ON b.id = p.booking_id
            WHERE wanted IS NOT NULL AND p.received_at >= begins AND p.received_at <= last
            UNION ALL
            SELECT b.course_id, b.course_stream, b.referral_code, m.currency,
                0, 0, 0, CASE WHEN paid.is_so THEN 0 ELSE COALESCE(m.expected, 0) END, (NOT paid.is_so)::integer,
                (NOT paid.is_so AND m.expected IS NULL)::integer, 1, COALESCE(m.discount, 0)
            FROM (
                SELECT c.booking_id FROM bookings_confirmation AS c
                WHERE wanted IS NOT NULL AND c.confirmed_at >= begins AND c.confirmed_at <= last
                UNION ALL
                SELECT c.booking_id FROM bookings_confirmation AS c WHERE wanted IS NULL AND c.confirmed_at IS NULL
            ) AS good
            JOIN bookings AS b ON b.id = good.booking_id AND b.confirmed = 2
            JOIN booking_money AS m ON m.booking_id = b.id
            CROSS JOIN LATERAL (
                SELECT EXISTS (SELECT FROM bookings_payment AS p WHERE p.booking_id = b.id) AS is_so
            ) AS paid
        )
        SELECT parts.part, money.course_id, COALESCE(parts.key, '') COLLATE "C", money.currency COLLATE "C",
            sum(money.received), sum(money.refunded), sum(money.payment)::integer,
            sum(money.expected), sum(money.booking)::integer, sum(money.unpriced)::integer,
            sum(money.confirmed)::integer, sum(money.discount)
        FROM money CROSS JOIN LATERAL (VALUES ('stream', money.stream), ('code', money.code)) AS parts (part, key)
        GROUP BY 1, 2, 3, 4;
END $$;

-- Sums the money of these days again; NULL among them is the day of what has no moment.
CREATE OR REPLACE FUNCTION money_recount(days date[]) RETURNS void LANGUAGE sql AS $$
    DELETE FROM bookings_moneyday AS kept
    WHERE kept.day = ANY (days) OR (kept.day IS NULL AND array_position(days, NULL) IS NOT NULL);
    INSERT INTO bookings_moneyday (
        day, part, course_id, key, currency, received, refunded, payments, expected, bookings, unpriced,
        confirmed, discount
    )
    SELECT wanted.day, m.part, m.course_id, m.key, m.currency, m.received, m.refunded, m.payments,
        m.expected, m.bookings, m.unpriced, m.confirmed, m.discount
    FROM unnest(days) AS wanted (day) CROSS JOIN LATERAL money_of_day(wanted.day) AS m
$$;
""".replace(MOSCOW, ZONE)
FUNCTIONS_BEFORE = r"""
DROP FUNCTION money_of_day(date);
-- Sums the money of a day by course, currency and stream, and again by referral code instead of the stream. NULL is the
-- day of confirmations without a moment.
CREATE OR REPLACE FUNCTION money_of_day(wanted date) RETURNS TABLE (
    part text, course_id integer, key text, currency text, received numeric, refunded numeric, payments integer,
    expected numeric, bookings integer, unpriced integer
) LANGUAGE plpgsql STABLE SET jit = off AS $$
DECLARE
    begins timestamptz := CASE WHEN wanted > '0001-01-01' THEN wanted::timestamp AT TIME ZONE 'Europe/Moscow'
        ELSE '-infinity' END;
    last timestamptz := CASE WHEN wanted < '9999-12-31'
        THEN (wanted + 1)::timestamp AT TIME ZONE 'Europe/Moscow' - interval '1 microsecond' ELSE 'infinity' END;
BEGIN
    RETURN QUERY
        WITH money AS (
            SELECT b.course_id, b.course_stream::text AS stream, b.referral_code AS code, p.currency::text AS currency,
                GREATEST(p.amount, 0) AS received, GREATEST(-p.amount, 0) AS refunded, 1 AS payment,
                0::numeric AS expected, 0 AS booking, 0 AS unpriced
            FROM bookings_payment AS p LEFT JOIN bookings AS b ON b.id = p.booking_id
            WHERE wanted IS NOT NULL AND p.received_at >= begins AND p.received_at <= last
            UNION ALL
            SELECT b.course_id, b.course_stream, b.referral_code, m.currency,
                0, 0, 0, COALESCE(m.expected, 0), 1, (m.expected IS NULL)::integer
            FROM (
                SELECT c.booking_id FROM bookings_confirmation AS c
                WHERE wanted IS NOT NULL AND c.confirmed_at >= begins AND c.confirmed_at <= last
                UNION ALL
                SELECT c.booking_id FROM bookings_confirmation AS c WHERE wanted IS NULL AND c.confirmed_at IS NULL
            ) AS confirmed
            JOIN bookings AS b ON b.id = confirmed.booking_id AND b.confirmed = 2
            JOIN booking_money AS m ON m.booking_id = b.id
            WHERE NOT EXISTS (SELECT FROM bookings_payment AS p WHERE p.booking_id = b.id)
        )
        SELECT parts.part, money.course_id, COALESCE(parts.key, '') COLLATE "C", money.currency COLLATE "C",
            sum(money.received), sum(money.refunded), sum(money.payment)::integer,
            sum(money.expected), sum(money.booking)::integer, sum(money.unpriced)::integer
        FROM money CROSS JOIN LATERAL (VALUES ('stream', money.stream), ('code', money.code)) AS parts (part, key)
        GROUP BY 1, 2, 3, 4;
END $$;

-- Sums the money of these days again; NULL among them is the day of what has no moment.
CREATE OR REPLACE FUNCTION money_recount(days date[]) RETURNS void LANGUAGE sql AS $$
    DELETE FROM bookings_moneyday AS kept
    WHERE kept.day = ANY (days) OR (kept.day IS NULL AND array_position(days, NULL) IS NOT NULL);
    INSERT INTO bookings_moneyday (
        day, part, course_id, key, currency, received, refunded, payments, expected, bookings, unpriced
    )
    SELECT wanted.day, m.part, m.course_id, m.key, m.currency, m.received, m.refunded, m.payments,
        m.expected, m.bookings, m.unpriced
    FROM unnest(days) AS wanted (day) CROSS JOIN LATERAL money_of_day(wanted.day) AS m
$$;
""".replace(MOSCOW, ZONE)
# Beat sums the days again, with their new columns; until then pages count confirmed bookings from the rows.
MARK_EVERYTHING = """
    INSERT INTO bookings_moneymark (day, everything)
    SELECT NULL, true WHERE NOT EXISTS (SELECT FROM bookings_moneymark WHERE everything)
"""
# Behind the triggers, which keep other writers out until this transaction ends: half a second for a million bookings.
COUNT_BOOKINGS = """
    INSERT INTO bookings_bookingcount (part, course_id, key, status, number)
    SELECT part.name, part.course_id, part.key, b.confirmed, count(*)
    FROM bookings AS b CROSS JOIN LATERAL (VALUES
        ('stream', b.course_id, COALESCE(b.course_stream, '')), ('code', NULL, b.referral_code)
    ) AS part (name, course_id, key)
    WHERE part.key IS NOT NULL GROUP BY 1, 2, 3, 4
"""


class Migration(migrations.Migration):

    dependencies = [
        ('bookings', '0018_undated_payments_wait_last'),
    ]

    operations = [
        migrations.CreateModel(
            name='BookingCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('part', models.CharField(choices=[('stream', 'Stream'), ('code', 'Code')], max_length=10)),
                ('course_id', models.IntegerField(null=True)),
                ('key', models.TextField(db_collation='C')),
                ('status', models.IntegerField(null=True)),
                ('number', models.BigIntegerField()),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.AddField(
            model_name='moneyday',
            name='confirmed',
            field=models.IntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name='moneyday',
            name='discount',
            field=models.DecimalField(db_default=0, decimal_places=2, max_digits=20),
        ),
        migrations.AddIndex(
            model_name="payment",
            index=models.Index(models.F("currency"), name="bookings_payment_currency"),
        ),
        migrations.RunSQL(FUNCTIONS, FUNCTIONS_BEFORE),
        migrations.RunSQL(MARK_EVERYTHING, MARK_EVERYTHING),
        pgtrigger.migrations.AddTrigger(
            model_name='booking',
            trigger=pgtrigger.compiler.Trigger(name='counts_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func="INSERT INTO bookings_bookingcount (part, course_id, key, status, number) \n    SELECT part.name, part.course_id, part.key, b.confirmed, sum(b.weight)\n    FROM (SELECT course_id, course_stream, referral_code, confirmed, 1 AS weight FROM new_rows) AS b CROSS JOIN LATERAL (VALUES\n        ('stream', b.course_id, COALESCE(b.course_stream, '')), ('code', NULL, b.referral_code)\n    ) AS part (name, course_id, key)\n    WHERE part.key IS NOT NULL GROUP BY 1, 2, 3, 4 HAVING sum(b.weight) <> 0\n; RETURN NULL;", hash='b75565196e66d2c2996ceac24901ea0e879baea5', level='STATEMENT', operation='INSERT', pgid='pgtrigger_counts_insert_2f7d2', referencing='REFERENCING NEW TABLE AS new_rows ', table='bookings', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='booking',
            trigger=pgtrigger.compiler.Trigger(name='counts_update', sql=pgtrigger.compiler.UpsertTriggerSql(func="INSERT INTO bookings_bookingcount (part, course_id, key, status, number) \n    SELECT part.name, part.course_id, part.key, b.confirmed, sum(b.weight)\n    FROM (SELECT course_id, course_stream, referral_code, confirmed, 1 AS weight FROM new_rows UNION ALL SELECT course_id, course_stream, referral_code, confirmed, -1 AS weight FROM old_rows) AS b CROSS JOIN LATERAL (VALUES\n        ('stream', b.course_id, COALESCE(b.course_stream, '')), ('code', NULL, b.referral_code)\n    ) AS part (name, course_id, key)\n    WHERE part.key IS NOT NULL GROUP BY 1, 2, 3, 4 HAVING sum(b.weight) <> 0\n; RETURN NULL;", hash='37f92c6056231752150d60d66cb5ce411f1e91cf', level='STATEMENT', operation='UPDATE', pgid='pgtrigger_counts_update_c311c', referencing='REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ', table='bookings', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='booking',
            trigger=pgtrigger.compiler.Trigger(name='counts_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func="INSERT INTO bookings_bookingcount (part, course_id, key, status, number) \n    SELECT part.name, part.course_id, part.key, b.confirmed, sum(b.weight)\n    FROM (SELECT course_id, course_stream, referral_code, confirmed, -1 AS weight FROM old_rows) AS b CROSS JOIN LATERAL (VALUES\n        ('stream', b.course_id, COALESCE(b.course_stream, '')), ('code', NULL, b.referral_code)\n    ) AS part (name, course_id, key)\n    WHERE part.key IS NOT NULL GROUP BY 1, 2, 3, 4 HAVING sum(b.weight) <> 0\n; RETURN NULL;", hash='9276b30fb71d9612f009a96207d250d39f47860e', level='STATEMENT', operation='DELETE', pgid='pgtrigger_counts_delete_1f2ee', referencing='REFERENCING OLD TABLE AS old_rows ', table='bookings', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='booking',
            trigger=pgtrigger.compiler.Trigger(name='counts_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO bookings_bookingcount (part, course_id, key, status, number) SELECT part, course_id, key, status, -number FROM bookings_bookingcount; RETURN NULL;', hash='15856484b77264531e33b4cb2d5ae5f359afe784', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_counts_truncate_c6446', table='bookings', when='AFTER')),
        ),
        migrations.RunSQL(COUNT_BOOKINGS, migrations.RunSQL.noop),
    ]
