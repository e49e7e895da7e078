"""Sessions end with a change of password, rights or account; a second factor is due from some day on."""

from django.db import migrations, models

SESSIONS_END = """
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
TRIGGERS = """
CREATE TRIGGER staff_sessions_end AFTER UPDATE ON staff_user FOR EACH ROW
    WHEN ((OLD.password, OLD.is_active, OLD.is_staff, OLD.is_superuser)
        IS DISTINCT FROM (NEW.password, NEW.is_active, NEW.is_staff, NEW.is_superuser))
    EXECUTE FUNCTION staff_sessions_end('id');
CREATE TRIGGER staff_sessions_end AFTER INSERT OR DELETE ON staff_user_groups FOR EACH ROW
    EXECUTE FUNCTION staff_sessions_end('user_id');
CREATE TRIGGER staff_sessions_end AFTER INSERT OR DELETE ON staff_user_user_permissions FOR EACH ROW
    EXECUTE FUNCTION staff_sessions_end('user_id');
"""
AUDIT = """
DROP TRIGGER audit_row ON staff_user;
CREATE TRIGGER audit_row AFTER INSERT OR UPDATE OR DELETE ON staff_user FOR EACH ROW
    EXECUTE FUNCTION audit_row('id', '', 'last_login,factor_due_at', 'password');
"""
AUDIT_BEFORE = """
DROP TRIGGER audit_row ON staff_user;
CREATE TRIGGER audit_row AFTER INSERT OR UPDATE OR DELETE ON staff_user FOR EACH ROW
    EXECUTE FUNCTION audit_row('id', '', 'last_login', 'password');
"""


class Migration(migrations.Migration):

    dependencies = [
        ('users', '0016_saved_views'),
        ('usersessions', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='factor_due_at',
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name='second factor required from'),
        ),
        migrations.RunSQL(SESSIONS_END, "DROP FUNCTION staff_sessions_end() CASCADE"),
        migrations.RunSQL(TRIGGERS, migrations.RunSQL.noop),
        migrations.RunSQL(AUDIT, AUDIT_BEFORE),
    ]
