-- The totals, exact at every moment: marked people are counted on the spot.
CREATE OR REPLACE VIEW person_totals_live AS
    SELECT
        user_id, name_key, language_code, first_seen_at, bookings, events, lessons, has_active_booking, latest_stream,
        latest_status, last_activity_at, temperature, cools_on, blocked, search_text, lesson_types
    FROM person_totals AS t
    WHERE NOT EXISTS (SELECT FROM counting_marks AS m WHERE m.user_id = t.user_id)
    UNION ALL
    SELECT
        user_id, name_key, language_code, first_seen_at, bookings, events, lessons, has_active_booking, latest_stream,
        latest_status, last_activity_at, temperature, cools_on, blocked, search_text, lesson_types
    FROM person_counts(ARRAY(SELECT DISTINCT user_id FROM counting_marks));
