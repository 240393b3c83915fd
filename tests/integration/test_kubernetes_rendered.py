"""Kustomize renders both overlays, and Kubernetes's schemas take what comes out."""

import asyncio
import shutil
from pathlib import Path
from typing import Any, Final

import kubernetes_validate  # type: ignore[import-untyped]  # has none
import pytest
import yaml  # type: ignore[import-untyped]  # stubs are a dependency more

from tests.unit.test_kubernetes import CUSTOM, VERSIONS

OVERLAYS: Final = Path(__file__).parents[2] / "deploy" / "kubernetes" / "overlays"
KUBECTL: Final = shutil.which("kubectl")


async def rendered(overlay: str) -> list[dict[str, Any]]:
    assert KUBECTL
    process = await asyncio.create_subprocess_exec(
        KUBECTL, "kustomize", OVERLAYS / overlay, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, complaints = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, complaints.decode()
    return list(yaml.safe_load_all(output))


@pytest.mark.skipif(KUBECTL is None, reason="no kubectl here: the overlays are NOT rendered")
@pytest.mark.parametrize(("overlay", "replicas"), [("production", {2, None}), ("small", {1})])
async def test_overlay_is_rendered_to_what_kubernetes_takes(overlay: str, replicas: set[int | None]) -> None:
    documents = await rendered(overlay)
    for document in documents:
        if document["kind"] not in CUSTOM:
            for version in VERSIONS:
                kubernetes_validate.validate(document, version, strict=True)
        if document["kind"] != "Namespace":
            assert document["metadata"]["namespace"] == "bugalou", document["kind"]
    deployments = [one for one in documents if one["kind"] == "Deployment"]
    assert len(deployments) == 5
    assert {one["spec"].get("replicas") for one in deployments} == replicas
    images = {container["image"] for one in deployments for container in one["spec"]["template"]["spec"]["containers"]}
    assert images.isdisjoint({"bugalou"}), "each overlay names a tag"
