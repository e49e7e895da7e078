"""Taking over the bot's live database: what is missing, in small steps that the bot does not notice."""
