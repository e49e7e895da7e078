"""Know how common the words of reasons are: a search in the audit walks to common ones and lists rare ones."""

from django.db import migrations

# The index of words has no statistics that the planner uses: it leaves out the lines without a reason.
STATISTICS = """
CREATE STATISTICS users_audit_words ON (to_tsvector('simple'::regconfig, COALESCE(reason, ''))) FROM users_auditentry
"""


class Migration(migrations.Migration):
    dependencies = [("users", "0008_name_the_nameless")]

    operations = [migrations.RunSQL(STATISTICS, "DROP STATISTICS users_audit_words")]
