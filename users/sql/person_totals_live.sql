-- The totals, exact at every moment: marked people are counted on the spot, each by itself, so that whoever asks for a
-- few does not wait for all who are marked.
CREATE OR REPLACE VIEW person_totals_live AS
    SELECT
        user_id, name_key, language_code, first_seen_at, bookings, events, lessons, has_active_booking, latest_stream,
        latest_status, last_activity_at, temperature, cools_on, blocked, search_text, lesson_types
    FROM person_totals AS t
    WHERE NOT EXISTS (SELECT FROM counting_marks AS m WHERE m.user_id = t.user_id)
    UNION ALL
    SELECT
        m.user_id, c.name_key, c.language_code, c.first_seen_at, c.bookings, c.events, c.lessons, c.has_active_booking,
        c.latest_stream, c.latest_status, c.last_activity_at, c.temperature, c.cools_on, c.blocked, c.search_text,
        c.lesson_types
    FROM (SELECT DISTINCT user_id FROM counting_marks) AS m CROSS JOIN LATERAL person_counts(ARRAY[m.user_id]) AS c;
