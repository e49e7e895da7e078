-- The school's day of a moment. Migrations replace Europe/Moscow with settings.TIME_ZONE.
CREATE OR REPLACE FUNCTION school_day(moment timestamptz) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT (moment AT TIME ZONE 'Europe/Moscow')::date $$;
