"""The containers: the image's steps work in a clean folder, and the compose file keeps what it promises."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import yaml

from moksori.model import hub
from moksori.model.hub import RELEASES
from moksori.serving.config import from_environment

ROOT = Path(__file__).parent.parent


def instructions() -> list[tuple[str, str]]:
    """(word, rest) of each instruction of the Dockerfile, continued lines joined."""
    text = "\n".join(line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.startswith("#"))
    lines = [line.strip() for line in text.replace("\\\n", " ").splitlines() if line.strip()]
    return [(word, re.sub(r"\s+", " ", rest)) for word, _, rest in (line.partition(" ") for line in lines)]


def compose() -> dict:
    return yaml.safe_load(re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", (ROOT / "compose.yaml").read_text()))


def test_the_image_starts_from_a_pinned_version_and_drops_root_before_it_serves():
    words = [word for word, _ in instructions()]
    (base,) = [rest for word, rest in instructions() if word == "FROM"]
    assert re.fullmatch(r"python:3\.1[123]-slim-\w+", base)
    user = dict(instructions())["USER"]
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user)
    assert words.index("USER") > max(n for n, word in enumerate(words) if word == "RUN")
    assert "HEALTHCHECK" in words


def test_everything_that_is_copied_is_there_and_not_ignored():
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for word, rest in instructions():
        if word == "COPY":
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert source in allowed, source


def test_the_image_and_every_service_give_only_settings_that_exist():
    environments = [dict(part.split("=", 1) for part in shlex.split(dict(instructions())["ENV"]))]
    environments += [service["environment"] for service in compose()["services"].values()]
    for environment in environments:
        from_environment({name: str(value) for name, value in environment.items() if value})


def test_the_health_check_is_python_that_runs():
    command = json.loads(dict(instructions())["HEALTHCHECK"].split("CMD ", 1)[1])
    assert command == compose()["services"]["moksori"]["healthcheck"]["test"][1:]
    compile(command[2], "healthcheck", "exec")


@pytest.mark.parametrize("name", ["moksori", "moksori-cuda", "moksori-4gb"])
def test_every_service_is_confined_and_comes_back(name):
    service = compose()["services"][name]
    assert service["restart"] == "unless-stopped"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert not str(service["user"]).startswith("0")
    assert service["ports"] == ["127.0.0.1:8600:8600"]
    assert service["mem_limit"]
    assert service["healthcheck"]
    volumes = dict(volume.split(":") for volume in service["volumes"])
    assert volumes == {"data": "/data", "weights": "/weights"}
    assert set(volumes) <= compose()["volumes"].keys()


def test_plain_up_starts_one_service_without_a_gpu():
    plain = [name for name, service in compose()["services"].items() if "profiles" not in service]
    assert plain == ["moksori"]
    assert "deploy" not in compose()["services"]["moksori"]


def test_the_4_gb_profile_is_the_small_model_in_half_precision_below_3_gib():
    service = compose()["services"]["moksori-4gb"]
    settings = from_environment({name: value for name, value in service["environment"].items() if value})
    assert settings["memory_limit"] == 2.8
    assert settings["precision"] == "fp16"
    assert settings["model"].startswith("0.6b")


def test_the_models_of_the_profiles_exist():
    for name in ("moksori-cuda", "moksori-4gb"):
        assert compose()["services"][name]["environment"]["MOKSORI_MODEL"] in RELEASES


@pytest.mark.skipif(shutil.which("hadolint", path=sysconfig.get_path("scripts")) is None, reason="needs hadolint")
def test_the_dockerfile_has_no_lint():
    linter = shutil.which("hadolint", path=sysconfig.get_path("scripts"))
    found = subprocess.run([linter, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


@pytest.mark.skipif(
    subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode != 0
    if shutil.which("docker")
    else True,
    reason="needs docker compose",
)
def test_compose_itself_accepts_the_file():
    for arguments in ([], ["--profile", "cuda"], ["--profile", "4gb"]):
        command = ["docker", "compose", "-f", str(ROOT / "compose.yaml"), *arguments, "config", "--quiet"]
        subprocess.run(command, check=True, capture_output=True)


def compose_lint(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    file = folder / "compose.yaml"
    file.write_text(text)
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_compose_file_keeps_the_compose_specifications_schema(tmp_path):
    text = (ROOT / "compose.yaml").read_text()
    checked = compose_lint(text, tmp_path)
    assert checked.returncode == 0, checked.stdout
    assert compose_lint(text.replace("read_only: true", "readonly: true"), tmp_path).returncode == 1
    assert compose_lint(text.replace("cap_drop: [ALL]", "cap_drop: ALL"), tmp_path).returncode == 1


@pytest.mark.parametrize("packages", ["shared", pytest.param("downloaded", marks=pytest.mark.slow)])
def test_the_images_steps_run_in_a_clean_folder_and_what_they_make_serves(tmp_path, packages):
    """COPY, RUN and ENV as the Dockerfile has them, with its three folders moved into a temporary one; then its CMD.

    shared: pip finds the dependencies where these tests have theirs, and resolves against the lock, but loads nothing;
    and the draft voice speaks, because compiling the embedded model's kernels takes longer than all the rest.
    """
    image = Image(tmp_path, shared_packages(tmp_path / "packages") if packages == "shared" else None)
    image.build()
    assert image.says("import moksori; print(moksori.__file__)").startswith(f"{image.inside}/venv/")
    assert image.says("from moksori.model import hub; print(*hub.embedded())") == " ".join(hub.embedded())
    before = image.files()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    said = dict(instructions())
    environment = image.environment | {"MOKSORI_PORT": port, "MOKSORI_PUBLISHED": "127.0.0.1"}
    environment |= {"MOKSORI_ENGINE": "espeak"} if packages == "shared" else {}
    command = json.loads(said["ENTRYPOINT"]) + json.loads(said["CMD"])
    command[0] = shutil.which(command[0], path=environment["PATH"])
    server = subprocess.Popen(command, env=environment, cwd=image.inside)
    try:
        health = [part.replace("8600", port) for part in json.loads(said["HEALTHCHECK"].split("CMD ", 1)[1])]
        health[0] = shutil.which(health[0], path=environment["PATH"])
        until = time.monotonic() + 240
        while subprocess.run(health, env=environment, capture_output=True, check=False).returncode:
            assert server.poll() is None, "the server has ended"
            assert time.monotonic() < until, "the server is not healthy"
            time.sleep(0.5)
        body = json.dumps({"input": "안녕하세요.", "response_format": "wav"}).encode()
        ask = urllib.request.Request(
            f"http://127.0.0.1:{port}/v1/audio/speech", body, {"content-type": "application/json"}
        )
        while (sound := _sound(ask)) is None:  # the model still loads
            assert time.monotonic() < until
            time.sleep(0.5)
        assert sound.startswith(b"RIFF")
    finally:
        server.terminate()
        server.wait(60)
    assert server.returncode == 0
    assert image.files() == before, "only the volumes are written to"


class Image:
    """What `docker build` would make, in a folder. packages: where pip finds what is installed already."""

    def __init__(self, folder: Path, packages: Path | None) -> None:
        self.folder, self.inside = folder, folder / "app"
        self.inside.mkdir()
        self.environment = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "TORCH_INDEX": ""}
        self.environment |= {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        if packages is not None:
            self.environment |= {"PYTHONPATH": str(packages), "PYTHONDONTWRITEBYTECODE": "1"}

    def build(self) -> None:
        for word, rest in instructions():
            if word == "COPY":
                *sources, target = rest.split()
                for source in sources:
                    self._copy(ROOT / source, self.inside / target)
            elif word == "RUN":
                subprocess.run(["sh", "-euc", self._moved(rest)], cwd=self.inside, env=self.environment, check=True)
            elif word == "ENV":
                for name, value in (part.split("=", 1) for part in shlex.split(rest)):
                    self.environment[name] = self._moved(value).replace("$PATH", self.environment["PATH"])

    def says(self, code: str) -> str:
        """What the image's python prints."""
        command = [shutil.which("python", path=self.environment["PATH"]), "-c", code]
        return subprocess.check_output(command, env=self.environment, cwd=self.folder, text=True).strip()

    def files(self) -> set[Path]:
        """All that is in the part of the image that is read-only."""
        return {path for path in self.inside.rglob("*") if path.suffix != ".pyc" and path.name != "__pycache__"}

    def _copy(self, source: Path, target: Path) -> None:
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)

    def _moved(self, text: str) -> str:
        """The image's three folders in ours; owners only if we may set them."""
        if os.getuid() != 0:
            text = re.sub(r" -[og] \d+", "", text)
        return re.sub(r"(?<![\w.])/(app|data|weights)\b", lambda m: f"{self.folder}/{m[1]}", text)


def shared_packages(folder: Path) -> Path:
    """Everything that is installed beside these tests but moksori itself, as a folder of links."""
    folder.mkdir()
    for place in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for entry in Path(place).iterdir():
            if "moksori" not in entry.name and entry.suffix != ".pth":
                (folder / entry.name).symlink_to(entry)
    return folder


def _sound(ask: urllib.request.Request) -> bytes | None:
    """What is answered; None for 503."""
    try:
        return urllib.request.urlopen(ask, timeout=60).read()
    except urllib.error.HTTPError as error:
        if error.code == 503:
            return None
        raise
