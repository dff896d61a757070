"""What is compared: each section starts its systems, measures them, and adds its tables."""

import statistics
import time
from dataclasses import dataclass
from typing import Callable

from . import faults, proc
from .report import mebibytes, number, ratio
from .runner import median, ratios
from .servers import command, wait_until

KEYS = 100_000
VALUE_SIZE = 64
# (workload, pipeline depth): the operations that are compared with Redis.
CASES = [("set", 1), ("get", 1), ("set", 16), ("get", 16)]
# Operations per server CPU-second, as a part of those of one Redis.
SINGLE_GOALS = {("set", 1): 0.6, ("get", 1): 0.85, ("set", 16): 0.2, ("get", 16): 0.5}
CLUSTER_GOALS = {("set", 1): 0.22, ("get", 1): 0.22, ("set", 16): 0.08, ("get", 16): 0.1}
ETCD_GOAL = 5


@dataclass
class Section:
    summary: str
    measure: Callable


HEADER = [
    "system", "ops/s", "p50", "p99", "p99.9", "ops per CPU-s", "CPU-s per million", "to Redis",
    "goal"]


def per_cpu(result):
    return result.per_cpu_second


def row(name, results, reference):
    """The cells of one system, up to its ratio to the reference."""
    cost = 1e6 / median(results, per_cpu) if median(results, per_cpu) else 0
    cells = [
        name, number(median(results, lambda each: each.rate)),
        *[number(median(results, lambda each: each.latency(p))) for p in ("p50", "p99", "p99.9")],
        number(median(results, per_cpu)), number(cost)]
    return cells + ["" if results is reference else ratio(ratios(results, reference, per_cpu))]


def row_with_goal(report, what, name, results, reference, goal):
    if results is reference:
        return [*row(name, results, reference), ""]
    found = ratios(results, reference, per_cpu)
    verdict = report.goal(
        f"{what}: {name}, operations per CPU-second", ratio(found), f"≥ {goal:g} ×",
        found[0] >= goal)
    return [*row(name, results, reference), verdict]


def note_errors(report, names, results):
    """Says what failed: figures are of what succeeded."""
    for name, rounds in zip(names, results):
        total = {}
        for each in rounds:
            for code, count in each.errors.items():
                total[code] = total.get(code, 0) + int(count)
        if total:
            text = ", ".join(f"{code} {count:,}" for code, count in total.items())
            report.paragraph(f"Errors of {name}: {text}.")
        busy = sum(each.figures["driver_bound"] for each in rounds)
        if busy:
            report.paragraph(
                f"{name}: the driver was busy all the time in {busy} of {len(rounds)} rounds; the"
                " operations per CPU-second hold, the operations a second could be more.")


def compare(runner, report, contestants, goals):
    """The four cases for `[(name, system, cluster)]`; the first one is the reference."""
    options = ["--keys", KEYS, "--value-size", VALUE_SIZE]
    for system in {id(each[1]): each[1] for each in contestants}.values():
        runner.load(system, options)
    names = [name for name, _, _ in contestants]
    for workload, pipeline in CASES:
        results = runner.alternate(
            [(system, cluster) for _, system, cluster in contestants],
            [*options, "--pipeline", pipeline], workload)
        what = f"{workload.upper()}, pipeline {pipeline}"
        report.title(what, level=3)
        # The goals are those of a plain client: what a cluster-aware one adds is for information.
        report.table(HEADER, [
            [*row(name, each, results[0]), ""] if cluster
            else row_with_goal(report, what, name, each, results[0], goals[workload, pipeline])
            for (name, _, cluster), each in zip(contestants, results)])
        note_errors(report, names, results)


def single(programs, runner, report):
    report.title("One node and Redis")
    report.paragraph(
        f"Martlet with `wal-sync 1000`, Redis with `appendfsync everysec`; {KEYS:,} keys,"
        f" {VALUE_SIZE}-byte values. The ratio is that of operations per server CPU-second.")
    redis = programs.start_redis()
    martlet = programs.start_martlet("Martlet", wal_sync=1000)
    compare(
        runner, report, [("Redis", redis, False), ("Martlet", martlet, False)], SINGLE_GOALS)


