"""What messaging adds to a person's page and to erasing a person."""
