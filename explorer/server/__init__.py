"""The server's own routes and the headers of every answer."""
