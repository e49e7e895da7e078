-- When a confirmed booking was confirmed: by the record of its changes, before that by the bot's event, else when it
-- was made. A booking that was inserted confirmed was confirmed when it was made; a change that was undone, with what
-- undid it, confirmed nothing.
CREATE OR REPLACE FUNCTION confirmation_moment(booking integer, made timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
    SELECT COALESCE(
        (
            SELECT CASE WHEN c.is_new THEN COALESCE(made, c.changed_at) ELSE c.changed_at END
            FROM bookings_bookingchange AS c
            WHERE c.booking_id = booking AND c.status = 2 AND c.undone_at IS NULL ORDER BY c.id DESC LIMIT 1
        ),
        (
            SELECT max(e.created_at) FROM events AS e
            WHERE e.event_type = 'booking_status_changed' AND e.details->>'booking_id' = booking::text
                AND e.details->>'new_status' = '2' AND e.details->>'undoes' IS NULL
        ),
        made
    )
$$;
