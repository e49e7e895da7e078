"""What every page shares; it knows no app."""
