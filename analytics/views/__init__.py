"""Pages of numbers: today, analytics, the people behind a number, definitions."""
