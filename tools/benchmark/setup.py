"""Installs what is missing, and builds."""

import subprocess
import sys
from pathlib import Path

# What it is compared with. What Martlet is built with, tools/setup knows.
PACKAGES = {"etcd": ["etcd-server", "etcd-client"], "failover": [], "hints": []}
PACKAGES_DEFAULT = ["redis-server"]


class SetupError(Exception):
    """What keeps the comparison from being made."""


def install(repository, sections):
    wanted = {package for name in sections for package in PACKAGES.get(name, PACKAGES_DEFAULT)}
    run([repository / "tools" / "setup", *sorted(wanted)])


def build(repository):
    """Builds in release mode, and returns where the programs are."""
    print("building", file=sys.stderr, flush=True)
    command = ["swift", "build", "-c", "release", "--package-path", str(repository)]
    for product in ("martlet", "martlet-bench"):
        run(command + ["--product", product])
    shown = subprocess.run(
        command + ["--show-bin-path"], check=True, capture_output=True, text=True)
    return Path(shown.stdout.strip())


def run(command):
    try:
        subprocess.run([str(each) for each in command], check=True, stdout=sys.stderr)
    except (OSError, subprocess.CalledProcessError) as error:
        raise SetupError(str(error)) from error
