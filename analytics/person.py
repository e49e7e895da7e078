"""What erasing a person does to the derived tables."""

from users.person.extensions import Fate, PersonExtension, PersonTable

# Their events and bookings go to the stand-in, and marks follow: its steps are found again at the next refresh.
ANALYTICS = PersonExtension(
    app="analytics", tables=(PersonTable("analytics.Journey", Fate.ERASED_LAST, path="user_id"),)
)
