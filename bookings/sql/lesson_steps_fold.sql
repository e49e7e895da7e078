-- Counts marked people and takes their marks away; returns how many, or -1 while somebody else is at it. A mark is
-- removed before the count: one that arrives later may stand for a row that this count has not seen.
CREATE OR REPLACE FUNCTION lesson_steps_fold(at_most integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    people bigint[];
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('lesson_steps_fold', 0)) THEN
        RETURN -1;
    END IF;
    PERFORM marks_hand_on();
    WITH taken AS (
        DELETE FROM lesson_steps_pending
        WHERE user_id IN (SELECT DISTINCT user_id FROM lesson_steps_pending LIMIT at_most)
        RETURNING user_id
    )
    SELECT array_agg(DISTINCT user_id) INTO people FROM taken;
    IF people IS NULL THEN
        RETURN 0;
    END IF;
    PERFORM lesson_steps_recount(people);
    RETURN cardinality(people);
END $$;
