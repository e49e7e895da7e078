"""What the bot tells members of staff who want to know: new payments, new texts, messages that stand or wait."""
