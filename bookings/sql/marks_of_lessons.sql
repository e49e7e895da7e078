-- Whether a mark in counting_marks is about something that registrations are counted by.
CREATE OR REPLACE FUNCTION marks_of_lessons(about text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT about IN ('bookings', 'free_lesson_registrations', 'lesson_link_clicked')
$$;
