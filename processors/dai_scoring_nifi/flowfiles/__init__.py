"""FlowFiles: taken from NiFi, made into requests to the service, and sent on with what it answers."""
