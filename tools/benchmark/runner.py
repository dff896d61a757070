"""Runs one workload on one system, and on several systems in turn."""

import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass

from . import proc
from .servers import StartError

# A server is quiet when it uses less than this part of a core.
QUIET_SHARE = 0.05
QUIET_SECONDS_MAX = 15
# Deep enough to be quick, and no more than a server can take that syncs every write.
LOAD_PIPELINE = 4
LOAD_ATTEMPTS_MAX = 3
# Beyond the time that a run is meant to take.
DRIVER_SECONDS_MAX = 300


@dataclass
class Settings:
    rounds: int
    seconds: float
    quick: bool
    away: float
    write_rate: int
    hint_nodes: int
    connections: int = 50

    @property
    def warm_up_seconds(self):
        return 0.3 if self.quick else 1


@dataclass
class Result:
    """One measurement, as martlet-bench tells it, with the processor time of the servers."""

    figures: dict
    cpu_seconds: float

    @property
    def rate(self):
        return self.figures["operations_per_second"]

    @property
    def per_cpu_second(self):
        return self.figures["operations"] / self.cpu_seconds if self.cpu_seconds else 0

    def latency(self, name):
        return self.figures["latency_ms"][name]

    @property
    def errors(self):
        return self.figures["errors"]


class Runner:
    def __init__(self, programs, settings):
        self.programs = programs
        self.settings = settings

    def arguments(self, system, options, cluster=False):
        arguments = [self.programs.bench, "--protocol", system.protocol, "--json", "--quiet"]
        for host, port in system.addresses:
            arguments += ["--server", f"{host}:{port}"]
        if cluster:
            arguments += ["--cluster"]
        arguments += ["--connections", self.settings.connections, *options]
        return [str(each) for each in arguments]

    def drive(self, system, options, cluster=False):
        """Runs martlet-bench, and counts the servers' processor time until they are quiet again:
        work left for afterwards (compaction, rewriting a log) belongs to what caused it."""
        before = proc.cpu_seconds(system.pids)
        done = subprocess.run(
            self.arguments(system, options, cluster), capture_output=True, text=True,
            timeout=DRIVER_SECONDS_MAX)
        system.check()
        if done.returncode != 0 and not done.stdout:
            raise StartError(f"{system.name}: {done.stderr.strip()}")
        self.settle(system)
        return Result(json.loads(done.stdout), proc.cpu_seconds(system.pids) - before)

    def settle(self, system):
        deadline = time.monotonic() + QUIET_SECONDS_MAX
        last = proc.cpu_seconds(system.pids)
        while time.monotonic() < deadline:
            time.sleep(0.4)
            now = proc.cpu_seconds(system.pids)
            if now - last < 0.4 * QUIET_SHARE * len(system.pids):
                return
            last = now

    def load(self, system, options, workload="load"):
        """Writes or reads every key; again when some of that failed."""
        failures = []
        for _ in range(LOAD_ATTEMPTS_MAX):
            result = self.drive(system, [*options, "--pipeline", LOAD_PIPELINE, workload])
            if not result.errors:
                if failures:
                    print(f"   {system.name}: loading failed at first: {failures}", file=sys.stderr)
                return result
            failures.append(result.errors)
        raise StartError(f"{system.name}: loading failed: {failures}")

    def measure(self, system, options, workload, cluster, seed):
        options = [*options, "--seed", seed]
        # The warm-up is a run of its own, so that it does not count.
        if self.settings.warm_up_seconds:
            self.drive(
                system, [*options, "--duration", self.settings.warm_up_seconds, workload], cluster)
        return self.drive(
            system, [*options, "--duration", self.settings.seconds, workload], cluster)

    def alternate(self, contestants, options, workload):
        """Measures all contestants in turn, for several rounds: [(system, cluster)] → a list of
        results for each. What else the machine does then hits all of them."""
        results = [[] for _ in contestants]
        for number in range(self.settings.rounds):
            for index, (system, cluster) in enumerate(contestants):
                result = self.measure(system, options, workload, cluster, seed=number + 1)
                results[index].append(result)
                print(
                    f"   {workload} {' '.join(map(str, options))} round {number + 1}: {system.name}"
                    f"{' cluster-aware' if cluster else ''} {result.rate:,.0f} ops/s,"
                    f" {result.per_cpu_second:,.0f} ops/CPU-s",
                    file=sys.stderr, flush=True)
        return results


def median(results, figure):
    return statistics.median(figure(result) for result in results)


def ratios(results, reference, figure):
    """Median, least and largest ratio of the rounds."""
    each = [
        figure(ours) / figure(theirs)
        for ours, theirs in zip(results, reference) if figure(theirs)
    ]
    return (statistics.median(each), min(each), max(each)) if each else (0, 0, 0)
