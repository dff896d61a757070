"""What processes have used, as the proc file system tells."""

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pids):
    """User and system time of the processes, with their children that have ended."""
    total = 0
    for pid in pids:
        # The program's name, in parentheses, may itself have spaces and parentheses.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += sum(int(ticks) for ticks in fields[11:15])
    return total / TICKS


def stolen_seconds():
    """What the host has given to others while this (virtual) machine wanted to run."""
    return int(Path("/proc/stat").read_text().split(maxsplit=9)[8]) / TICKS


def memory_bytes(pid):
    """Resident memory now, and the most there ever was."""
    sizes = {}
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name in ("VmRSS", "VmHWM"):
            sizes[name] = int(value.split()[0]) * 1024
    return sizes["VmRSS"], sizes["VmHWM"]
