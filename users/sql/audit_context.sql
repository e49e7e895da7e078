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
