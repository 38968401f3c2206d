"""The recorded runs that come with the app, and what they are made from."""
