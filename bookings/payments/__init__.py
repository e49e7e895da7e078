"""The queue of payments: students who say that they have paid, and staff who confirm, decline or ask again."""
