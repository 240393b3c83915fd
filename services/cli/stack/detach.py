"""Running a task in the background, as a process that outlives the terminal, once it has said that it is ready."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Literal

import msgspec
from msgspec import Struct

from services.cli.stack.errors import StackError

Say = Callable[[str], None]


class Message(Struct):
    """What the process in the background tells the one that waits for it."""

    kind: Literal["news", "ready", "failed"]
    text: str


def detach(task: Callable[[Say, Say], None], log: Path, say: Say) -> str:
    """Run `task(say, ready)` in the background; return what it passed to `ready`, or raise StackError."""
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _become_daemon(log, keep=writing)
        os._exit(_run(task, writing))
    os.close(writing)

    def pass_on(number: int, _frame: FrameType | None) -> None:
        os.kill(pid, number)

    # Ctrl-C while it starts: the background process is in a session of its own and must be told.
    before = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        return _listen(reading, say)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _listen(reading: int, say: Say) -> str:
    with os.fdopen(reading, "rb") as pipe:
        for line in pipe:
            message = msgspec.json.decode(line, type=Message)
            if message.kind == "ready":
                return message.text
            if message.kind == "failed":
                raise StackError(message.text)
            say(message.text)
    raise StackError("The process in the background ended before it was ready.")


def _run(task: Callable[[Say, Say], None], writing: int) -> int:
    listened_to = True

    def tell(kind: Literal["news", "ready", "failed"], text: str) -> None:
        nonlocal listened_to
        if not listened_to:
            return
        try:
            os.write(writing, msgspec.json.encode(Message(kind, text)) + b"\n")
        except BrokenPipeError:
            listened_to = False
        if kind != "news":
            os.close(writing)
            listened_to = False

    try:
        task(lambda text: tell("news", text), lambda text: tell("ready", text))
    except StackError as error:
        tell("failed", str(error))
        return 1
    except BaseException as error:  # the last frame of this process: its log is the only place left to tell it
        tell("failed", f"{type(error).__name__}: {error}")
        raise
    return 0


def _become_daemon(log: Path, keep: int) -> None:
    os.setsid()
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for target, source in ((0, nothing), (1, output), (2, output)):
        os.dup2(source, target)
    # Whatever else the caller had open (a pipe that a script waits for) is not ours to hold.
    os.closerange(3, keep)
    os.closerange(keep + 1, 4096)
