"""The worker's process: the loop, its watchdog, its metrics."""
