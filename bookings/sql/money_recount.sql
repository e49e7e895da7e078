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
