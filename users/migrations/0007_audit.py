"""The audit: a line for every change, written by triggers; who may change it; sessions that end when rights change."""

from django.db import migrations

# Copies of what the files in sql/ say today; later changes are migrations of their own.
FUNCTIONS = r"""
-- Fills in who, why and from where, as the writer's pghistory.context() says it; the bot's raw SQL has none.
CREATE OR REPLACE FUNCTION audit_context() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog, public, pg_temp AS $$
DECLARE
    context jsonb := NULLIF(current_setting('pghistory.context_metadata', true), '');
BEGIN
    IF context IS NULL THEN
        RETURN NEW;
    END IF;
    NEW.done_by_id := COALESCE(
        NEW.done_by_id, CASE WHEN context->>'user' ~ '^[0-9]{1,9}$' THEN (context->>'user')::integer END
    );
    NEW.reason := COALESCE(NULLIF(NEW.reason, ''), context->>'reason', '');
    NEW.address := left(COALESCE(context->>'address', ''), 45);
    NEW.request := left(COALESCE(
        context->>'task', 'token ' || (context->>'token'), NULLIF(context->>'request', ''),
        current_setting('pghistory.context_id', true), ''
    ), 64);
    RETURN NEW;
END;
$$;

-- Adds rows to what the line of a run of retention tells of one rule, and says which rules are not finished. It changes no
-- other line, and none of a run that is over: the application has no other way to add to a line.
CREATE OR REPLACE FUNCTION audit_retention(line bigint, rule text, forgotten bigint, unfinished jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog, public, pg_temp AS $$
BEGIN
    IF forgotten < 0 OR jsonb_typeof(unfinished) <> 'array' OR rule = 'unfinished' THEN
        RAISE EXCEPTION 'A run of retention only adds to its line';
    END IF;
    UPDATE users_auditentry
    SET data = data - 'unfinished' || jsonb_build_object(rule, COALESCE((data->>rule)::bigint, 0) + forgotten)
        || CASE WHEN unfinished = '[]' THEN '{}' ELSE jsonb_build_object('unfinished', unfinished) END
    WHERE id = line AND what = 'retention.applied' AND data ? 'unfinished';
END;
$$;

-- For a table without history: writes a changed row into the audit, with what its changed columns were and are.
-- Arguments of the trigger: the key's column, the person's or '', columns to leave out, columns whose values are secret.
CREATE OR REPLACE FUNCTION audit_row() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog, public, pg_temp AS $$
DECLARE
    was jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    is_now jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
    row_before jsonb := COALESCE(was, is_now);
    secret text;
BEGIN
    was := was - string_to_array(TG_ARGV[2], ',');
    is_now := is_now - string_to_array(TG_ARGV[2], ',');
    IF TG_OP = 'UPDATE' THEN
        SELECT jsonb_object_agg(key, was->key), jsonb_object_agg(key, value) INTO was, is_now
        FROM jsonb_each(is_now) WHERE value IS DISTINCT FROM was->key;
        IF is_now IS NULL OR (
            -- Retention (users/retention/events.py) has one line for all that it does.
            TG_TABLE_NAME = 'events' AND is_now - 'details' = '{}' AND current_setting('hsl_dashboard.forgetting', true) = 'on'
            AND (was @> is_now OR is_now->'details' = 'null')
        ) THEN
            RETURN NULL;
        END IF;
    END IF;
    FOREACH secret IN ARRAY string_to_array(TG_ARGV[3], ',') LOOP
        was := CASE WHEN was ? secret THEN was || jsonb_build_object(secret, '…') ELSE was END;
        is_now := CASE WHEN is_now ? secret THEN is_now || jsonb_build_object(secret, '…') ELSE is_now END;
    END LOOP;
    INSERT INTO users_auditentry (what, user_id, object_table, object_id, data)
    VALUES (
        TG_TABLE_NAME || '.' || lower(TG_OP), (row_before->>TG_ARGV[1])::bigint, TG_TABLE_NAME,
        row_before->>TG_ARGV[0], jsonb_strip_nulls(jsonb_build_object('old', was, 'new', is_now))
    );
    RETURN NULL;
END;
$$;

-- Writes a row of history, or another record, into the audit: who, what, whose, and where the record stands.
-- Arguments of the trigger: the table that it is about, the column with that row's key, the person's column or '',
-- and the column of the member of staff, where the record has one.
CREATE OR REPLACE FUNCTION audit_record() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog, public, pg_temp AS $$
DECLARE
    written jsonb := to_jsonb(NEW);
BEGIN
    INSERT INTO users_auditentry (what, done_by_id, user_id, object_table, object_id, reason, record_table, record_id)
    VALUES (
        TG_ARGV[0] || '.' || COALESCE(written->>'pgh_label', CASE WHEN written ? 'was' THEN 'status' ELSE 'insert' END),
        (written->>TG_ARGV[3])::integer, (written->>TG_ARGV[2])::bigint, TG_ARGV[0], written->>TG_ARGV[1],
        CASE WHEN written ? 'was' THEN COALESCE(written->>'reason', '') ELSE '' END,
        TG_TABLE_NAME, COALESCE(written->>'pgh_id', written->>'id')::bigint
    );
    RETURN NULL;
END;
$$;

-- Writes down that somebody has emptied a table.
CREATE OR REPLACE FUNCTION audit_truncate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO users_auditentry (what, object_table, data)
    VALUES (TG_TABLE_NAME || '.truncate', TG_TABLE_NAME, jsonb_build_object('role', session_user));
    RETURN NULL;
END;
$$;

-- Takes a person out of history and audit. The application may change neither: this function of the owner does it, for
-- nobody but a person who is gone and has a stand-in, and what it did stands in the audit for ever.
-- ``work``: rows of history as {"table", "key", "id", "values"}; without values the row is deleted.
CREATE OR REPLACE FUNCTION audit_erase_person(person bigint, stand_in bigint, work jsonb) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog, public, pg_temp AS $$
DECLARE
    item jsonb;
    statement text;
    columns text;
    allowed text[];
    done integer := 0;
    touched integer := 0;
BEGIN
    IF stand_in < 2::bigint ^ 60 OR EXISTS (SELECT FROM users WHERE user_id = person)
        OR NOT EXISTS (SELECT FROM users WHERE user_id = stand_in)
    THEN
        RAISE EXCEPTION 'Only the history of a person who has been erased can be erased';
    END IF;
    FOR item IN SELECT value FROM jsonb_array_elements(work) LOOP
        IF jsonb_typeof(item->'values') = 'object' THEN
            columns := (SELECT string_agg(format('%1$I = changed.%1$I', key), ', ')
                FROM jsonb_object_keys(item->'values') AS key);
            allowed := ARRAY['pghistory_context', 'users_auditentry'];
            statement := 'UPDATE public.%1$I AS kept SET %3$s'
                ' FROM jsonb_populate_record(NULL::public.%1$I, $2) AS changed WHERE kept.%2$I::text = $1';
        ELSE
            allowed := ARRAY['pghistory_context'];
            statement := 'DELETE FROM public.%1$I WHERE %2$I::text = $1';
        END IF;
        IF item->>'table' <> ALL (allowed) AND NOT EXISTS (
            SELECT FROM pg_attribute
            WHERE attrelid = to_regclass(format('public.%I', item->>'table')) AND attname = 'pgh_id'
        ) THEN
            RAISE EXCEPTION '% holds no history', item->>'table';
        END IF;
        EXECUTE format(statement, item->>'table', item->>'key', columns) USING item->>'id', item->'values';
        GET DIAGNOSTICS touched = ROW_COUNT;
        done := done + touched;
    END LOOP;
    -- What the erasing itself has written down holds what was erased; one line tells of it instead.
    DELETE FROM users_auditentry WHERE user_id = person AND at = transaction_timestamp();
    UPDATE users_auditentry SET reason = '', data = NULL WHERE at = transaction_timestamp();
    UPDATE users_auditentry SET user_id = stand_in, reason = '', data = NULL,
        object_id = CASE WHEN object_id = person::text THEN stand_in::text ELSE object_id END
    WHERE user_id = person;
    INSERT INTO users_auditentry (what, user_id, object_table, object_id, data)
    VALUES ('person.erased', stand_in, 'users', stand_in::text, jsonb_build_object('history', done));
    RETURN done;
END;
$$;

-- Deletes some of the history and audit older than a moment, which is at least a year ago: the rows with the lowest keys,
-- at most so many. Gives how many; 0 is the end. What all calls for one moment have deleted stands in one line of the
-- audit, which this function never deletes, and neither what tells of erased people.
CREATE OR REPLACE FUNCTION audit_forget(before timestamptz, at_most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog, public, pg_temp AS $$
DECLARE
    name regclass;
    done bigint := 0;
    touched bigint;
BEGIN
    IF before IS NULL OR before > now() - interval '1 year' THEN
        RAISE EXCEPTION 'History is kept for a year at least';
    END IF;
    FOR name IN
        SELECT attrelid::regclass FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE attname = 'pgh_created_at' AND relkind = 'r' AND relnamespace = 'public'::regnamespace
        ORDER BY relname
    LOOP
        EXIT WHEN done >= at_most;
        -- A context is of one request: it goes with the first of its rows, and all of them are as old.
        EXECUTE format('WITH gone AS ('
            '    DELETE FROM %1$s WHERE pgh_id = ANY (ARRAY(SELECT pgh_id FROM %1$s ORDER BY pgh_id LIMIT $2))'
            '        AND pgh_created_at < $1 RETURNING pgh_context_id'
            '), contexts AS ('
            '    DELETE FROM pghistory_context WHERE created_at < $1'
            '        AND id = ANY (ARRAY(SELECT DISTINCT pgh_context_id FROM gone WHERE pgh_context_id IS NOT NULL))'
            ') SELECT count(*) FROM gone', name) INTO touched USING before, at_most - done;
        done := done + touched;
    END LOOP;
    DELETE FROM users_auditentry WHERE id = ANY (ARRAY(
        SELECT id FROM users_auditentry WHERE at < before AND what NOT IN ('audit.forgotten', 'person.erased')
        ORDER BY at, id LIMIT GREATEST(at_most - done, 0)
    ));
    GET DIAGNOSTICS touched = ROW_COUNT;
    done := done + touched;
    IF done > 0 THEN
        UPDATE users_auditentry SET data = jsonb_set(data, '{rows}', to_jsonb((data->>'rows')::bigint + done))
        WHERE what = 'audit.forgotten' AND at >= before AND data->'before' = to_jsonb(before);
        IF NOT FOUND THEN
            INSERT INTO users_auditentry (what, object_table, data)
            VALUES ('audit.forgotten', 'users_auditentry', jsonb_build_object('before', before, 'rows', done));
        END IF;
    END IF;
    RETURN done;
END;
$$;

-- What was and what is, for some lines of the audit: out of the rows of history that they name, or out of the line itself.
-- Only columns that differ; all of them where a row was made or deleted.
CREATE OR REPLACE FUNCTION audit_changes(entries bigint[]) RETURNS TABLE (entry bigint, was jsonb, is_now jsonb)
LANGUAGE plpgsql STABLE SET search_path TO pg_catalog, public, pg_temp AS $$
DECLARE
    line record;
    is_history boolean;
BEGIN
    FOR line IN SELECT id, what, record_table, record_id, data FROM users_auditentry WHERE id = ANY (entries) LOOP
        entry := line.id;
        was := line.data->'old';
        is_now := COALESCE(line.data->'new', line.data - 'old');
        IF to_regclass(CASE WHEN line.record_table <> '' THEN format('public.%I', line.record_table) END) IS NOT NULL THEN
            is_history := EXISTS (
                SELECT FROM pg_attribute
                WHERE attrelid = to_regclass(format('public.%I', line.record_table)) AND attname = 'pgh_obj_id'
            );
            EXECUTE format('SELECT to_jsonb(kept) FROM public.%I AS kept WHERE %I = $1',
                line.record_table, CASE WHEN is_history THEN 'pgh_id' ELSE 'id' END) INTO is_now USING line.record_id;
            IF is_history AND line.what LIKE '%.update' THEN
                EXECUTE format('SELECT to_jsonb(kept) FROM public.%1$I AS kept WHERE pgh_id < $1 AND pgh_obj_id ='
                    ' (SELECT pgh_obj_id FROM public.%1$I WHERE pgh_id = $1) ORDER BY pgh_id DESC LIMIT 1',
                    line.record_table) INTO was USING line.record_id;
            ELSIF is_history AND line.what LIKE '%.delete' THEN
                was := is_now;
                is_now := NULL;
            ELSIF is_now ? 'was' THEN
                was := jsonb_build_object('confirmed', is_now->'was');
                is_now := jsonb_build_object('confirmed', is_now->'status');
            END IF;
            was := (SELECT jsonb_object_agg(key, value) FROM jsonb_each(was) WHERE key NOT LIKE 'pgh\_%');
            is_now := (SELECT jsonb_object_agg(key, value) FROM jsonb_each(is_now) WHERE key NOT LIKE 'pgh\_%');
            IF was IS NOT NULL AND is_now IS NOT NULL THEN
                SELECT jsonb_object_agg(key, was->key), jsonb_object_agg(key, value) INTO was, is_now
                FROM jsonb_each(is_now) WHERE value IS DISTINCT FROM was->key;
            END IF;
        END IF;
        RETURN NEXT;
    END LOOP;
END;
$$;

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
"""

