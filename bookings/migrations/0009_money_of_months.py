"""Months keep their sums of money beside their days; a day's money asks once for a booking's payments.

And a search for bookings that finds too many says whose they are.
"""

from django.conf import settings
from django.db import migrations, models

MOSCOW, ZONE = "'Europe/Moscow'", "'" + settings.TIME_ZONE.replace("'", "''") + "'"
# Copies of what the files in sql/ say today; later changes are migrations of their own.
FUNCTIONS = r"""
DROP FUNCTION bookings_found(text, boolean, integer);
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
            -- Counted once for each booking, by its index: EXISTS would be a list of all payments, made three times over.
            CROSS JOIN LATERAL (
                SELECT count(*) > 0 AS is_so
                FROM (SELECT FROM bookings_payment AS p WHERE p.booking_id = b.id LIMIT 1) AS one
            ) AS paid
        )
        SELECT parts.part, money.course_id, COALESCE(parts.key, '') COLLATE "C", money.currency COLLATE "C",
            sum(money.received), sum(money.refunded), sum(money.payment)::integer,
            sum(money.expected), sum(money.booking)::integer, sum(money.unpriced)::integer,
            sum(money.confirmed)::integer, sum(money.discount)
        FROM money CROSS JOIN LATERAL (VALUES ('stream', money.stream), ('code', money.code)) AS parts (part, key)
        GROUP BY 1, 2, 3, 4;
END $$;

-- Sums the money of these days again, and of their months; NULL among the days is the day of what has no moment.
CREATE OR REPLACE FUNCTION money_recount(days date[]) RETURNS void LANGUAGE sql AS $$
    DELETE FROM bookings_moneyday AS kept
    WHERE kept.part IN ('stream', 'code')
        AND (kept.day = ANY (days) OR (kept.day IS NULL AND array_position(days, NULL) IS NOT NULL));
    INSERT INTO bookings_moneyday (
        day, part, course_id, key, currency, received, refunded, payments, expected, bookings, unpriced,
        confirmed, discount
    )
    SELECT wanted.day, m.part, m.course_id, m.key, m.currency, m.received, m.refunded, m.payments,
        m.expected, m.bookings, m.unpriced, m.confirmed, m.discount
    FROM unnest(days) AS wanted (day) CROSS JOIN LATERAL money_of_day(wanted.day) AS m;
    DELETE FROM bookings_moneyday AS kept
    WHERE kept.part IN ('stream_m', 'code_m')
        AND kept.day IN (SELECT date_trunc('month', wanted.day)::date FROM unnest(days) AS wanted (day));
    INSERT INTO bookings_moneyday (
        day, part, course_id, key, currency, received, refunded, payments, expected, bookings, unpriced,
        confirmed, discount
    )
    SELECT month.day, kept.part || '_m', kept.course_id, kept.key, kept.currency, sum(kept.received), sum(kept.refunded),
        sum(kept.payments), sum(kept.expected), sum(kept.bookings), sum(kept.unpriced), sum(kept.confirmed),
        sum(kept.discount)
    FROM (SELECT DISTINCT date_trunc('month', wanted.day)::date AS day FROM unnest(days) AS wanted (day)) AS month
    JOIN bookings_moneyday AS kept ON kept.part IN ('stream', 'code')
        AND kept.day >= month.day AND kept.day < month.day + interval '1 month'
    GROUP BY 1, 2, 3, 4, 5
$$;

-- Sums some of the marked days again and takes their marks away; returns how many, or -1 while somebody else is at it or
-- all days wait. A mark is removed before the sum: one that arrives later may stand for a row that this sum has not seen.
CREATE OR REPLACE FUNCTION money_fold(at_most integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    days date[];
BEGIN
    IF NOT pg_try_advisory_xact_lock(470020941177) OR EXISTS (SELECT FROM bookings_moneymark WHERE everything) THEN
        RETURN -1;
    END IF;
    WITH chosen AS MATERIALIZED (
        SELECT DISTINCT day FROM bookings_moneymark WHERE NOT everything LIMIT at_most
    ), taken AS (
        DELETE FROM bookings_moneymark AS mark USING chosen
        WHERE mark.day IS NOT DISTINCT FROM chosen.day AND NOT mark.everything
        RETURNING mark.day
    )
    SELECT array_agg(DISTINCT day) INTO days FROM taken;
    IF days IS NULL THEN
        RETURN 0;
    END IF;
    PERFORM money_recount(days);
    RETURN cardinality(days);
END $$;

-- Finds the bookings of people whose searched text (or, if asked, whose e-mail) contains a text, and those made under a
-- name that contains it, since people rename themselves in Telegram. For more than at_most bookings "listed" is NULL,
-- and a walk through the list meets them soon: it asks for these people, and for the bookings made under such a name.
-- NULL in their place: more than at_most of these, too.
CREATE OR REPLACE FUNCTION bookings_found(
    searched text, with_emails boolean, at_most integer, OUT listed integer[], OUT people bigint[], OUT booked integer[]
) LANGUAGE plpgsql STABLE SET enable_seqscan = off SET jit = off AS $$
DECLARE
    grams text[] := searched_grams(searched);
    patterns text[] := searched_patterns(searched);
BEGIN
    people := people_found(searched, with_emails, at_most);
    IF people IS NULL THEN
        RETURN;
    END IF;
    booked := ARRAY(
        SELECT b.id FROM bookings AS b
        WHERE person_grams(person_text(b.user_id, b.username, b.first_name, NULL)) @> grams
            AND person_text(b.user_id, b.username, b.first_name, NULL) LIKE ALL (patterns)
        LIMIT at_most + 1
    );
    IF cardinality(booked) > at_most THEN
        booked := NULL;
        RETURN;
    END IF;
    listed := ARRAY(
        (SELECT b.id FROM bookings AS b WHERE b.user_id = ANY (people) LIMIT at_most + 1) UNION SELECT unnest(booked)
    );
    IF cardinality(listed) > at_most THEN
        listed := NULL;
    END IF;
END $$;
""".replace(MOSCOW, ZONE)
FUNCTIONS_BEFORE = r"""
DROP FUNCTION bookings_found(text, boolean, integer);
DROP FUNCTION money_fold(integer);
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

-- Finds the bookings of people whose searched text (or, if asked, whose e-mail) contains a text, and those made under a
-- name that contains it, since people rename themselves in Telegram. NULL if more than at_most match: then a walk through the list meets them soon.
CREATE OR REPLACE FUNCTION bookings_found(searched text, with_emails boolean, at_most integer) RETURNS integer[]
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET jit = off AS $$
DECLARE
    people bigint[] := people_found(searched, with_emails, at_most);
    grams text[] := searched_grams(searched);
    patterns text[] := searched_patterns(searched);
    found integer[];
BEGIN
    IF people IS NULL THEN
        RETURN NULL;
    END IF;
    found := ARRAY(
        (SELECT b.id FROM bookings AS b WHERE b.user_id = ANY (people) LIMIT at_most + 1)
        UNION
        (SELECT b.id FROM bookings AS b
            WHERE person_grams(person_text(b.user_id, b.username, b.first_name, NULL)) @> grams
                AND person_text(b.user_id, b.username, b.first_name, NULL) LIKE ALL (patterns)
            LIMIT at_most + 1)
    );
    RETURN CASE WHEN cardinality(found) <= at_most THEN found END;
END $$;
""".replace(MOSCOW, ZONE)
MONTHS = """
    INSERT INTO bookings_moneyday (
        day, part, course_id, key, currency, received, refunded, payments, expected, bookings, unpriced,
        confirmed, discount
    )
    SELECT date_trunc('month', day)::date, part || '_m', course_id, key, currency, sum(received), sum(refunded),
        sum(payments), sum(expected), sum(bookings), sum(unpriced), sum(confirmed), sum(discount)
    FROM bookings_moneyday WHERE day IS NOT NULL GROUP BY 1, 2, 3, 4, 5
"""
NO_MONTHS = "DELETE FROM bookings_moneyday WHERE part IN ('stream_m', 'code_m')"


class Migration(migrations.Migration):
    dependencies = [("bookings", "0008_kept_booking_counts")]

    operations = [
        migrations.AlterField(
            model_name="moneyday",
            name="part",
            field=models.CharField(
                choices=[
                    ("stream", "Stream"),
                    ("code", "Code"),
                    ("stream_m", "Stream Of Month"),
                    ("code_m", "Code Of Month"),
                ],
                max_length=10,
            ),
        ),
        migrations.RunSQL(FUNCTIONS, FUNCTIONS_BEFORE),
        migrations.RunSQL(MONTHS, NO_MONTHS),
    ]
