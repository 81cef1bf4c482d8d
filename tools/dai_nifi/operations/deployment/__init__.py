"""What a deployment is made of: its plan, the checks before it, and the changes in NiFi."""
