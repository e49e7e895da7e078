-- Hands on what waits in counting_marks, without counting totals: their mark is written again, about nothing. It waits
-- for nobody: a mark that somebody else is taking away is handed on by them.
CREATE OR REPLACE FUNCTION marks_hand_on() RETURNS void LANGUAGE sql AS $$
    WITH taken AS (
        DELETE FROM counting_marks WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM counting_marks WHERE marks_of_lessons(about) OR marks_of_payments(about)
            FOR UPDATE SKIP LOCKED
        ))
        RETURNING user_id, marked_at
    )
    INSERT INTO counting_marks (user_id, marked_at) SELECT user_id, min(marked_at) FROM taken GROUP BY user_id
$$;
