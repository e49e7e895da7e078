"""For whoever watches the system from outside: metrics for Prometheus."""
