"""What a local NiFi and scoring both need from the machine: Java, Maven and the cache."""
