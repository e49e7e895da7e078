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
