"""Parts of the server, with its connections, in the process of the tests."""
