"""What can keep the local stack from running, said in one line for the person at the keyboard."""


class StackError(Exception):
    """The stack cannot go on; the message says what is missing and what the reader can do about it."""


class Interrupted(StackError):
    """Somebody asked to stop before the stack was ready."""

    def __init__(self) -> None:
        super().__init__("Stopped before it was ready.")


class AlreadyRuns(StackError):
    """Another supervisor runs this stack; it is left alone."""
