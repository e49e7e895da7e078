"""What the previous dashboard reads and writes: its SQL, route by route, on a database taken over."""

# Reads by the number of their route, where it has one. «42» stands for a person, «21» for a message.
READS = {
    "1 stats: people": "SELECT count(DISTINCT user_id) FROM (SELECT user_id FROM bookings UNION SELECT user_id FROM"
    " events UNION SELECT user_id FROM free_lesson_registrations) AS everybody",
    "1 stats: bookings": "SELECT count(*) FILTER (WHERE confirmed != -1), count(*) FILTER (WHERE confirmed = 2)"
    " FROM bookings",
    "1 stats: lessons": "SELECT count(*) FROM free_lesson_registrations",
    "2 courses": "SELECT course_id, count(*), count(*) FILTER (WHERE confirmed = 2), count(*) FILTER (WHERE"
    " confirmed = 1), count(*) FILTER (WHERE confirmed = -1) FROM bookings WHERE course_id = 1 GROUP BY course_id",
    "3 course streams": "SELECT course_id, course_stream, count(*), count(*) FILTER (WHERE confirmed = 2) FROM bookings"
    " WHERE course_id = 1 AND course_stream IS NOT NULL GROUP BY 1, 2 ORDER BY course_stream",
    "4 events": "SELECT event_type, count(*) AS n FROM events GROUP BY event_type ORDER BY n DESC, 1 LIMIT 10",
    "5 daily": "SELECT DATE(created_at), count(*) FROM events WHERE created_at >= CURRENT_DATE - 30 * INTERVAL '1 day'"
    " GROUP BY 1 ORDER BY 1 DESC",
    "6 recent": "SELECT id, user_id, event_type, created_at, details FROM (SELECT e.*, row_number() OVER (PARTITION BY"
    " user_id ORDER BY created_at DESC, id DESC) AS place FROM events e) AS ranked WHERE place <= 2"
    " ORDER BY created_at DESC, id DESC LIMIT 30",
    "7 bookings": "SELECT id, user_id, username, first_name, course_id, course_stream, confirmed, created_at,"
    " referral_code, discount_percent FROM bookings ORDER BY created_at DESC, id LIMIT 20",
    "8 free lessons": "SELECT id, user_id, COALESCE(NULLIF(username, ''), 'N/A'), COALESCE(NULLIF(first_name, ''),"
    " 'N/A'), email, registered_at, notification_sent, COALESCE(lesson_type, 'Unknown'), lesson_date"
    " FROM free_lesson_registrations ORDER BY registered_at DESC, id LIMIT 50",
    "9 growth": "SELECT DATE(seen), count(*) FROM (SELECT user_id, min(created_at) AS seen FROM bookings"
    " GROUP BY user_id) AS newcomers GROUP BY 1 ORDER BY 1",
    "10 activity": "SELECT f.user_id, f.email, count(e.id), count(DISTINCT DATE(e.created_at)), max(e.created_at)"
    " FROM free_lesson_registrations f LEFT JOIN events e ON e.user_id = f.user_id AND e.created_at >= NOW()"
    " - INTERVAL '7 days' GROUP BY f.user_id, f.email ORDER BY 3 DESC, 1, 2 LIMIT 100",
    "11 stream": "SELECT b.user_id, b.confirmed, b.created_at, (SELECT max(created_at) FROM events WHERE user_id ="
    " b.user_id), (SELECT count(*) FROM events WHERE user_id = b.user_id) FROM bookings b WHERE b.course_stream ="
    " '8th_stream' ORDER BY b.created_at DESC, b.id",
    "12 people": "SELECT u.user_id, COALESCE(GREATEST((SELECT max(created_at) FROM bookings WHERE user_id = u.user_id),"
    " (SELECT max(registered_at) FROM free_lesson_registrations WHERE user_id = u.user_id)), '1970-01-01'),"
    " (SELECT count(*) FROM bookings WHERE user_id = u.user_id) FROM (SELECT DISTINCT user_id FROM bookings UNION"
    " SELECT DISTINCT user_id FROM free_lesson_registrations) AS u ORDER BY 2 DESC, 1 LIMIT 50",
    "13 events of one": "SELECT id, event_type, created_at, details FROM events WHERE user_id = 42"
    " ORDER BY created_at DESC, id LIMIT 50",
    "13 lessons of one": "SELECT id, user_id, email, registered_at, notification_sent, lesson_type, lesson_date"
    " FROM free_lesson_registrations WHERE user_id = 42 ORDER BY registered_at DESC, id",
    "14 bookings of one": "SELECT id, user_id, course_id, course_stream, confirmed, created_at, referral_code,"
    " discount_percent FROM bookings WHERE user_id = 42 ORDER BY created_at DESC, id",
    "18 by stream": "SELECT DISTINCT user_id, username, first_name, course_stream FROM bookings"
    " WHERE course_stream = '5th_stream' AND confirmed = 2 ORDER BY 1, 2, 3",
    "20 hackathon": "SELECT user_id, username FROM hackathon_registrations ORDER BY created_at, user_id",
    "23 recipients": "SELECT id, message_id, user_id, username, delivery_status FROM message_recipients"
    " WHERE message_id = 21 ORDER BY id",
    "blocked": "SELECT user_id, blocked_at, reason FROM blocked_users ORDER BY user_id",
    "coupons": "SELECT code, name, discount_percent, max_activations, current_activations, created_by, created_at,"
    " is_active FROM referral_coupons ORDER BY code",
}
# These read names, which a takeover adds: they must work, with the same columns.
WORKING = {
    "17 search": "SELECT user_id, username, first_name FROM users WHERE LOWER(username) LIKE 'a%' OR LOWER(first_name)"
    " LIKE 'a%' ORDER BY updated_at DESC LIMIT 50",
    "17 all": "SELECT user_id, username, first_name, last_name, language_code, first_seen_at, updated_at FROM users",
    "19 non-course": "SELECT DISTINCT user_id, username, first_name FROM events WHERE user_id NOT IN"
    " (SELECT user_id FROM bookings WHERE confirmed = 2 AND user_id IS NOT NULL) LIMIT 50",
}
# Route 22. It takes sent_at for a date and fails where a row has none.
HISTORY = (
    "SELECT id, message_text, sent_at, total_recipients, successful_deliveries, recipient_type, recipient_group"
    " FROM message_history ORDER BY sent_at DESC LIMIT 100"
)
# What its scheduler takes every minute, and sends as it stands, raw placeholders and all.
DUE = (
    "SELECT m.id, m.message_text FROM message_history m WHERE m.scheduled_at IS NOT NULL AND m.scheduled_at <= NOW()"
    " AND m.successful_deliveries = 0 ORDER BY m.scheduled_at LIMIT 10"
)
WAITING = "SELECT id, user_id FROM message_recipients WHERE message_id = %s AND delivery_status = 'pending'"

BEGIN = (
    "INSERT INTO message_history (message_text, total_recipients, recipient_type, recipient_group, scheduled_at)"
    " VALUES (%s, 1, 'individual', NULL, %s) RETURNING id"
)
ADDRESS = "INSERT INTO message_recipients (message_id, user_id, username) VALUES (%s, 42, 'anna') RETURNING id"
DELIVERED = "UPDATE message_recipients SET delivery_status = 'sent', telegram_message_id = 77 WHERE id = %s"
COUNTED = "UPDATE message_history SET successful_deliveries = 1 WHERE id = %s"
DELETED = (
    "UPDATE message_recipients SET delivery_status = 'deleted' WHERE message_id = %s AND user_id = 42"
    " AND telegram_message_id IS NOT NULL"
)
MOVED = "UPDATE bookings SET course_stream = '5th_stream', confirmed = 1, discount_percent = 10 WHERE id = %s"
