"""The client of NiFi's REST API: connecting, calling, and NiFi's errors as the tool's."""
