"""Which RabbitMQ is found."""

from pathlib import Path

import pytest

from services.cli.stack.binaries import rabbitmq_version


@pytest.mark.parametrize(
    ("script", "library", "version"),
    [
        ("rabbitmq/bin/rabbitmq-server", "rabbitmq/lib/rabbitmq_server-3.10.8", (3, 10)),
        ("rabbitmq_server-4.1.0/sbin/rabbitmq-server", "rabbitmq_server-4.1.0/plugins", (4, 1)),
        ("Cellar/rabbitmq/3.9.1/sbin/rabbitmq-server", "Cellar/rabbitmq/3.9.1/plugins", (3, 9)),
        ("bin/rabbitmq-server", "lib/erlang", None),
    ],
)
def test_version_is_read_from_the_installation_folder(
    tmp_path: Path, script: str, library: str, version: tuple[int, int] | None
) -> None:
    (tmp_path / library).mkdir(parents=True)
    path = tmp_path / script
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    assert rabbitmq_version(path) == version
