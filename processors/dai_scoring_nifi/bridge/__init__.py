"""Calls over NiFi's bridge (py4j) to its virtual machine: the helper's Java classes, and values packed for a call."""
