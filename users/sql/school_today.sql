-- Today's date at the school. Migrations replace Europe/Moscow with settings.TIME_ZONE.
CREATE OR REPLACE FUNCTION school_today() RETURNS date LANGUAGE sql STABLE
AS $$ SELECT (now() AT TIME ZONE 'Europe/Moscow')::date $$;
