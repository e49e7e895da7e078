-- Ends the sessions of a member of staff whose password, rights or account has changed, whoever changed it. A session
-- without its row in usersessions_usersession is over (users/staff/sessions.py), and stays so when the account comes back.
-- The argument of the trigger is the column that names the account.
CREATE OR REPLACE FUNCTION staff_sessions_end() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog, public, pg_temp AS $$
BEGIN
    DELETE FROM usersessions_usersession
    WHERE user_id = (CASE WHEN TG_OP = 'INSERT' THEN to_jsonb(NEW) ELSE to_jsonb(OLD) END->>TG_ARGV[0])::integer;
    RETURN NULL;
END;
$$;
