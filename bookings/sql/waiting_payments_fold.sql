-- Looks again at marked people and takes their marks away; returns how many, or -1 while somebody else is at it. A mark
-- is removed before the look: one that arrives later may stand for a row that this look has not seen. A new proof brings
-- a payment back that somebody has put off, or asked about. One whose decision was undone is no news.
CREATE OR REPLACE FUNCTION waiting_payments_fold(at_most integer) RETURNS integer
LANGUAGE plpgsql SET enable_seqscan = off SET jit = off AS $$
DECLARE
    people bigint[];
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('waiting_payments_fold', 0)) THEN
        RETURN -1;
    END IF;
    PERFORM marks_hand_on();
    WITH taken AS (
        DELETE FROM bookings_paymentmark
        WHERE user_id IN (SELECT DISTINCT user_id FROM bookings_paymentmark LIMIT at_most)
        RETURNING user_id
    )
    SELECT array_agg(DISTINCT user_id) INTO people FROM taken;
    IF people IS NULL THEN
        RETURN 0;
    END IF;
    WITH found AS MATERIALIZED (
        SELECT * FROM waiting_payments_of(people)
    ), forgotten AS (
        DELETE FROM bookings_waitingpayment AS w
        WHERE w.user_id = ANY (people) AND NOT EXISTS (SELECT FROM found WHERE found.booking_id = w.booking_id)
    )
    INSERT INTO bookings_waitingpayment AS w (booking_id, user_id, status, since, proof_at, came_at)
    SELECT found.*, CASE WHEN last.undone_at IS NULL THEN statement_timestamp()
        ELSE LEAST(found.since, statement_timestamp()) END
    FROM found
    LEFT JOIN LATERAL (
        SELECT c.undone_at FROM bookings_bookingchange AS c
        WHERE c.booking_id = found.booking_id ORDER BY c.id DESC LIMIT 1
    ) AS last ON true
    ON CONFLICT (booking_id) DO UPDATE SET
        user_id = EXCLUDED.user_id, status = EXCLUDED.status, since = EXCLUDED.since, proof_at = EXCLUDED.proof_at,
        put_off_until = CASE WHEN EXCLUDED.proof_at IS NOT DISTINCT FROM w.proof_at THEN w.put_off_until END,
        answered_at = CASE WHEN EXCLUDED.proof_at IS NOT DISTINCT FROM w.proof_at THEN w.answered_at END,
        came_at = CASE WHEN EXCLUDED.proof_at IS NOT DISTINCT FROM w.proof_at THEN w.came_at
            ELSE statement_timestamp() END
    WHERE (w.user_id, w.status, w.since, w.proof_at)
        IS DISTINCT FROM (EXCLUDED.user_id, EXCLUDED.status, EXCLUDED.since, EXCLUDED.proof_at);
    RETURN cardinality(people);
END $$;
