"""The services of the stack: which processes there are, and what each is given."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from services.cli.stack.layout import CHECKOUT, Layout
from services.cli.stack.ports import LOOPBACK, answers, free_ports
from services.cli.stack.program import Program


@dataclass(frozen=True)
class Size:
    """How many processes there are of the two services that take the load."""

    workers: int = 1
    gateways: int = 1


def mail_program(layout: Layout, port: int, environment: Mapping[str, str]) -> Program:
    """Return the SMTP server that catches what goes out."""
    command = ["services.cli.stack.mail", "--host", LOOPBACK, "--port", str(port), "--dir", str(layout.mail)]
    return Program(
        name="mail",
        argv=(sys.executable, "-m", *command),
        directory=CHECKOUT,
        environment=environment,
        is_ready=lambda _pid: answers(port, expected=b"220"),
    )


def services(size: Size, environment: Mapping[str, str]) -> list[Program]:
    """Return the services, each with a port for its metrics; the gateways share their HTTP port."""
    modules: dict[str, tuple[str, ...]] = {
        f"gateway-{number}": ("services", "gateway", "console") for number in range(1, size.gateways + 1)
    }
    modules |= {f"worker-{number}": ("services.worker",) for number in range(1, size.workers + 1)}
    modules |= {"relay": ("services.relay",), "notifier": ("services.notifier",)}
    metrics = free_ports(len(modules))
    # In a burst orders are taken and stored first, and told of a little later.
    steps_back = {"BUGALOU_NICENESS": "10"}
    own = {"relay": steps_back, "notifier": steps_back}
    return [
        Program(
            name=name,
            argv=(sys.executable, "-m", *words),
            directory=CHECKOUT,
            environment={**own.get(name, {}), **environment, "BUGALOU_METRICS_PORT": str(port)},
        )
        for (name, words), port in zip(modules.items(), metrics, strict=True)
    ]
