"""What is no product: the demo school, the Telegram sandbox, embedded servers, and the launcher behind make demo."""
