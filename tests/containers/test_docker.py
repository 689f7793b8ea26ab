"""What docker/ ships is valid by the schemas of the programs that read it; no secret and one port are published.

Compose files by the Compose specification, Kubernetes objects by Kubernetes' schemas (the pods inside KubeRay's
objects one by one, since KubeRay's own schema is not packaged), Ray's by the schema that comes with Ray.
"""

import json
import re
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.support.checkout import ROOT

pytestmark = pytest.mark.cluster
DOCKER = ROOT / "docker"
SECRET = re.compile(r"TOKEN|PASSWORD|SECRET")


def lint(*command: str) -> None:
    program = shutil.which(command[0], path=str(Path(__import__("sys").executable).parent))
    if not program:
        pytest.skip(f"needs {command[0]}: `make test-cluster` installs it")
    done = subprocess.run([program, *command[1:]], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text())
    return found


@pytest.mark.parametrize("name", ["compose.yaml", "compose.gpu.yaml"])
def test_compose_files_are_read_by_the_specification(name: str) -> None:
    specification = pytest.importorskip("compose_spec")
    text = re.sub(
        r"\$\{(PWD|\w+:-(\w*))\}", lambda m: m[2] if m[2] is not None else "/here", (DOCKER / name).read_text()
    )
    merged = yaml.safe_load(text)  # with variables, anchors and merges resolved, as Docker does
    found = specification.PyCompose.from_yaml(yaml.safe_dump(merged))
    assert set(found.service_names()) == set(merged["services"])


def test_no_secret_has_a_value_and_each_is_asked_for() -> None:
    for name, service in compose()["services"].items():
        for key, value in service.get("environment", {}).items():
            if SECRET.search(key):
                assert re.fullmatch(r"\$\{\w+:\?.+\}", value), f"{name}: {key}"
    example = (DOCKER / "example.env").read_text()
    asked = set(re.findall(r"\$\{(\w+):\?", (DOCKER / "compose.yaml").read_text()))
    assert asked == set(re.findall(r"^(\w+)=$", example, re.MULTILINE)) - {
        "TORCH_INDEX",
        "SWEEP_DATA",
    }  # which may be empty
    for path in DOCKER.iterdir():
        assert not re.search(r"(?i)(password|secret|token)\s*[:=]\s*[\"']?[a-z0-9]{12,}", path.read_text()), path


def test_nothing_but_mlflow_is_published_and_that_on_this_machine_only() -> None:
    ports = {name: service["ports"] for name, service in compose()["services"].items() if "ports" in service}
    assert ports == {"mlflow": ["127.0.0.1:5000:5000"]}


def test_our_services_run_without_rights_and_are_watched() -> None:
    services = compose()["services"]
    for name in ("mlflow", "head", "worker", "launch"):
        assert services[name]["read_only"] and services[name]["cap_drop"] == ["ALL"], name
    for name in ("postgres", "s3", "mlflow", "head"):
        assert services[name]["healthcheck"]["test"], name
    assert "USER 1000" in (DOCKER / "Dockerfile").read_text()


def kubernetes() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((DOCKER / "kuberay.yaml").read_text()))


def test_kubernetes_objects_and_pods_are_valid() -> None:
    kube = pytest.importorskip("kubernetes_validate")
    config, job = kubernetes()
    kube.validate(config, kube.latest_version(), strict=True)
    cluster = job["spec"]["rayClusterSpec"]
    assert cluster["authOptions"] == {"mode": "token"}, "KubeRay makes the token, and must know it"
    groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    for group in groups:
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, **group["template"]}
        kube.validate(pod, kube.latest_version(), strict=True)
        container = group["template"]["spec"]["containers"][0]
        plain = {e["name"]: e for e in container["env"] if "value" in e}
        assert not [name for name in plain if SECRET.search(name)]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_versions_are_those_of_the_program() -> None:
    assert kubernetes()[1]["spec"]["rayClusterSpec"]["rayVersion"] == version("ray")
    pins = (DOCKER.parent / "constraints.txt").read_text()
    assert "--constraint constraints.txt" in (DOCKER / "Dockerfile").read_text()
    for name in ("ray", "torch", "mlflow"):
        assert f"\n{name}=={version(name).partition('+')[0]}" in pins


def test_rays_cluster_file_is_valid() -> None:
    import ray.autoscaler

    schema = json.loads((Path(ray.autoscaler.__file__).parent / "ray-schema.json").read_text())
    jsonschema.validate(yaml.safe_load((DOCKER / "cluster.yaml").read_text()), schema)


def test_shell_scripts_have_no_findings() -> None:
    lint("shellcheck", *map(str, [*DOCKER.glob("*.sh"), ROOT / "tests/support/install_debian_packages.sh"]))


def test_the_dockerfile_has_no_findings_and_copies_what_is_there() -> None:
    lint("hadolint", str(DOCKER / "Dockerfile"))
    for sources in re.findall(r"^COPY (?!--from)(.+) \S+$", (DOCKER / "Dockerfile").read_text(), re.MULTILINE):
        assert all((DOCKER.parent / source).exists() for source in sources.split()), sources
