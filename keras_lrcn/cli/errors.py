"""The one exception that ends a command with a message instead of a traceback."""


class CommandError(Exception):
    """What the user asked for cannot be done; the message says what would be."""
