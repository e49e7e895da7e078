-- Takes the totals of these people that nobody else holds, and gives their ids; it never waits.
--
-- A write is counted so: the trigger of the written table locks the totals of the touched people here and counts those
-- people again under the lock. Whoever another transaction holds is marked in counting_marks instead, and so is whoever
-- an event is about: the view person_totals_live counts the marked ones on the spot, beat folds them in.
--
-- This is exact because each statement of a volatile function sees what was committed before it began (READ COMMITTED):
-- a count made under the lock sees all that earlier holders wrote. What it cannot see, a write not yet committed, comes
-- with a mark of its own. Under REPEATABLE READ the snapshot is older than the lock, so there everybody is only marked.
CREATE OR REPLACE FUNCTION person_totals_lock(people bigint[]) RETURNS bigint[] LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RETURN '{}';
    END IF;
    RETURN ARRAY(
        SELECT t.user_id FROM person_totals AS t WHERE t.user_id = ANY (people)
        ORDER BY t.user_id FOR NO KEY UPDATE SKIP LOCKED
    );
END $$;
