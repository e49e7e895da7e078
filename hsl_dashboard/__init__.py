"""The project: settings, addresses, processes, and helpers that know no app."""
