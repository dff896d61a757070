"""What clients notice of a node that fails, and how fast it catches up when it is back."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.parse

from . import proc
from .report import number
from .servers import (
    StartError, ask_admin, command, metric, serves, set_keyspace, wait_until)

# Enough to keep three nodes busy on a small machine, without a queue that would hide the fault.
CONNECTIONS = 16
KEYS = 20_000
VALUE_SIZE = 100
# A fault comes at the end of this second of the run.
FAULT_AT = 2
SECONDS_AFTER = 10
# The bound: from here on p99 is below twice the healthy one.
SETTLED_AFTER = 2
P99_RATIO_MAX = 2
# "At once", for a request that too few replicas are left for.
AT_ONCE_SECONDS = 0.1
CAUGHT_UP_SECONDS_MAX = 120
# In percent.
STEAL_RELEVANT = 5
HEALTHY_SECONDS_MAX = 60
HINTS_METRIC = "martlet_hints"
DROPPED_METRIC = "martlet_hints_dropped_total"
# Keys that are compared, one by one, between the node that was away and one that was not: once no
# hint is left, since each is a question to all replicas, and hundreds a second would be measured.
SAMPLE = 5000
# One that did not answer in time is asked again, so often.
ASKED_MAX = 5
# What became of such a key.
THERE, MISSING = "there", "missing"
NOT_ACKNOWLEDGED, UNKNOWN = "not acknowledged", "unknown"
# The prefix of the keyspace that asks for one replica.
CACHE = "cache:"
FAULTS = (("kill -9", signal.SIGKILL), ("SIGSTOP", signal.SIGSTOP))


def say(text):
    print(f"   {text}", file=sys.stderr, flush=True)


class Drive:
    """A run of martlet-bench in the background, whose seconds can be waited for."""

    def __init__(self, programs, addresses, workload, seconds, *options):
        arguments = [programs.bench, "--json", "--seconds", "--duration", seconds,
                     "--value-size", VALUE_SIZE]
        for host, port in addresses:
            arguments += ["--server", f"{host}:{port}"]
        self.workload = workload
        self.process = subprocess.Popen(
            [str(each) for each in [*arguments, *options, workload]], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        # Ends with the servers, whatever happens.
        programs.started.append(self.process)

    def wait_for_second(self, second):
        """Returns when so many seconds have been measured; false when the run is over before."""
        for line in self.process.stderr:
            say(line.strip())
            if line.startswith(f"{self.workload}  {second} s"):
                return True
        return False

    def follow(self, theft=None):
        """Shows every second, to the end; each is a phase of the theft."""
        for line in self.process.stderr:
            say(line.strip())
            if theft:
                theft.phase_ends()
        return self.finish()

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        return self.finish()

    def finish(self):
        text, errors = self.process.communicate()
        if not text:
            raise StartError(f"martlet-bench: {errors.strip()}")
        return json.loads(text)


def healthy(programs, addresses, workload, seconds, *options):
    """p50, p99 and rate of a run in which nothing happens."""
    figures = Drive(programs, addresses, workload, seconds, *options).finish()
    latency = figures["latency_ms"]
    return {
        "ops": figures["operations_per_second"], "p50": latency["p50"], "p99": latency["p99"],
        "max": latency["max"], "failed": figures["failed"]}


def load(programs, addresses):
    Drive(programs, addresses, "load", 60, "--keys", KEYS, "--pipeline", 4).finish()


# One of three nodes


def failover(programs, runner, report):
    report.title("A node of three fails")
    report.paragraph(
        f"Three nodes, n=3, r=2, w=2, `wal-sync 1000`; {CONNECTIONS} connections to the first two,"
        f" closed loop, half reads and half writes of {KEYS:,} keys of {VALUE_SIZE} bytes. The"
        " third node gets the signal; each row is a second after it. Latencies in ms; steal is the"
        " part of the processors that the host gave to others.")
    for name, number_of_signal in FAULTS:
        one_fails(programs, runner, report, name, number_of_signal)
    two_fail(programs, report)


def one_fails(programs, runner, report, name, number_of_signal):
    martlet = programs.start_martlet("Martlet ×3", nodes=3, n=3, r=2, w=2, wal_sync=1000)
    survivors, victim = martlet.addresses[:2], martlet.processes[2]
    options = ["--keys", KEYS, "--connections", CONNECTIONS, "--distribution", "uniform"]
    load(programs, survivors)
    healthy(programs, survivors, "a", runner.settings.warm_up_seconds, *options)
    theft = Theft()
    before = healthy(programs, survivors, "a", max(3, runner.settings.seconds), *options)
    theft.phase_ends()
    drive = Drive(programs, survivors, "a", FAULT_AT + SECONDS_AFTER + 0.5, *options)
    if not drive.wait_for_second(FAULT_AT):
        raise StartError("the run ended before the fault")
    victim.send_signal(number_of_signal)
    say(f"{name} of node 3")
    theft.phase_begins()
    figures = drive.follow(theft)
    seconds = figures["intervals"][FAULT_AT:]
    rows = [["healthy", *cells(before)]]
    for index, each in enumerate(seconds):
        rows.append([f"second {index + 1}", *cells({**each, "ops": each["operations"]})])
    rows = [[*row, f"{part:.1f} %"] for row, part in zip(rows, theft.parts, strict=False)]
    report.title(name, level=3)
    report.table(["", "ops/s", "p50", "p99", "max", "errors", "steal"], rows)
    settled = seconds[SETTLED_AFTER:]
    worst = max((each["p99"] for each in settled), default=0)
    stolen = max(theft.parts[1 + SETTLED_AFTER:], default=0)
    ratio = worst / before["p99"] if before["p99"] else 0
    report.goal(
        f"{name}: p99 of any second from {SETTLED_AFTER} s on, to the healthy one",
        f"{number(ratio)} × ({number(worst)} ms{steal_text(stolen)})", f"< {P99_RATIO_MAX} ×",
        bool(settled) and ratio < P99_RATIO_MAX)
    failed = sum(each["failed"] for each in seconds)
    report.goal(f"{name}: requests that failed", f"{failed:,}", "0", failed == 0)
    report.record(f"failover {name}", {
        "healthy": before, "seconds_after": seconds, "errors": figures["errors"],
        "stolen_percent": theft.parts})
    programs.stop(martlet)


def cells(each):
    return [number(each["ops"]), *[number(each[name]) for name in ("p50", "p99", "max")],
            f"{each['failed']:,}"]


def two_fail(programs, report):
    """How soon requests that need two replicas are refused at once, with one replica left."""
    report.title("Two of three fail", level=3)
    report.paragraph(
        "Nodes 2 and 3 get the signal. Then, one request after the other at node 1: with r=w=2"
        " until ten in a row were refused with -NOQUORUM at once, and on keys of a keyspace with"
        " r=w=1.")
    rows = []
    for name, number_of_signal in FAULTS:
        martlet = programs.start_martlet("Martlet ×3", nodes=3, n=3, r=2, w=2, wal_sync=1000)
        address = martlet.addresses[0]
        set_keyspace(martlet.admins[0], CACHE, r=1, w=1)
        command(address, "SET", "key", "1")
        start = time.monotonic()
        for process in martlet.processes[1:]:
            process.send_signal(number_of_signal)
        known, slowest = refused_at_once(address, start)
        alone = [timed(address, "SET", f"{CACHE}{index}", "1") for index in range(100)]
        alone += [timed(address, "GET", f"{CACHE}{index}") for index in range(100)]
        errors = sum(1 for _, error in alone if error)
        slowest_alone = max(seconds for seconds, _ in alone)
        text = f"{known:.2f} s" if known is not None else "never"
        rows.append([name, text, number(slowest * 1000), number(slowest_alone * 1000)])
        report.goal(
            f"Two nodes, {name}: -NOQUORUM within {AT_ONCE_SECONDS * 1000:.0f} ms", f"after {text}",
            "at last", known is not None)
        report.goal(
            f"Two nodes, {name}: requests of a keyspace with r=w=1 that failed", f"{errors}", "0",
            errors == 0)
        report.record(f"two fail {name}", {
            "refused_at_once_after_seconds": known, "slowest_seconds": slowest,
            "alone_slowest_seconds": slowest_alone, "alone_errors": errors})
        programs.stop(martlet)
    report.table(
        ["", "refused at once after", "slowest before, ms", "slowest r=w=1 after, ms"], rows)


def refused_at_once(address, start):
    """Seconds until ten requests in a row were refused at once, and the longest wait before."""
    in_a_row, slowest, first = 0, 0, None
    while in_a_row < 10:
        if time.monotonic() - start > 60:
            return None, slowest
        began = time.monotonic()
        seconds, error = timed(address, "SET" if in_a_row % 2 else "GET", "key", *(
            ["2"] if in_a_row % 2 else []))
        if seconds < AT_ONCE_SECONDS and error.startswith("NOQUORUM"):
            first = began - start if in_a_row == 0 else first
            in_a_row += 1
        else:
            in_a_row = 0
            slowest = max(slowest, seconds)
    return max(first, 0), slowest


def timed(address, *words):
    """Seconds that a command took, and its error; empty when it succeeded."""
    start, error = time.monotonic(), ""
    try:
        command(address, *words, timeout=20)
    except ValueError as answer:
        error = str(answer)
    return time.monotonic() - start, error


# A node that was away


def hints(programs, runner, report):
    settings = runner.settings
    report.title("A node was away")
    report.paragraph(
        f"{settings.hint_nodes} nodes, n=3, r=2, w=2, `wal-sync 1000`. Clients of all others write"
        f" {settings.write_rate:,} new keys a second (open loop, {VALUE_SIZE} bytes) all the time."
        f" One node is killed (kill -9), and started again {settings.away:g} s later. It has caught"
        " up when no node keeps a hint any more, and it has what the others have"
        f" of {SAMPLE:,} keys that were written while it was away. Latencies in ms.")
    martlet = programs.start_martlet(
        f"Martlet ×{settings.hint_nodes}", nodes=settings.hint_nodes, n=3, r=2, w=2, wal_sync=1000)
    others, victim = martlet.addresses[:-1], len(martlet.processes) - 1
    rate = ["--rate", settings.write_rate, "--connections", 64, "--distribution", "sequential"]

    def writes(prefix, seconds):
        keys = max(1, int(settings.write_rate * seconds))
        return ["set", seconds, *rate, "--keys", keys, "--key-prefix", prefix]

    warm_up = max(1, settings.warm_up_seconds)
    Drive(programs, others, *writes("warm:", warm_up)).finish()
    usual = Cost(martlet)
    # As long, up to a minute, so that flushes and compactions are in both.
    healthy_seconds = min(max(5, settings.away), HEALTHY_SECONDS_MAX)
    theft = Theft()
    before = healthy(programs, others, *writes("before:", healthy_seconds))
    theft.phase_ends()
    usual = usual.per_second()
    martlet.processes[victim].kill()
    martlet.processes[victim].wait()
    say(f"node {victim + 1} is away for {settings.away:g} s")
    figures = Drive(programs, others, *writes("away:", settings.away)).follow()
    away = {"ops": figures["operations_per_second"], "failed": figures["failed"],
            **figures["latency_ms"]}
    theft.phase_ends()
    kept = pending_hints(martlet)
    drive = Drive(programs, others, *writes("back:", CAUGHT_UP_SECONDS_MAX * 2))
    drive.wait_for_second(1)
    start = time.monotonic()
    programs.restart(martlet, victim)
    wait_until(
        martlet.processes[victim], "Martlet", lambda: serves(martlet.addresses[victim]))
    served = time.monotonic() - start
    say(f"node {victim + 1} serves after {served:.2f} s; {kept:,} hints wait for it")
    cost = Cost(martlet)
    drained = watch(martlet, start)
    cost = cost.per_second()
    figures = drive.stop()
    theft.phase_ends()
    fates, missing = sample_keys(martlet, victim, int(settings.write_rate * settings.away))
    dropped = sum(each_metric(martlet, DROPPED_METRIC))
    # A machine that others use too is not the same machine a quarter of an hour later.
    theft.phase_begins()
    after = healthy(programs, others, *writes("after:", healthy_seconds))
    theft.phase_ends()
    during = {"ops": figures["operations_per_second"], "failed": figures["failed"],
              **figures["latency_ms"]}
    report.table(["", "ops/s", "p50", "p99", "max", "errors"], [
        ["healthy, before", *cells(before)], ["while it is away", *cells(away)],
        ["while it catches up", *cells(during)], ["healthy, after", *cells(after)]])
    seconds = drained or 2 * CAUGHT_UP_SECONDS_MAX
    # What catching up costs on top of what the clients' writes do.
    more = [(now - then) * seconds / max(1, kept) * 1e6 for now, then in zip(cost, usual)]
    report.bullets([
        f"Hints that waited: {kept:,}; the node served {served:.2f} s after its start",
        f"No hint left after {seconds_text(drained)}: {kept / seconds:,.0f} a second",
        "Of a sample of keys then: "
        + ", ".join(f"{count:,} {what}" for what, count in sorted(fates.items()))
        + f"; hints given up for want of room or time: {dropped:,}",
        f"CPU time per hint: {number(more[victim])} µs at the node, {number(sum(more[:victim]))} µs"
        f" at its peers; of the processors, {sum(usual):.2f} s a second are used while it is"
        f" healthy, and {sum(cost):.2f} s while it catches up",
        "Of the processors, the host gave to others (steal), row by row: "
        + ", ".join(f"{part:.1f} %" for part in theft.parts)])
    report.goal(
        f"Away for {settings.away:g} s: everything there again", seconds_text(drained),
        f"< {CAUGHT_UP_SECONDS_MAX} s",
        drained is not None and drained < CAUGHT_UP_SECONDS_MAX and not missing)
    usual_p99 = (before["p99"] + after["p99"]) / 2
    ratio = during["p99"] / usual_p99 if usual_p99 else 0
    report.goal(
        "Clients' p99 while it catches up, to the mean of the healthy ones",
        f"{number(ratio)} × ({number(during['p99'])} ms{steal_text(theft.parts[2])})", "< 2 ×",
        ratio < 2)
    report.record("hints", {
        "healthy": before, "healthy_after": after, "away": away, "catching_up": during,
        "hints": kept, "served_seconds": served, "drained_seconds": drained, "sample": fates,
        "missing": missing, "dropped": dropped, "seconds": figures["intervals"],
        "stolen_percent": theft.parts,
        "cpu_us_per_hint": more, "cpu_seconds_per_second": cost,
        "cpu_seconds_per_second_healthy": usual})


def seconds_text(seconds):
    return "never" if seconds is None else f"{seconds:.1f} s"


def steal_text(part):
    """Said beside a figure where the host took so much that it is the host's figure."""
    return f", steal {part:.0f} %" if part >= STEAL_RELEVANT else ""


