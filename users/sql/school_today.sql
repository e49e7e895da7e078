-- Today, by the clock of the school. Migrations write settings.TIME_ZONE in the place of Europe/Moscow.
CREATE OR REPLACE FUNCTION school_today() RETURNS date LANGUAGE sql STABLE
AS $$ SELECT (now() AT TIME ZONE 'Europe/Moscow')::date $$;
