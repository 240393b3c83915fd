"""The command line, `bugalou`: everything an operator does from a shell."""

import os
import sys
from importlib.metadata import version
from typing import Final

import cyclopts

from services.cli import account_settings, accounts, failures, keys, notify, secrets, webhooks, whatsapp
from services.cli.demo.command import demo_data
from services.cli.doctor import doctor
from services.cli.documents.commands import asyncapi, openapi
from services.cli.metrics import metrics
from services.cli.migrate import migrate
from services.cli.rebuild import rebuild
from services.cli.send import send
from services.cli.up import down, status, up

_EXIT_UNREAD: Final = 128 + 13
"""As of a program that SIGPIPE has ended."""

app = cyclopts.App(
    name="bugalou", help="Invoicing & Payments: run it, feed it, look after it.", version=version("bugalou")
)
app.command(up)
app.command(down)
app.command(status)
app.command(migrate)
app.command(send)
app.command(rebuild)
app.command(doctor)
app.command(demo_data)
app.command(accounts.app)
app.command(keys.app)
app.command(secrets.app)
app.command(webhooks.app)
app.command(account_settings.app)
app.command(whatsapp.app)
app.command(notify.app)
app.command(failures.app)
app.command(openapi)
app.command(asyncapi)
app.command(metrics)


def main() -> None:
    """Run the command line; who reads its output may stop reading (`| head`)."""
    try:
        app()
        sys.stdout.flush()
    except BrokenPipeError:
        # What is still held back is written to nowhere, or Python would complain of it at the very end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(_EXIT_UNREAD)
