"""Fetch the pinned npm packages whose art the demo model is made of, and check each one before use.

Nothing is taken on trust: the archive's SHA-512 must equal the one pinned here, and the name,
version and licence inside it must be the ones this recipe was reviewed with. Archives that are
already there and intact are not fetched again, so the command may be repeated at will.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

ALLOWED_LICENCES = frozenset({"MIT", "Apache-2.0", "CC-BY-4.0"})


@dataclass(frozen=True, kw_only=True)
class Package:
    """One pinned npm package of art."""

    name: str
    version: str
    licence: str
    sha512: str  # base64, as in the registry's `dist.integrity`

    @property
    def folder(self) -> str:
        """Return the folder name below `packages/`: the name without its scope's slash."""
        return self.name.removeprefix("@").replace("/", "__")


PACKAGES = (
    Package(
        name="@lobehub/fluent-emoji-3d",
        version="1.1.0",
        licence="MIT",
        sha512="Wlq2lVStTnr8BDpIJ0pEnTKO4LuDxxqTEhTvRtD1DLRF0me7ogeRQjKoehDHXuVJ2Qaecgl5wRBv60lUAG3h7g==",
    ),
    Package(
        name="@iconify-json/fluent-emoji-flat",
        version="1.2.6",
        licence="MIT",
        sha512="RY47RgPb47fYUiyrA64sIOL0+UU02s29sXpNBbIQRBUlPlfNFTKUmZDERGuxDs/7yNGWqQYvuaSYM1M4fRXlUw==",
    ),
    Package(
        name="@iconify-json/noto",
        version="1.2.9",
        licence="Apache-2.0",
        sha512="DQiuXENbun41ch+XPSV55H9FaWKpHTyz46YIKtSaKYD4fIDDzL1tR6H4np/T38jfrTAeI3rcKF0mqHYeZVAuaw==",
    ),
    Package(
        name="@iconify-json/twemoji",
        version="1.2.5",
        licence="CC-BY-4.0",
        sha512="uKpuIEV0v6K5BW3Mjdyl+XKFVAbbcPxAgifKvEMtZoUZB5+YiY5zaMm2uNNCxyXzAWU9yNLlj41WU6/mvgALsw==",
    ),
)


def is_intact(archive: Path, package: Package) -> bool:
    """Tell whether the archive exists and hashes to the pinned SHA-512."""
    if not archive.is_file():
        return False
    digest = hashlib.sha512(archive.read_bytes()).digest()
    return base64.b64encode(digest).decode() == package.sha512


def fetch(package: Package, archive: Path) -> None:
    """Download one package through npm; raises `SystemExit` unless the pinned bytes arrive."""
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm is not installed: it is needed to fetch the art packages")
    with tempfile.TemporaryDirectory(dir=archive.parent) as folder:
        command = ["npm", "pack", f"{package.name}@{package.version}", "--pack-destination", folder]
        subprocess.run([*command, "--silent"], check=True, stdout=subprocess.DEVNULL)
        (fetched,) = Path(folder).glob("*.tgz")
        if not is_intact(fetched, package):
            raise SystemExit(f"{package.name}: SHA-512 differs from the pinned one")
        fetched.replace(archive)


def unpack(archive: Path, folder: Path) -> None:
    """Extract the archive; the folder appears only when it is complete."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch, tarfile.open(archive) as tar:
        tar.extractall(scratch, filter="data")
        shutil.rmtree(folder, ignore_errors=True)
        (Path(scratch) / "package").replace(folder)


def check(package: Package, folder: Path) -> None:
    """Compare name, version and licence with the reviewed ones; raises `SystemExit`."""
    found = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    for field, expected in (("name", package.name), ("version", package.version)):
        if found.get(field) != expected:
            raise SystemExit(f"{package.name}: {field} is {found.get(field)!r}, not {expected!r}")
    if found.get("license") != package.licence or package.licence not in ALLOWED_LICENCES:
        raise SystemExit(f"{package.name}: licence {found.get('license')!r} was not reviewed")


def collect(work: Path) -> None:
    """Bring every package into `work/packages`, one folder each."""
    packages = work / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    for package in tqdm(PACKAGES, desc="packages", unit="package"):
        archive = packages / f"{package.folder}-{package.version}.tgz"
        folder = packages / f"{package.folder}-{package.version}"
        if not is_intact(archive, package):
            fetch(package, archive)
            shutil.rmtree(folder, ignore_errors=True)
        if not folder.is_dir():
            unpack(archive, folder)
        check(package, folder)


def package_folder(work: Path, name: str) -> Path:
    """Return the folder of a collected package by its npm name."""
    package = next(package for package in PACKAGES if package.name == name)
    folder = work / "packages" / f"{package.folder}-{package.version}"
    if not folder.is_dir():
        raise SystemExit(f"{name} is missing: run collect.py first")
    return folder


def main() -> None:
    """Parse the command line and collect."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--work", type=Path, default=Path(".train"), help="scratch folder")
    collect(parser.parse_args().work)


if __name__ == "__main__":
    main()
