"""A person's page: facts, sections, timeline."""
