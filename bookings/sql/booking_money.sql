-- What a booking is worth: the price of its stream, else of its course in US dollars, less its discount.
CREATE OR REPLACE VIEW booking_money AS
    SELECT
        b.id AS booking_id,
        p.price,
        CASE WHEN s.price IS NOT NULL THEN s.currency ELSE 'USD' END AS currency,
        p.price - p.expected AS discount,
        p.expected
    FROM bookings AS b
    LEFT JOIN courses AS k ON k.id = b.course_id
    LEFT JOIN bookings_stream AS s ON s.course_id = b.course_id AND s.code = b.course_stream
    CROSS JOIN LATERAL (
        SELECT COALESCE(s.price, round(k.price_usd_cents / 100.0, 2)) AS price,
            round(
                COALESCE(s.price, k.price_usd_cents / 100.0)
                    * (100 - LEAST(GREATEST(COALESCE(b.discount_percent, 0), 0), 100)) / 100,
                2
            ) AS expected
    ) AS p;
