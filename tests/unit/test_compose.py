"""The container stack agrees with the code: commands, settings, ports, limits, files.

It is read line by line, for want of a YAML reader; that Compose takes it is for `make test-compose` to show.
"""

import importlib.util
import re
import shlex
import subprocess
from pathlib import Path
from typing import Final

import pytest

from services.cli import app
from shared.settings import Web, read, web

ROOT: Final = Path(__file__).parents[2]
COMPOSE: Final = (ROOT / "docker-compose.yml").read_text()
PROXY: Final = (ROOT / "deploy" / "proxy" / "haproxy.cfg").read_text()
DOCKERFILE: Final = (ROOT / "deploy" / "Dockerfile").read_text()
EXAMPLE: Final = (ROOT / "deploy" / "env.example").read_text()
SETTINGS: Final = set(re.findall(r"^(BUGALOU_\w+)=", EXAMPLE, re.MULTILINE))
OURS: Final = {"gateway", "worker", "relay", "notifier", "console"}
SERVERS: Final = {"postgres", "rabbitmq", "migrate", "mail", "proxy"}
MONITORING: Final = {"prometheus", "grafana"}


def top_level(name: str) -> str:
    """Return what stands under a key of the outermost level."""
    found = re.search(rf"^{name}:.*\n((?:[ #].*\n|\n)*)", COMPOSE, re.MULTILINE)
    assert found, name
    return found[1]


def services() -> dict[str, str]:
    parts = re.split(r"^  (\w+):\n", top_level("services"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def command(service: str) -> list[str]:
    found = re.search(r"^    command: \[(.*)\]$", services()[service], re.MULTILINE)
    assert found, service
    return [word.strip('"') for word in found[1].split(", ")]


def web_settings(monkeypatch: pytest.MonkeyPatch) -> Web:
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    return read(web)


def timeout_of(name: str) -> float:
    found = re.search(rf"^    timeout {name} (\d+)s$", PROXY, re.MULTILINE)
    assert found, name
    return float(found[1])


def test_each_service_is_a_service_of_its_own() -> None:
    assert set(services()) == OURS | SERVERS | MONITORING
    assert {path.parent.name for path in ROOT.glob("services/*/__main__.py")} == OURS


def test_every_setting_can_be_given_and_no_other() -> None:
    assert set(re.findall(r"^  (BUGALOU_\w+):", top_level("x-settings"), re.MULTILINE)) == SETTINGS
    assert set(re.findall(r"BUGALOU_\w+", COMPOSE)) <= SETTINGS


@pytest.mark.parametrize("service", sorted(OURS))
def test_a_service_runs_its_own_module(service: str) -> None:
    assert command(service) == ["python", "-m", f"services.{service}"]
    assert importlib.util.find_spec(f"services.{service}.__main__")


def test_the_other_commands_exist() -> None:
    assert command("migrate")[0] == "bugalou"
    assert app[command("migrate")[1]]
    assert command("mail")[:2] == ["python", "-m"]
    module = importlib.util.find_spec(command("mail")[2])
    assert module
    assert module.origin
    options = set(re.findall(r'add_argument\("(--\w+)"', Path(module.origin).read_text()))
    assert {word for word in command("mail") if word.startswith("--")} <= options


def test_healthchecks_are_programs() -> None:
    programs = re.findall(r'test: \[CMD, bash, -c, "(.*)"\]', COMPOSE)
    assert len(programs) == 5
    for program in programs:
        subprocess.run(["bash", "-n", "-c", program.replace("$$", "$")], check=True)


def test_services_can_be_scaled() -> None:
    assert "container_name" not in COMPOSE
    assert {name for name, text in services().items() if "    ports:\n" in text} == {"proxy"} | MONITORING


def test_only_this_machine_reaches_the_proxy_unless_told_otherwise() -> None:
    assert re.findall(r"^      - (\$.*):8080$", services()["proxy"], re.MULTILINE) == [
        "${PUBLISH_ADDRESS:-127.0.0.1}:${PUBLISH_PORT:-8080}"
    ]


@pytest.mark.parametrize("service", sorted(MONITORING))
def test_monitoring_is_asked_for_and_never_published(service: str) -> None:
    text = services()[service]
    assert "    profiles: [monitoring]\n" in text
    assert re.findall(r"^      - (\S+):\$\{\w+:-\d+\}:\d+$", text, re.MULTILINE) == ["127.0.0.1"]
    for file in re.findall(r"^      - \./(\S+?):", text, re.MULTILINE):
        assert (ROOT / file).exists(), file


def test_the_proxy_finds_the_services_where_they_listen() -> None:
    assert {"8080"} == set(re.findall(r'BUGALOU_HTTP_PORT: "(\d+)"', COMPOSE))
    targets = re.findall(r"^    server-template \w+ \d+ (\S+)$", PROXY, re.MULTILINE)
    assert set(targets) == {"gateway:8080", "console:8080"}


def test_the_proxy_closes_idle_connections_before_the_services_do(monkeypatch: pytest.MonkeyPatch) -> None:
    assert timeout_of("http-keep-alive") < web_settings(monkeypatch).idle_seconds


def test_the_proxy_waits_longer_than_the_longest_answer_takes() -> None:
    assert timeout_of("server") > 30  # Prefer: wait=30


def test_containers_are_given_longer_to_stop_than_the_services_take() -> None:
    drain = re.search(r"^BUGALOU_DRAIN_SECONDS=(\d+)$", EXAMPLE, re.MULTILINE)
    grace = re.findall(r"stop_grace_period: (\d+)s", COMPOSE)
    assert drain
    assert min(map(int, grace)) > int(drain[1]) + 2


def test_ours_have_no_privileges_and_a_read_only_filesystem() -> None:
    common = top_level("x-ours")
    for line in ("read_only: true", "- ALL", "- no-new-privileges:true"):
        assert line in common, line
    assert "<<: *ours" in top_level("x-service")
    assert "<<: *service" in top_level("x-http-service")
    for service in OURS | {"migrate", "mail"}:
        assert re.search(r"<<: \*(ours|service|http_service)", services()[service]), service
        assert "privileged" not in services()[service]
    proxy = services()["proxy"]
    assert "read_only: true" in proxy
    assert "no-new-privileges:true" in proxy
    # A number, so that a cluster can see that it is not root's.
    assert re.findall(r"^USER (\d+):\d+$", DOCKERFILE, re.MULTILINE) == ["10001"]


def test_the_tests_use_the_same_images() -> None:
    # Read, not imported: that would take a second.
    named = set(re.findall(r'^\w+_IMAGE: Final = "(.*)"$', (ROOT / "tests/containers.py").read_text(), re.MULTILINE))
    assert len(named) == 2
    assert named <= set(re.findall(r"^    image: (\S+)$", COMPOSE, re.MULTILINE))


def test_what_the_image_is_made_of_is_sent_to_the_engine() -> None:
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    copies = [shlex.split(line)[1:-1] for line in DOCKERFILE.splitlines() if line.startswith("COPY ")]
    sources = {source for words in copies if not words[0].startswith("--from") for source in words}
    assert sources == {line[1:] for line in ignore if line.startswith("!")}
    assert all((ROOT / source).exists() for source in sources)
