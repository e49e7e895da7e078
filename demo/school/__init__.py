"""An invented school for demonstrations: one module a noun; build.py puts it together, loading.py stores it."""