def cluster(programs, runner, report):
    report.title("Three nodes and one Redis")
    report.paragraph(
        "Martlet with n=3, r=2, w=2 and `wal-sync 1000`: every operation is done by two or three"
        " nodes, whose CPU time all counts. A plain client spreads its connections over the nodes."
        " A cluster-aware one sends each key to the first of its replicas: here every node has"
        " every key, so it gains nothing, and splits its pipelines (see the section on routing).")
    redis = programs.start_redis()
    martlet = programs.start_martlet("Martlet ×3", nodes=3, n=3, r=2, w=2, wal_sync=1000)
    compare(runner, report, [
        ("Redis", redis, False), ("Martlet ×3, plain", martlet, False),
        ("Martlet ×3, cluster-aware", martlet, True)], CLUSTER_GOALS)


def routing(programs, runner, report):
    nodes = 5
    report.title("What cluster-aware routing adds")
    report.paragraph(
        f"{nodes} nodes with n=3, r=2, w=2 and `wal-sync 1000`: a plain client asks a node without"
        f" the key in {nodes - 3} of {nodes} cases, which forwards; a cluster-aware one asks a"
        " replica. The ratio is that to the plain client.")
    options = ["--keys", KEYS, "--value-size", VALUE_SIZE]
    martlet = programs.start_martlet("Martlet ×5", nodes=nodes, n=3, r=2, w=2, wal_sync=1000)
    runner.load(martlet, options)
    for workload, pipeline in CASES[:2]:
        results = runner.alternate(
            [(martlet, False), (martlet, True)], [*options, "--pipeline", pipeline], workload)
        report.title(f"{workload.upper()}, pipeline {pipeline}", level=3)
        report.table([*HEADER[:7], "to plain"], [
            row(name, each, results[0])
            for name, each in zip(("plain", "cluster-aware"), results)])
        note_errors(report, ["plain", "cluster-aware"], results)


def etcd(programs, runner, report):
    report.title("Three nodes and etcd")
    report.paragraph(
        "Both sync a write to disk before they answer: Martlet with `wal-sync always`, n=3, r=2,"
        " w=2. Clients are spread over the nodes. etcd is driven over gRPC, its native protocol,"
        " one call at a time on each connection; its reads are linearizable (the default),"
        " Martlet's are quorum reads (r + w > n). etcd orders all writes, which Martlet does not.")
    keys = 1000 if runner.settings.quick else 20_000
    options = ["--keys", keys, "--value-size", VALUE_SIZE]
    theirs = programs.start_etcd()
    ours = programs.start_martlet("Martlet ×3", nodes=3, n=3, r=2, w=2, wal_sync="always")
    for system in (theirs, ours):
        runner.load(system, options)
    header = HEADER[:7] + ["to etcd", "goal"]
    for workload, title in (("set", "Writes"), ("get", "Reads")):
        results = runner.alternate([(theirs, False), (ours, False)], options, workload)
        report.title(title, level=3)
        what = f"{title} against etcd"
        report.table(header, [
            row_with_goal(report, what, name, each, results[0], ETCD_GOAL)
            for name, each in zip(("etcd ×3", "Martlet ×3"), results)])
        theirs_ms, ours_ms = [median(each, lambda one: one.latency("p99")) for each in results]
        report.goal(
            f"{what}: p99", f"{number(ours_ms)} ms", f"< {number(theirs_ms)} ms",
            ours_ms < theirs_ms)
        note_errors(report, ["etcd", "Martlet"], results)