DROP_FUNCTIONS = """
DROP FUNCTION audit_context, audit_retention, audit_row, audit_record, audit_truncate, audit_erase_person, audit_forget,
    audit_changes, staff_sessions_end CASCADE;
"""

NAMED = "OLD.username, OLD.first_name, OLD.last_name"
# table, moments, condition, and the arguments of audit_row: key, person, columns left out, columns kept secret
ROWS = [
    (
        "users",
        "UPDATE OF username, first_name, last_name",
        f"({NAMED}) IS DISTINCT FROM ({NAMED.replace('OLD', 'NEW')})",
        ("user_id", "user_id", "updated_at", ""),
    ),
    ("users", "DELETE", "", ("user_id", "user_id", "", "")),
    ("events", "UPDATE OR DELETE", "", ("id", "user_id", "", "")),
    ("users_note", "INSERT OR UPDATE", "", ("id", "user_id", "text", "")),
    ("users_tag", "INSERT OR UPDATE OR DELETE", "", ("id", "", "", "")),
    ("staff_user", "INSERT OR UPDATE OR DELETE", "", ("id", "", "last_login,factor_due_at", "password")),
    ("staff_user_groups", "INSERT OR UPDATE OR DELETE", "", ("id", "", "", "")),
    ("staff_user_user_permissions", "INSERT OR UPDATE OR DELETE", "", ("id", "", "", "")),
    ("auth_group", "INSERT OR UPDATE OR DELETE", "", ("id", "", "", "")),
    ("auth_group_permissions", "INSERT OR UPDATE OR DELETE", "", ("id", "", "", "")),
    ("account_emailaddress", "INSERT OR UPDATE OR DELETE", "", ("id", "", "", "")),
    ("mfa_authenticator", "INSERT OR UPDATE OR DELETE", "", ("id", "", "data,last_used_at", "")),
    (
        "django_celery_beat_periodictask",
        "INSERT OR UPDATE OR DELETE",
        "",
        ("id", "", "last_run_at,total_run_count,date_changed", ""),
    ),
    ("users_leadrules", "DELETE", "", ("id", "", "", "")),
    ("users_apitoken", "INSERT OR UPDATE OR DELETE", "", ("id", "", "last_used_at,last_used_from", "digest")),
    ("users_savedview", "INSERT OR UPDATE OR DELETE", "", ("id", "", "feed_used_at,feed_used_from", "feed_digest")),
]
# table, and the arguments of audit_record: what it is about, that row's key, person, member of staff
RECORDS = [
    ("users_blockeduserevent", ("blocked_users", "pgh_obj_id", "user_id", "")),
    ("users_noteevent", ("users_note", "pgh_obj_id", "user_id", "")),
    ("users_persontagevent", ("users_persontag", "pgh_obj_id", "user_id", "")),
    ("users_emaildisclosure", ("users_emaildisclosure", "id", "user_id", "shown_to_id")),
    ("users_peopleexport", ("users_peopleexport", "id", "", "exported_by_id")),
    ("users_leadrulesevent", ("users_leadrules", "pgh_obj_id", "", "")),
]
TABLES = [
    *dict.fromkeys(table for table, *_ in ROWS),
    *(table for table, _ in RECORDS),
    "blocked_users",
    "users_persontag",
    "users_auditentry",
    "pghistory_context",
]


