-- Folds some marked people in and gives those who are still marked, for whoever looks at the list: one call, for
-- one query.
CREATE OR REPLACE FUNCTION person_totals_fold_some(at_most integer) RETURNS bigint[] LANGUAGE plpgsql AS $$
BEGIN
    PERFORM person_totals_fold(ARRAY(SELECT DISTINCT user_id FROM person_totals_pending LIMIT at_most));
    RETURN ARRAY(SELECT DISTINCT user_id FROM person_totals_pending);
END $$;
