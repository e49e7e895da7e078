"""Tell administrators what is wrong with the system and when it is over, by ways that need no worker or database."""
