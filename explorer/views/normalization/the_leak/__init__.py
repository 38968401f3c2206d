"""The leak."""
