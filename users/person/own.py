"""What users' own tables tell in a person's timeline, and what erasing leaves of them."""

from django.db.models.expressions import RawSQL

from users.person.extensions import Fate, PersonExtension, PersonTable, Source
from users.person.timeline import LONGEST_DETAILS, actor_in

# jsonb_pretty of a short text only: brackets nested a thousand deep would become megabytes of blanks.
EVENTS = f"""
    SELECT e.created_at AS at, e.id::bigint AS number, NULL::integer AS actor, jsonb_build_object(
        'type', e.event_type,
        'details', CASE
            WHEN e.details IS NULL OR e.details IN ('{{}}', 'null') THEN ''
            WHEN length(e.details::text) <= 1500 THEN left(jsonb_pretty(e.details), {LONGEST_DETAILS})
            ELSE left(e.details::text, {LONGEST_DETAILS})
        END
    ) AS data
    FROM (
        -- The words of students are for those who answer them, in the conversation.
        SELECT id, user_id, created_at, event_type,
            CASE WHEN jsonb_typeof(details) = 'object' THEN details - 'message_text' ELSE details END AS details
        FROM events
    ) AS e WHERE e.user_id = %(person)s AND e.event_type <> ALL (%(claimed)s)
"""  # noqa: S608 - a number of ours

NOTES = """
    SELECT n.written_at AS at, n.id AS number, n.written_by_id::integer AS actor, jsonb_build_object(
        'text', n.text, 'author', n.written_by_id
    ) AS data
    FROM users_note AS n WHERE n.user_id = %(person)s
"""

DELETED_NOTES = f"""
    SELECT e.pgh_created_at AS at, e.pgh_id::bigint AS number, {actor_in("c")} AS actor, jsonb_build_object(
        'what', 'note_deleted'
    ) AS data
    FROM users_noteevent AS e LEFT JOIN pghistory_context AS c ON c.id = e.pgh_context_id
    WHERE e.user_id = %(person)s
"""  # noqa: S608 - an expression of ours

TAGS = f"""
    SELECT e.pgh_created_at AS at, e.pgh_id::bigint AS number, {actor_in("c")} AS actor, jsonb_build_object(
        'what', 'tag_' || e.pgh_label, 'tag', t.name
    ) AS data
    FROM users_persontagevent AS e
    LEFT JOIN pghistory_context AS c ON c.id = e.pgh_context_id
    LEFT JOIN users_tag AS t ON t.id = e.tag_id
    WHERE e.user_id = %(person)s
"""  # noqa: S608 - an expression of ours

BLOCKS = f"""
    SELECT e.pgh_created_at AS at, e.pgh_id::bigint AS number, {actor_in("c")} AS actor, jsonb_build_object(
        'what', 'block_' || e.pgh_label,
        'reason', CASE WHEN e.pgh_label = 'delete' THEN c.metadata->>'reason' ELSE e.reason END
    ) AS data
    FROM users_blockeduserevent AS e LEFT JOIN pghistory_context AS c ON c.id = e.pgh_context_id
    WHERE e.user_id = %(person)s
"""  # noqa: S608 - an expression of ours

LOOKS = """
    SELECT l.shown_at AS at, l.id AS number, l.shown_to_id::integer AS actor, jsonb_build_object(
        'what', 'emails_shown'
    ) AS data
    FROM users_emaildisclosure AS l WHERE l.user_id = %(person)s
"""


# Keys of an event's details that statistics read; all others may say who it was.
COUNTED_DETAILS = [
    "booking_id", "by_staff", "course_id", "discount_percent", "lesson", "lesson_date", "lesson_type",
    "new_status", "new_status_name", "old_status", "old_status_name", "undoes",
]  # fmt: skip


def counted_details(details: str, keys: str, values: str) -> str:
    """An SQL expression: what is left of an event's details, the counted keys and whatever is one of ``values``.

    Of a nested lesson the counted keys stay too. ``keys`` are texts, ``values`` JSON.
    """
    return f"""(
        SELECT jsonb_object_agg(kept.key, CASE WHEN jsonb_typeof(kept.value) <> 'object' THEN kept.value ELSE (
            SELECT jsonb_object_agg(inner_one.key, inner_one.value) FROM jsonb_each(kept.value) AS inner_one
            WHERE inner_one.key = ANY ({keys}) AND jsonb_typeof(inner_one.value) NOT IN ('object', 'array')
        ) END)
        FROM jsonb_each(CASE WHEN jsonb_typeof({details}) = 'object' THEN {details} END) AS kept
        WHERE kept.key = ANY ({keys}) AND jsonb_typeof(kept.value) <> 'array'
                AND (jsonb_typeof(kept.value) <> 'object' OR kept.key = 'lesson')
            OR kept.value = ANY ({values}::jsonb[])
    )"""  # noqa: S608 - expressions of ours


COUNTED = RawSQL(counted_details("details", "%s", "%s"), [COUNTED_DETAILS, COUNTED_DETAILS, []])  # noqa: S611

USERS = PersonExtension(
    app="users",
    sources=(
        Source("event", 10, "users/_entry_event.html", EVENTS),
        Source("note", 11, "users/_entry_note.html", NOTES, permission="users.view_note"),
        Source("audit", 12, "users/_entry_audit.html", DELETED_NOTES, permission="users.view_note"),
        Source("audit", 13, "users/_entry_audit.html", TAGS),
        Source("audit", 14, "users/_entry_audit.html", BLOCKS),
        Source("audit", 15, "users/_entry_audit.html", LOOKS, permission="users.view_emaildisclosure"),
    ),
    tables=(
        # Taken out by a function of the owner: the application may not change it.
        PersonTable("users.AuditEntry", Fate.HISTORY),
        PersonTable("users.Event", Fate.KEPT, blank={"username": None, "first_name": None, "details": COUNTED}),
        PersonTable("users.BlockedUser", Fate.ERASED),
        PersonTable("users.BlockedUserEvent", Fate.ERASED_LAST),
        PersonTable("users.UndoableAct", Fate.ERASED),
        PersonTable("users.EmailDisclosure", Fate.ERASED),
        PersonTable("users.Note", Fate.ERASED),
        PersonTable("users.NoteEvent", Fate.ERASED_LAST),
        PersonTable("users.PersonTag", Fate.ERASED),
        PersonTable("users.PersonTagEvent", Fate.ERASED_LAST),
        PersonTable("users.PersonTotals", Fate.ERASED_LAST),
        PersonTable("users.LivePersonTotals", Fate.NOTHING),
        PersonTable("users.CountingMark", Fate.RENUMBERED, path="user_id"),
        PersonTable("users.NumberMark", Fate.RENUMBERED, path="user_id"),
    ),
)
