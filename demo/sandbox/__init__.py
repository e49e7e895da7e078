"""A Telegram Bot API server of our own, for `make demo`, the tests and the benchmarks; never for production."""
