"""How dates are written, a language each; Django reads these through FORMAT_MODULE_PATH."""
