"""What the figures depend on: the machine, the versions, the settings."""

import os
import platform
import subprocess
import time
from pathlib import Path


def describe(report, programs, settings, directory, repository):
    report.title("Martlet benchmarks", level=1)
    report.paragraph(
        "All servers and the driver (martlet-bench) share the machine. Systems take turns within"
        f" each of {settings.rounds} round{'s' if settings.rounds != 1 else ''} of"
        f" {settings.seconds:g} s; figures are medians of the rounds, ratios are those within a"
        " round with their extremes. CPU time is that of all server processes, user and system,"
        " until they are quiet again after the load; the driver's does not count. Latencies are in"
        " milliseconds.")
    report.bullets([
        f"Machine: {processor()}, {os.cpu_count()} cores, {memory()} of memory",
        f"Kernel: {platform.system()} {platform.release()}; data on {filesystem(directory)}"
        f" ({directory}), one fsync of 4 KiB takes {fsync_ms(directory):.2f} ms",
        f"Martlet: {version([programs.martlet, '--version'])}, commit {commit(repository)}",
        *([f"Redis: {version([programs.redis, '--version'])}; one node, `appendonly yes`,"
           " `appendfsync everysec`, `save ''`"] if programs.redis else []),
        *([f"etcd: {version([programs.etcd, '--version'])}; three nodes, over gRPC"]
          if programs.etcd else []),
        f"Load: {settings.connections} connections, closed loop",
        f"Date: {time.strftime('%Y-%m-%d %H:%M %Z')},"
        f" load average before: {os.getloadavg()[0]:.1f}",
    ])
    report.summarise_here()


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def memory():
    size = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return f"{size / (1 << 30):.0f} GiB"


def filesystem(directory):
    """The type of the file system that holds `directory`."""
    path = str(directory.resolve())
    best, kind = "", "?"
    for line in Path("/proc/mounts").read_text().splitlines():
        _, mount, this_kind, *_ = line.split()
        inside = path == mount or path.startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= len(best):
            best, kind = mount, this_kind
    return kind


def fsync_ms(directory):
    """How long an append of 4 KiB and an fsync take, on average of 50."""
    path = directory / f"martlet-bench-fsync-{os.getpid()}"
    count = 50
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        start = time.monotonic()
        for _ in range(count):
            os.write(descriptor, bytes(4096))
            os.fsync(descriptor)
        return (time.monotonic() - start) / count * 1000
    finally:
        os.close(descriptor)
        path.unlink()


def version(command):
    done = subprocess.run([str(each) for each in command], capture_output=True, text=True)
    lines = (done.stdout or done.stderr).strip().splitlines()
    return lines[0] if lines else "?"


def commit(repository):
    done = subprocess.run(
        ["git", "-C", str(repository), "describe", "--always", "--dirty"], capture_output=True,
        text=True)
    return done.stdout.strip() or "unknown"
