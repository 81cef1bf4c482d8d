"""The flows that this suite ships, and what deploys, runs and removes them in a NiFi."""
