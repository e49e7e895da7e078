-- Counts the cohorts of these weeks again.
CREATE OR REPLACE FUNCTION week_recount(mondays date[]) RETURNS void LANGUAGE sql AS $$
    DELETE FROM analytics_cohortcell AS kept WHERE kept.week = ANY (mondays);
    INSERT INTO analytics_cohortcell (cohort, week, people)
    SELECT c.cohort, wanted.week, c.people
    FROM unnest(mondays) AS wanted (week) CROSS JOIN LATERAL week_cohorts(wanted.week) AS c
$$;
