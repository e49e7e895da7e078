"""What users' own tables tell in a person's timeline: events of the bot, notes, and what staff did with the person."""

from users.person.timeline import LONGEST_DETAILS, Source, actor_in, register_source

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
    FROM events AS e WHERE e.user_id = %(person)s AND e.event_type <> ALL (%(claimed)s)
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


def register_own_sources() -> None:
    """Put all of them into the timeline; called when the app is ready."""
    register_source(Source("event", 10, "users/_entry_event.html", EVENTS))
    register_source(Source("note", 11, "users/_entry_note.html", NOTES, permission="users.view_note"))
    register_source(Source("audit", 12, "users/_entry_audit.html", DELETED_NOTES, permission="users.view_note"))
    register_source(Source("audit", 13, "users/_entry_audit.html", TAGS))
    register_source(Source("audit", 14, "users/_entry_audit.html", BLOCKS))
    register_source(
        Source("audit", 15, "users/_entry_audit.html", LOOKS, permission="users.view_emaildisclosure"),
    )