def memory(programs, runner, report):
    report.title("Memory and start")
    limit_mib, value_size = 256, 100
    keys = 200_000 if runner.settings.quick else 1_000_000
    options = ["--keys", keys, "--value-size", value_size]
    martlet = programs.start_martlet("Martlet", wal_sync=1000, memory=f"{limit_mib}mb")
    [pid] = martlet.pids
    empty, _ = proc.memory_bytes(pid)
    stages = [("empty", empty, 0)]
    for name, workload in (
        ("after writing each", "load"), ("after overwriting each", "set"),
        ("after reading each", "get"),
    ):
        once = ["--distribution", "sequential", "--operations", keys] if workload != "load" else []
        runner.load(martlet, [*options, *once], workload)
        resident, peak = proc.memory_bytes(pid)
        stages.append((name, resident, peak))
    allowed = (limit_mib + 64) << 20
    most = max(max(resident, peak) for _, resident, peak in stages)
    report.paragraph(
        f"One node with {keys:,} values of {value_size} bytes and `memory {limit_mib}mb`, 50"
        " connections.")
    report.table(["", "resident", "peak so far"], [
        [name, mebibytes(resident), mebibytes(peak) if peak else ""]
        for name, resident, peak in stages])
    report.goal(
        f"Memory of {keys:,} values, `memory {limit_mib}mb`", mebibytes(most),
        f"≤ {mebibytes(allowed)}", most <= allowed)
    programs.stop(martlet)

    seconds = [start_seconds(programs) for _ in range(3 if runner.settings.quick else 10)]
    middle = statistics.median(seconds)
    report.paragraph(
        f"An empty node answers its first command {middle:.2f} s after it was started"
        f" ({min(seconds):.2f}–{max(seconds):.2f} s in {len(seconds)} starts).")
    report.goal("Start of an empty node", f"{middle:.2f} s", "< 1 s", middle < 1)


def start_seconds(programs):
    """From starting a node without data to its first reply."""
    start = time.monotonic()
    address, _, process = programs.launch_martlet(None, {"wal_sync": 1000})
    wait_until(process, "Martlet", lambda: command(address, "EXISTS", "a") == 0)
    seconds = time.monotonic() - start
    process.terminate()
    process.wait()
    return seconds


def ycsb(programs, runner, report):
    value_size = 1000
    report.title("YCSB on three nodes")
    report.paragraph(
        f"{KEYS:,} keys of {value_size} bytes, YCSB's distributions (zipfian; D: latest), pipeline"
        " 1; Martlet with n=3, r=2, w=2 and `wal-sync 1000`, a plain client. A: half updates. B:"
        " 5 % updates. C: reads. D: reads of the latest, 5 % inserts (which overwrite those of the"
        " round before). F: half read-modify-writes, of which one is two requests. One Redis for"
        " orientation.")
    options = ["--keys", KEYS, "--value-size", value_size]
    redis = programs.start_redis()
    martlet = programs.start_martlet("Martlet ×3", nodes=3, n=3, r=2, w=2, wal_sync=1000)
    for system in (redis, martlet):
        runner.load(system, options)
    rows, names, all_results = [], [], []
    for workload in ("a", "b", "c", "d", "f"):
        results = runner.alternate([(redis, False), (martlet, False)], options, workload)
        for name, each in zip(("Redis", "Martlet ×3"), results):
            rows.append([workload.upper(), *row(name, each, results[0])])
            names.append(f"{name}, {workload.upper()}")
            all_results.append(each)
    report.table(["", *HEADER[:8]], rows, numbers_from=2)
    note_errors(report, names, all_results)


SECTIONS = {
    "single": Section("one node against Redis", single),
    "cluster": Section("three nodes against one Redis, plain and cluster-aware", cluster),
    "routing": Section("five nodes, plain and cluster-aware", routing),
    "etcd": Section("three nodes that sync every write, against three of etcd", etcd),
    "memory": Section("memory with a million values, and the time to start", memory),
    "ycsb": Section("YCSB A, B, C, D and F on three nodes", ycsb),
    "failover": Section("a node of three killed, and stopped: latencies after it", faults.failover),
    "hints": Section("a node that was away catches up under load", faults.hints),
}
