"""JDBC drivers that deployments bring to NiFi."""
