"""Installs what is missing, and builds."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

# Program or header → Debian package.
BUILD_PACKAGES = {
    "/usr/include/rocksdb/c.h": "librocksdb-dev",
    "/usr/include/uv.h": "libuv1-dev",
    "/usr/include/xxhash.h": "libxxhash-dev",
    "/usr/include/microhttpd.h": "libmicrohttpd-dev",
    "/usr/include/openssl/hmac.h": "libssl-dev",
    "pkg-config": "pkg-config",
}
REDIS_PACKAGES = {"redis-server": "redis-server"}
ETCD_PACKAGES = {"etcd": "etcd-server", "etcdctl": "etcd-client"}
POLICY = Path("/usr/sbin/policy-rc.d")


class SetupError(Exception):
    """What keeps the comparison from being made."""


def install(sections):
    wanted = dict(BUILD_PACKAGES) | REDIS_PACKAGES
    if "etcd" in sections:
        wanted |= ETCD_PACKAGES
    missing = sorted(
        package for thing, package in wanted.items()
        if not (Path(thing).exists() if thing.startswith("/") else shutil.which(thing))
    )
    if not missing:
        return
    if not shutil.which("apt-get"):
        raise SetupError(f"missing, and no apt-get to install them: {' '.join(missing)}")
    print(f"installing {' '.join(missing)}", file=sys.stderr, flush=True)
    prefix = [] if os.geteuid() == 0 else ["sudo"]
    # Debian starts a server when its package is installed, unless a policy says otherwise. Ours are
    # started below, and nobody else's are wanted.
    has_policy = POLICY.exists() or os.geteuid() != 0
    if not has_policy:
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
    try:
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        run(prefix + ["apt-get", "update", "-q"], environment)
        install_command = ["apt-get", "install", "-q", "-y", "--no-install-recommends", *missing]
        run(prefix + install_command, environment)
    finally:
        if not has_policy:
            POLICY.unlink()


def build(repository):
    """Builds in release mode, and returns where the programs are."""
    print("building", file=sys.stderr, flush=True)
    command = ["swift", "build", "-c", "release", "--package-path", str(repository)]
    for product in ("martlet", "martlet-bench"):
        run(command + ["--product", product])
    shown = subprocess.run(
        command + ["--show-bin-path"], check=True, capture_output=True, text=True)
    return Path(shown.stdout.strip())


def run(command, environment=None):
    try:
        subprocess.run(command, check=True, env=environment, stdout=sys.stderr)
    except (OSError, subprocess.CalledProcessError) as error:
        raise SetupError(str(error)) from error
