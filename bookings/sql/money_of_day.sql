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
