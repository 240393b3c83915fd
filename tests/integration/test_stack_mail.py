"""The SMTP server that catches what goes out."""

import email
import email.policy
import os
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from services.cli.stack.fleet import mail_program
from services.cli.stack.layout import Layout
from services.cli.stack.ports import LOOPBACK, free_ports
from services.cli.stack.program import Run


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout.at(tmp_path)


@pytest.fixture
def port(layout: Layout) -> Iterator[int]:
    port = free_ports(1)[0]
    run = Run(layout.log)
    run.start([mail_program(layout, port, dict(os.environ))], 20)
    yield port
    run.stop()


def message(text: str) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "facturen@example.com", "klant@bedrijf.nl", "Bedankt voor uw betaling"
    made["Message-ID"] = "<1@bugalou.example>"
    made.set_content(text)
    return made


def test_each_message_is_one_file_by_the_time_it_is_accepted(layout: Layout, port: int) -> None:
    with smtplib.SMTP(LOOPBACK, port, timeout=10) as client:
        for number in range(3):
            client.send_message(message(f"€ 2.950,00 ontvangen ({number})"))
            assert len(list(layout.mail.glob("*.eml"))) == number + 1
    caught = [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for path in sorted(layout.mail.glob("*.eml"))
    ]
    assert [mail.get_content().strip() for mail in caught] == [f"€ 2.950,00 ontvangen ({n})" for n in range(3)]
    assert caught[0]["X-RcptTo"] == "klant@bedrijf.nl"
    assert caught[0]["Message-ID"] == "<1@bugalou.example>"
    assert [path.suffix for path in layout.mail.iterdir()] == [".eml"] * 3


def test_message_over_the_limit_is_refused_and_not_kept(layout: Layout, port: int) -> None:
    with smtplib.SMTP(LOOPBACK, port, timeout=20) as client, pytest.raises(smtplib.SMTPException):
        client.sendmail("a@example.com", ["b@example.com"], b"x: y\r\n\r\n" + b"0123456789\r\n" * 1_000_000)
    assert list(layout.mail.iterdir()) == []


def test_message_that_cannot_be_kept_is_not_accepted(layout: Layout, port: int) -> None:
    layout.mail.rmdir()
    with smtplib.SMTP(LOOPBACK, port, timeout=10) as client, pytest.raises(smtplib.SMTPDataError, match="not kept"):
        client.send_message(message("lost"))