class Theft:
    """The percentage of the processors that the host gives to others, phase by phase."""

    def __init__(self):
        self.parts = []
        self.phase_begins()

    def phase_begins(self):
        self.start, self.stolen = time.monotonic(), proc.stolen_seconds()

    def phase_ends(self):
        seconds = (time.monotonic() - self.start) * os.cpu_count()
        self.parts.append(100 * (proc.stolen_seconds() - self.stolen) / seconds)
        self.phase_begins()


class Cost:
    """The processor time that the nodes use from now on."""

    def __init__(self, martlet):
        self.pids = martlet.pids
        self.start, self.used = time.monotonic(), self.read()

    def read(self):
        return [proc.cpu_seconds([pid]) for pid in self.pids]

    def per_second(self):
        seconds = time.monotonic() - self.start
        return [(now - then) / seconds for now, then in zip(self.read(), self.used)]


def watch(martlet, start):
    """Seconds from `start` until no hints are left."""
    said = 0
    while time.monotonic() - start < 2 * CAUGHT_UP_SECONDS_MAX:
        now = time.monotonic() - start
        left = pending_hints(martlet)
        if left == 0 or now - said >= 1:
            said = now
            say(f"{now:5.1f} s: {left:,} hints left")
        if left == 0:
            return now
        time.sleep(0.2)
    return None


