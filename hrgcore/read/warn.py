"""What is said of an input that can be read, but not without a word."""


class InputWarning(UserWarning):
    """Something about the input is doubtful, or makes it slow to read, though it can be read."""
