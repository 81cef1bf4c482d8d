"""What is on NiFi's canvas: deployed flows, their parameter contexts and what their components report."""
