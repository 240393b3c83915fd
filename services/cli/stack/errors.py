"""What can keep the local stack from running, said in one line for the person at the keyboard."""


class StackError(Exception):
    """The stack cannot go on; the message says what is missing and what the reader can do about it."""
