-- Counts everything that person_totals holds for these people, in time linear in their number. People with a
-- confirmed booking are no leads (-1). Names are cut: an index entry has a size limit, and a hostile name must not make
-- the bot's INSERT fail.
CREATE OR REPLACE FUNCTION person_counts(people bigint[]) RETURNS TABLE (
    user_id bigint, name_key text, language_code text, first_seen_at timestamptz, bookings integer, events integer,
    lessons integer, has_active_booking boolean, latest_stream text, latest_status smallint,
    last_activity_at timestamptz, temperature smallint, cools_on date, blocked boolean, search_text text,
    lesson_types text[]
) LANGUAGE sql STABLE AS $$
    SELECT
        u.user_id,
        folded(left(COALESCE(
            NULLIF(btrim(concat_ws(' ', NULLIF(btrim(u.first_name), ''), NULLIF(btrim(u.last_name), ''))), ''),
            u.username,
            ''
        ), 100)),
        left(COALESCE(u.language_code, ''), 35),
        COALESCE(u.first_seen_at, '-infinity'),
        b.bookings,
        e.events,
        l.lessons,
        b.has_active_booking,
        COALESCE(b.latest_stream, ''),
        (CASE WHEN b.bookings = 0 THEN 0 ELSE b.latest_status END)::smallint,
        COALESCE(GREATEST(e.newest, b.newest, l.newest), '-infinity'),
        (CASE WHEN b.has_confirmed_booking THEN -1 ELSE t.temperature END)::smallint,
        CASE WHEN NOT b.has_confirmed_booking THEN t.cools_on END,
        EXISTS (SELECT FROM blocked_users AS x WHERE x.user_id = u.user_id),
        person_text(u.user_id, u.username, u.first_name, u.last_name),
        l.kinds
    FROM unnest(people) AS wanted (user_id)
    JOIN users AS u ON u.user_id = wanted.user_id
    CROSS JOIN LATERAL (
        SELECT count(*)::integer AS bookings, max(created_at) AS newest,
            COALESCE(bool_or(confirmed IS DISTINCT FROM -1), false) AS has_active_booking,
            COALESCE(bool_or(confirmed = 2), false) AS has_confirmed_booking,
            (array_agg(course_stream ORDER BY created_at DESC NULLS LAST, id DESC))[1] AS latest_stream,
            CASE (array_agg(confirmed ORDER BY created_at DESC NULLS LAST, id DESC))[1]
                WHEN -1 THEN 1 WHEN 0 THEN 3 WHEN 1 THEN 4 WHEN 2 THEN 5 ELSE 2
            END AS latest_status
        FROM bookings WHERE bookings.user_id = u.user_id
    ) AS b
    CROSS JOIN LATERAL (
        SELECT count(*)::integer AS events, max(created_at) FILTER (
            WHERE event_type NOT IN (
                'booking_status_changed', 'payment_approved', 'free_lesson_reminder_sent', 'stats_requested',
                'referral_created', 'bot_blocked'
            )
        ) AS newest FROM events WHERE events.user_id = u.user_id
    ) AS e
    CROSS JOIN LATERAL (
        SELECT count(*)::integer AS lessons, max(registered_at) AS newest,
            COALESCE(array_agg(DISTINCT lesson_type::text COLLATE "C") FILTER (WHERE lesson_type IS NOT NULL), '{}')
                AS kinds
        FROM free_lesson_registrations AS r WHERE r.user_id = u.user_id
    ) AS l
    CROSS JOIN LATERAL person_temperature(u.user_id) AS t
$$;
