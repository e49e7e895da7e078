-- Which bookings of these people wait, and since when. One that is pending waits since it became so; what staff took
-- back goes on as if nobody had decided. Another waits since the first proof after its last change; a cancelled one only
-- where its person has nothing newer, and the moment of the cancelling is known. The bot writes a proof a moment before
-- or after the status that goes with it. Its dates can be anything: one outside the limits counts as unknown, and stands
-- behind all others, in 2100, since nobody can say that it waits longest.
CREATE OR REPLACE FUNCTION waiting_payments_of(people bigint[]) RETURNS TABLE (
    booking_id integer, user_id bigint, status integer, since timestamptz, proof_at timestamptz
) LANGUAGE sql STABLE AS $$
    SELECT b.id, b.user_id, b.confirmed,
        CASE WHEN found.since > dates.earliest AND found.since < dates.latest THEN found.since ELSE dates.latest END,
        LEAST(GREATEST(found.proof_at, dates.earliest), dates.latest)
    FROM bookings AS b
    CROSS JOIN (
        VALUES (timestamptz '2000-01-01 00:00+00', timestamptz '2100-01-01 00:00+00')
    ) AS dates (earliest, latest)
    LEFT JOIN LATERAL (
        SELECT c.changed_at, c.is_new FROM bookings_bookingchange AS c
        WHERE c.booking_id = b.id AND c.undone_at IS NULL ORDER BY c.id DESC LIMIT 1
    ) AS last ON true
    CROSS JOIN LATERAL (
        SELECT CASE WHEN b.confirmed = 1 THEN COALESCE(
            (
                SELECT CASE WHEN c.is_new THEN COALESCE(b.created_at, c.changed_at) ELSE c.changed_at END
                FROM bookings_bookingchange AS c
                WHERE c.booking_id = b.id AND c.status = 1 AND c.undone_at IS NULL
                    AND NOT (COALESCE(c.was IN (2, -1), false) AND c.changed_by_id IS NOT NULL)
                ORDER BY c.id DESC LIMIT 1
            ),
            (
                SELECT max(e.created_at) FROM events AS e
                WHERE e.event_type = 'booking_status_changed' AND e.details->>'booking_id' = b.id::text
                    AND e.details->>'new_status' = '1'
            ),
            b.created_at
        ) WHEN last.is_new IS FALSE THEN last.changed_at
        WHEN b.confirmed = -1 THEN (
            SELECT max(e.created_at) FROM events AS e
            WHERE e.event_type = 'booking_status_changed' AND e.details->>'booking_id' = b.id::text
        ) ELSE b.created_at END AS at
        OFFSET 0  -- or it would be worked out anew wherever it is named
    ) AS moved
    CROSS JOIN LATERAL (
        SELECT min(e.created_at) AS first_at, max(e.created_at) AS last_at FROM events AS e
        WHERE e.user_id = b.user_id AND e.event_type IN ('payment_proof_uploaded', 'alternative_payment_proof')
            AND e.created_at > CASE WHEN b.confirmed = 1 THEN moved.at - interval '10 minutes' ELSE moved.at END
    ) AS proof
    CROSS JOIN LATERAL (
        SELECT CASE WHEN b.confirmed = 1 THEN moved.at ELSE proof.first_at END AS since, proof.last_at AS proof_at
    ) AS found
    WHERE b.user_id = ANY (people) AND b.confirmed IS DISTINCT FROM 2
        AND (b.confirmed = 1 OR proof.first_at IS NOT NULL)
        AND (b.confirmed IS DISTINCT FROM -1 OR NOT EXISTS (
            SELECT FROM bookings AS o
            WHERE o.user_id = b.user_id AND o.id <> b.id AND (o.id > b.id OR o.confirmed IS DISTINCT FROM -1)
        ))
$$;
