"""The money of each day, summed once; marks for the days to be summed again."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models
from django.conf import settings

MOSCOW, ZONE = "'Europe/Moscow'", "'" + settings.TIME_ZONE.replace("'", "''") + "'"
# Copies of what the files in sql/ say today; later changes are migrations of their own.
FUNCTIONS = r"""
-- The school's day of a moment of money; what no calendar of Python holds stands on its first or last day.
CREATE OR REPLACE FUNCTION money_day(moment timestamptz) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN moment IS NOT NULL THEN LEAST(GREATEST(school_day(moment), '0001-01-01'), '9999-12-31') END
$$;

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

DROP_FUNCTIONS = """
DROP FUNCTION money_recount(date[]);
DROP FUNCTION money_of_day(date);
DROP FUNCTION money_day(timestamptz);
"""
# The first time everything is summed, by beat.
MARK_EVERYTHING = "INSERT INTO bookings_moneymark (day, everything) VALUES (NULL, true)"


class Migration(migrations.Migration):

    dependencies = [
        ('bookings', '0015_found_by_email_and_marked_when_new'),
    ]

    operations = [
        migrations.CreateModel(
            name='MoneyDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(null=True)),
                ('part', models.CharField(choices=[('stream', 'Stream'), ('code', 'Code')], max_length=10)),
                ('course_id', models.IntegerField(null=True)),
                ('key', models.TextField(db_collation='C')),
                ('currency', models.CharField(max_length=3)),
                ('received', models.DecimalField(decimal_places=2, max_digits=20)),
                ('refunded', models.DecimalField(decimal_places=2, max_digits=20)),
                ('payments', models.IntegerField()),
                ('expected', models.DecimalField(decimal_places=2, max_digits=20)),
                ('bookings', models.IntegerField()),
                ('unpriced', models.IntegerField()),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='MoneyMark',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(null=True)),
                ('everything', models.BooleanField()),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        migrations.RunSQL(MARK_EVERYTHING, migrations.RunSQL.noop),
        pgtrigger.migrations.AddTrigger(
            model_name='booking',
            trigger=pgtrigger.compiler.Trigger(name='money_mark', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.course_id IS DISTINCT FROM NEW.course_id OR OLD.course_stream IS DISTINCT FROM NEW.course_stream OR OLD.referral_code IS DISTINCT FROM NEW.referral_code OR OLD.discount_percent IS DISTINCT FROM NEW.discount_percent)', func='\n            INSERT INTO bookings_moneymark (day, everything) SELECT DISTINCT marked.day, false FROM (\n                SELECT money_day(c.confirmed_at) AS day FROM bookings_confirmation AS c WHERE c.booking_id = NEW.id\n                UNION ALL\n                SELECT money_day(p.received_at) FROM bookings_payment AS p WHERE p.booking_id = NEW.id\n            ) AS marked;\n            RETURN NULL;\n            ', hash='5c59b89306ec6a7c8ba28762b1eb4d7811603f80', operation='UPDATE OF "course_id", "course_stream", "referral_code", "discount_percent"', pgid='pgtrigger_money_mark_65efe', table='bookings', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='confirmation',
            trigger=pgtrigger.compiler.Trigger(name='money_mark', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            IF TG_OP = 'UPDATE' AND OLD.confirmed_at IS NOT DISTINCT FROM NEW.confirmed_at THEN\n                RETURN NULL;\n            END IF;\n            INSERT INTO bookings_moneymark (day, everything) SELECT DISTINCT marked.day, false FROM (\n                SELECT money_day(OLD.confirmed_at) AS day WHERE TG_OP <> 'INSERT'\n                UNION ALL\n                SELECT money_day(NEW.confirmed_at) WHERE TG_OP <> 'DELETE'\n            ) AS marked;\n            RETURN NULL;\n            ", hash='728ea25f1269a3d57e435ab3a67acc0f97150c93', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_money_mark_08bc3', table='bookings_confirmation', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='confirmation',
            trigger=pgtrigger.compiler.Trigger(name='money_mark_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO bookings_moneymark (day, everything) VALUES (NULL, true); RETURN NULL;', hash='d28b915fc8b92c965f036f4ca2793db7dbe712e0', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_money_mark_truncate_15fae', table='bookings_confirmation', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='course',
            trigger=pgtrigger.compiler.Trigger(name='money_mark', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            IF (OLD.price_usd_cents IS NULL AND NEW.price_usd_cents IS NULL)\n                OR (TG_OP = 'UPDATE' AND (OLD.price_usd_cents) IS NOT DISTINCT FROM (NEW.price_usd_cents)) THEN\n                RETURN NULL;\n            END IF;\n            INSERT INTO bookings_moneymark (day, everything) VALUES (NULL, true); RETURN NULL;\n            ", hash='8d6f31ad39f88ad32126f9b4dfaeb84e86c610ee', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_money_mark_b042e', table='courses', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='payment',
            trigger=pgtrigger.compiler.Trigger(name='money_mark', sql=pgtrigger.compiler.UpsertTriggerSql(func='\n            INSERT INTO bookings_moneymark (day, everything) SELECT DISTINCT marked.day, false FROM (\n                SELECT money_day(received.at) AS day FROM (VALUES (OLD.received_at), (NEW.received_at)) AS received (at)\n                WHERE received.at IS NOT NULL\n                UNION ALL\n                SELECT money_day(c.confirmed_at) FROM bookings_confirmation AS c\n                WHERE c.booking_id IN (OLD.booking_id, NEW.booking_id)\n            ) AS marked;\n            RETURN NULL;\n            ', hash='2c6518e26ec77c304a3a91373aeafb06248d2668', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_money_mark_20264', table='bookings_payment', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='payment',
            trigger=pgtrigger.compiler.Trigger(name='money_mark_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO bookings_moneymark (day, everything) VALUES (NULL, true); RETURN NULL;', hash='7de6e7a52f59aab557cc53ceca1c735d23948584', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_money_mark_truncate_ba335', table='bookings_payment', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='stream',
            trigger=pgtrigger.compiler.Trigger(name='money_mark', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            IF (OLD.price IS NULL AND NEW.price IS NULL)\n                OR (TG_OP = 'UPDATE' AND (OLD.price, OLD.currency, OLD.course_id, OLD.code) IS NOT DISTINCT FROM (NEW.price, NEW.currency, NEW.course_id, NEW.code)) THEN\n                RETURN NULL;\n            END IF;\n            INSERT INTO bookings_moneymark (day, everything) VALUES (NULL, true); RETURN NULL;\n            ", hash='6067accea930687ac083ce1a28a20efbe62f3af6', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_money_mark_8b2fb', table='bookings_stream', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='stream',
            trigger=pgtrigger.compiler.Trigger(name='money_mark_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO bookings_moneymark (day, everything) VALUES (NULL, true); RETURN NULL;', hash='5405fb445e25d18aeee5feb4fb36549736cfa6b6', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_money_mark_truncate_aa7d8', table='bookings_stream', when='AFTER')),
        ),
        migrations.AddIndex(
            model_name='moneyday',
            index=models.Index(fields=['part', 'day'], name='bookings_moneyday_part'),
        ),
    ]