def sample_keys(martlet, victim, keys):
    """What became of a sample of the keys, as `fate` has it: counts, and those that are missing."""
    # The last of the planned writes may not have been made: arrivals are drawn by chance.
    stride = max(1, keys * 9 // 10 // SAMPLE)
    fates, missing = {}, []
    for index in list(range(0, keys, stride))[:SAMPLE]:
        key = f"away:{index:012d}"
        what, copies = fate(martlet, victim, key)
        fates[what] = fates.get(what, 0) + 1
        if what == MISSING:
            missing.append({"key": key, "copies": copies})
            say(f"{key} is missing: {json.dumps(copies)}")
    return fates, missing


def pending_hints(martlet):
    """Hints that all nodes together keep for others; 0 where one is down."""
    return sum(each_metric(martlet, HINTS_METRIC))


def each_metric(martlet, name):
    """A metric of each node that is up, as an integer."""
    for admin in martlet.admins:
        with contextlib.suppress(OSError):
            yield int(metric(admin, name))


def fate(martlet, victim, key):
    """What the node has of a key that was written while it was away, and the key's copies.

    Two of the others have what was acknowledged. A write that is with fewer was refused, and may
    be anywhere; one that is with two is with the node too, or was lost on its way there.
    """
    for attempt in range(ASKED_MAX):
        copies = explain(martlet.admins[0], key)
        ours = [each for each in copies if each["number"] == victim + 1]
        if not ours or all(
                each["state"] == "object" and each["digest"] == ours[0]["digest"]
                for each in copies):
            return THERE, copies
        if all(each["state"] != "unknown" for each in copies):
            break
        time.sleep(0.2 * attempt)
    else:
        return UNKNOWN, copies
    held = {}
    for each in copies:
        if each["number"] != victim + 1 and each["state"] == "object":
            held[each["digest"]] = held.get(each["digest"], 0) + 1
    return MISSING if max(held.values(), default=0) >= 2 else NOT_ACKNOWLEDGED, copies


def explain(admin, key):
    path = f"/v1/explain?key={urllib.parse.quote(key)}"
    return json.loads(ask_admin(admin, path))["replicas"]
