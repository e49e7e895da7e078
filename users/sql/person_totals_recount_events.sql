-- Counts again what new events change. They are by far the most frequent write, and leave most of the counts as they
-- are. They are counted, not added up: in one statement with a booking (WITH … INSERT … INSERT) the booking's trigger
-- may have counted them already. Whether somebody has a confirmed booking is not looked up for each event: under this
-- lock the totals say so, since whatever changes a booking counts its person in full.
CREATE OR REPLACE FUNCTION person_totals_recount_events(people bigint[]) RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off SET random_page_cost = 0 SET jit = off AS $$
DECLARE
    locked bigint[];
BEGIN
    IF cardinality(people) = 0 THEN
        RETURN;
    END IF;
    locked := person_totals_lock(people);
    UPDATE person_totals AS t
    SET events = e.events, last_activity_at = GREATEST(t.last_activity_at, e.newest),
        temperature = CASE WHEN t.temperature = -1 THEN -1 ELSE w.temperature END,
        cools_on = CASE WHEN t.temperature <> -1 THEN w.cools_on END
    FROM unnest(locked) AS wanted (user_id)
    CROSS JOIN LATERAL (
        SELECT count(*)::integer AS events, max(created_at) FILTER (
            WHERE event_type NOT IN (
                'booking_status_changed', 'payment_approved', 'free_lesson_reminder_sent', 'stats_requested',
                'referral_created', 'bot_blocked'
            )
        ) AS newest FROM events WHERE events.user_id = wanted.user_id
    ) AS e
    CROSS JOIN LATERAL person_temperature(wanted.user_id) AS w
    WHERE t.user_id = wanted.user_id;
    IF cardinality(locked) < cardinality(people) THEN
        PERFORM person_totals_mark(ARRAY(SELECT unnest(people) EXCEPT SELECT unnest(locked)));
    END IF;
END $$;
