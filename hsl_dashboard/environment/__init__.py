"""What the environment tells the settings: a table of variables, what may stand in each, and where the servers are."""
