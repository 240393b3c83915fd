"""What watches the system speaks of metrics that exist: alerts, dashboards, scrape targets, links to the runbook."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml  # type: ignore[import-untyped]  # stubs are a dependency more

from shared.metrics import DECLARED
from shared.topology import Names

ROOT: Final = Path(__file__).parents[2]
MONITORING: Final = ROOT / "deploy" / "monitoring"
COMPOSE: Final = (ROOT / "docker-compose.yml").read_text()
SUFFIXES: Final = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}
LABELS_OF: Final = {
    f"{metric.name}{suffix}": {*metric.labels, "job", "instance", *(("le",) if metric.kind == "histogram" else ())}
    for metric in DECLARED
    for suffix in SUFFIXES[metric.kind]
}
# Made by Prometheus itself and by its client library.
OTHERS: Final = {
    "up",
    "process_start_time_seconds",
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
    "process_open_fds",
}
WORDS: Final = {"sum", "max", "min", "count", "rate", "increase", "changes", "absent", "abs", "histogram_quantile"} | {
    "by",
    "or",
    "and",
}


def alerts() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"]
    rules: list[dict[str, Any]] = group["rules"]
    return rules


def dashboards() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted((MONITORING / "grafana" / "dashboards").glob("*.json")):
        yield path.name, json.loads(path.read_text())


def panels() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, dashboard in dashboards():
        for panel in dashboard["panels"]:
            if panel["type"] != "row":
                yield f"{name}: {panel['title']}", panel


def queries() -> Iterator[tuple[str, str]]:
    for alert in alerts():
        yield alert["alert"], alert["expr"]
    for name, panel in panels():
        for target in panel["targets"]:
            yield name, target["expr"]
    for path in sorted((ROOT / "deploy" / "kubernetes").rglob("*.yaml")):
        for query in re.findall(r"^ +query: (.+)$", path.read_text(), re.MULTILINE):
            yield path.name, query


def names_in(query: str) -> set[str]:
    """Return the metrics that a query speaks of: what is no word of the language, label, text or number."""
    bare = re.sub(r'"[^"]*"|\{[^}]*\}|\[\w+\]', "", query)
    bare = re.sub(r"\bby \([^)]*\)", "", bare)
    return {word for word in re.findall(r"[a-zA-Z_:][\w:]*", bare) if word not in WORDS}


def test_every_query_names_metrics_that_exist() -> None:
    unknown = {(where, name) for where, query in queries() for name in names_in(query) - LABELS_OF.keys() - OTHERS}
    assert unknown == set()


def test_every_query_asks_for_labels_that_the_metric_has() -> None:
    wrong = set()
    for where, query in queries():
        for name, selector in re.findall(r"(\w+)\{([^}]*)\}", query):
            for label in re.findall(r'(\w+)(?:=|!=|=~|!~)"', selector):
                if label not in LABELS_OF.get(name, {"job", "instance"}):
                    wrong.add((where, name, label))
        for grouped in re.findall(r"\bby \(([^)]*)\)", query):
            known = set().union(*(LABELS_OF.get(name, {"job", "instance"}) for name in names_in(query)))
            wrong |= {(where, query, label) for label in grouped.split(", ") if label not in known}
    assert wrong == set()


def test_legends_are_made_of_labels_that_the_query_keeps() -> None:
    for name, panel in panels():
        for target in panel["targets"]:
            wanted = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            kept = re.search(r"\bby \(([^)]*)\)", target["expr"])
            if kept:
                assert wanted <= set(kept[1].split(", ")), name


def test_panels_stand_beside_each_other() -> None:
    for name, dashboard in dashboards():
        taken: dict[tuple[int, int], str] = {}
        for panel in dashboard["panels"]:
            place = panel["gridPos"]
            assert place["x"] + place["w"] <= 24, (name, panel["title"])
            for x in range(place["x"], place["x"] + place["w"]):
                for y in range(place["y"], place["y"] + place["h"]):
                    assert taken.setdefault((x, y), panel["title"]) == panel["title"], (name, panel["title"])
        assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_alert_says_what_is_wrong_and_where_the_runbook_takes_it_up(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in ("critical", "warning")
    assert alert["annotations"]["summary"].endswith(".")
    file, _, anchor = alert["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / file).read_text(), re.MULTILINE)
    assert anchor in {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def test_every_alert_is_shown_to_fire() -> None:
    tests = yaml.safe_load((MONITORING / "alerts.test.yml").read_text())["tests"]
    fired = {one["alertname"] for test in tests for one in test["alert_rule_test"] if one.get("exp_alerts")}
    quiet = {one["alertname"] for test in tests for one in test["alert_rule_test"] if not one.get("exp_alerts")}
    assert fired == quiet == {alert["alert"] for alert in alerts()}


def test_every_service_of_the_container_stack_is_scraped_where_it_serves_its_metrics() -> None:
    jobs = yaml.safe_load((MONITORING / "prometheus.yml").read_text())["scrape_configs"]
    targets = {job["job_name"]: job["dns_sd_configs"][0] for job in jobs}
    rabbitmq = targets.pop("rabbitmq")
    assert rabbitmq["port"] == 15692
    ours = set(re.findall(r"^    command: \[python, -m, services\.(\w+)\]$", COMPOSE, re.MULTILINE))
    assert set(targets) == ours
    port = re.search(r'BUGALOU_METRICS_PORT: "(\d+)"', COMPOSE)
    assert port
    for job, target in targets.items():
        assert (target["names"], target["port"], target["type"]) == ([job], int(port[1]), "A")


def test_files_are_where_the_programs_look_for_them() -> None:
    rules = yaml.safe_load((MONITORING / "prometheus.yml").read_text())["rule_files"]
    for rule in rules:
        assert f"./deploy/monitoring/{Path(rule).name}:{rule}:ro" in COMPOSE
    provider = yaml.safe_load((MONITORING / "grafana/provisioning/dashboards/bugalou.yml").read_text())["providers"][0]
    assert f"./deploy/monitoring/grafana/dashboards:{provider['options']['path']}:ro" in COMPOSE
    source = yaml.safe_load((MONITORING / "grafana/provisioning/datasources/prometheus.yml").read_text())
    assert source["datasources"][0]["url"] == "http://prometheus:9090"
    assert {panel["datasource"]["uid"] for _, panel in panels()} == {source["datasources"][0]["uid"]}


def test_the_runbook_names_the_queues_as_they_are() -> None:
    runbook = (ROOT / "deploy/runbook.md").read_text()
    assert Names("bugalou").submissions in runbook
