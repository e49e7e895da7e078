"""What holds when something does not: time limits, outages, the cache without Redis, signs of life, probes."""
