"""Free lessons: the list of registrations, how far each led, and the sums of each lesson and date."""
