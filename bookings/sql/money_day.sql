-- The school's day of a moment of money; what no calendar of Python holds stands on its first or last day.
CREATE OR REPLACE FUNCTION money_day(moment timestamptz) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN moment IS NOT NULL THEN LEAST(GREATEST(school_day(moment), '0001-01-01'), '9999-12-31') END
$$;