def triggers():
    yield (
        "CREATE TRIGGER audit_context BEFORE INSERT ON users_auditentry FOR EACH ROW EXECUTE FUNCTION audit_context();"
    )
    for table, moments, condition, arguments in ROWS:
        name = "audit_row_names" if condition else "audit_row"
        when = f" WHEN ({condition})" if condition else ""
        yield (
            f"CREATE TRIGGER {name} AFTER {moments} ON {table} FOR EACH ROW{when}"
            f" EXECUTE FUNCTION audit_row{arguments!r};"
        )
    for table, arguments in RECORDS:
        yield (
            f"CREATE TRIGGER audit_record AFTER INSERT ON {table} FOR EACH ROW"
            f" EXECUTE FUNCTION audit_record{arguments!r};"
        )
    for table in TABLES:
        yield (
            f"CREATE TRIGGER audit_truncate AFTER TRUNCATE ON {table} FOR EACH STATEMENT"
            " EXECUTE FUNCTION audit_truncate();"
        )


SESSIONS_END = """
CREATE TRIGGER staff_sessions_end AFTER UPDATE ON staff_user FOR EACH ROW
    WHEN ((OLD.password, OLD.is_active, OLD.is_staff, OLD.is_superuser)
        IS DISTINCT FROM (NEW.password, NEW.is_active, NEW.is_staff, NEW.is_superuser))
    EXECUTE FUNCTION staff_sessions_end('id');
CREATE TRIGGER staff_sessions_end AFTER INSERT OR DELETE ON staff_user_groups FOR EACH ROW
    EXECUTE FUNCTION staff_sessions_end('user_id');
CREATE TRIGGER staff_sessions_end AFTER INSERT OR DELETE ON staff_user_user_permissions FOR EACH ROW
    EXECUTE FUNCTION staff_sessions_end('user_id');
"""


class Migration(migrations.Migration):
    dependencies = [
        ("account", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
        ("mfa", "0003_authenticator_type_uniq"),
        ("pghistory", "0007_auto_20250421_0444"),
        ("users", "0006_fill_person_totals"),
        ("usersessions", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        migrations.RunSQL("\n".join(triggers()), migrations.RunSQL.noop),
        migrations.RunSQL(SESSIONS_END, migrations.RunSQL.noop),
    ]
