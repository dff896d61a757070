"""Starts and stops the servers that are compared. Only what was started here is ever stopped."""

import json
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from pathlib import Path

START_SECONDS_MAX = 30
STOP_SECONDS_MAX = 20


class StartError(Exception):
    """A server does not serve."""


def free_ports(count):
    """Ports that nobody has now: all are held until the last one is found."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class System:
    """A server, or a cluster of them, that takes part in a comparison."""

    def __init__(self, name, addresses, processes, protocol="redis", admins=()):
        self.name = name
        self.addresses = addresses
        self.processes = processes
        self.protocol = protocol
        self.admins = list(admins)

    @property
    def pids(self):
        return [process.pid for process in self.processes]

    def check(self):
        """Raises unless all processes still run."""
        for process in self.processes:
            if process.poll() is not None:
                raise StartError(f"{self.name}: a server ended with status {process.returncode}")


class Programs:
    """The programs, and what has been started of them."""

    def __init__(self, binaries, directory, martlet_options=()):
        self.martlet = binaries / "martlet"
        self.bench = binaries / "martlet-bench"
        self.redis = shutil.which("redis-server")
        self.etcd = shutil.which("etcd")
        self.martlet_options = [text.split("=", 1) for text in martlet_options]
        self.directory = directory
        self.started = []
        self.count = 0

    def new_directory(self):
        self.count += 1
        path = self.directory / str(self.count)
        path.mkdir()
        return path

    def start(self, arguments, directory):
        log = open(directory / "log", "ab")
        with log:
            process = subprocess.Popen(
                [str(each) for each in arguments], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, cwd=directory)
        process.log = directory / "log"
        self.started.append(process)
        return process

    def stop(self, system):
        self._stop(system.processes)

    def stop_all(self):
        self._stop(list(self.started))

    def _stop(self, processes):
        for process in processes:
            if process.poll() is None:
                process.terminate()
                # One that was stopped hears of it now.
                process.send_signal(signal.SIGCONT)
        deadline = time.monotonic() + STOP_SECONDS_MAX
        for process in processes:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.started = [each for each in self.started if each not in processes]

    # Redis

    def start_redis(self):
        directory = self.new_directory()
        [port] = free_ports(1)
        process = self.start(
            [self.redis, "--bind", "127.0.0.1", "--port", port, "--dir", directory, "--save", "",
             "--appendonly", "yes", "--appendfsync", "everysec"], directory)
        address = ("127.0.0.1", port)
        wait_until(process, "Redis", lambda: command(address, "PING") == "PONG")
        return System("Redis", [address], [process])

    # Martlet

    def start_martlet(self, name, nodes=1, **settings):
        """A cluster of `nodes`; settings by their names with underscores."""
        addresses, processes, admins, first_peer = [], [], [], None
        for _ in range(nodes):
            address, peer, process = self.launch_martlet(first_peer, settings)
            wait_until(process, "Martlet", lambda address=address: serves(address))
            first_peer = first_peer or peer
            addresses.append(address)
            processes.append(process)
            admins.append(process.admin)
        for address, process in zip(addresses, processes):
            wait_until(process, "Martlet", lambda address=address: sees(address, nodes))
        return System(name, addresses, processes, admins=admins)

    def restart(self, system, index):
        """Starts a node of Martlet that has ended again, with its data and at its addresses."""
        ended = system.processes[index]
        process = self.start(ended.args, ended.log.parent)
        process.admin = ended.admin
        self.started.remove(ended)
        system.processes[index] = process

    def launch_martlet(self, join, settings):
        """Starts one node, and does not wait for it."""
        directory = self.new_directory()
        client, peer, admin = free_ports(3)
        arguments = [
            self.martlet, "--data-dir", directory / "data", "--listen", f"127.0.0.1:{client}",
            "--peer-listen", f"127.0.0.1:{peer}", "--admin-listen", f"127.0.0.1:{admin}"]
        if join:
            arguments += ["--join", join]
        for key, value in settings.items():
            arguments += ["--" + key.replace("_", "-"), value]
        for key, value in self.martlet_options:
            arguments += ["--" + key, value]
        process = self.start(arguments, directory)
        process.admin = f"127.0.0.1:{admin}"
        return ("127.0.0.1", client), f"127.0.0.1:{peer}", process

    # etcd

    def start_etcd(self, nodes=3):
        ports = [free_ports(2) for _ in range(nodes)]
        cluster = ",".join(f"e{i}=http://127.0.0.1:{peer}" for i, (_, peer) in enumerate(ports))
        processes = []
        for index, (client, peer) in enumerate(ports):
            directory = self.new_directory()
            processes.append(self.start(
                [self.etcd, "--name", f"e{index}", "--data-dir", directory / "data",
                 "--listen-client-urls", f"http://127.0.0.1:{client}",
                 "--advertise-client-urls", f"http://127.0.0.1:{client}",
                 "--listen-peer-urls", f"http://127.0.0.1:{peer}",
                 "--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}",
                 "--initial-cluster", cluster, "--initial-cluster-state", "new",
                 # Room for the history that a run leaves: 2 GB, the default, may be too little.
                 "--quota-backend-bytes", 8 << 30], directory))
        addresses = [("127.0.0.1", client) for client, _ in ports]
        for address, process in zip(addresses, processes):
            wait_until(process, "etcd", lambda address=address: etcd_is_healthy(address))
        return System("etcd", addresses, processes, protocol="etcd")


def wait_until(process, name, condition):
    deadline = time.monotonic() + START_SECONDS_MAX
    while True:
        try:
            if condition():
                return
        except (OSError, ValueError):
            pass
        if process.poll() is not None:
            raise StartError(
                f"{name} ended with status {process.returncode}: {last_line(process.log)}")
        if time.monotonic() > deadline:
            raise StartError(f"{name} does not serve: {last_line(process.log)}")
        time.sleep(0.01)


def last_line(log):
    lines = Path(log).read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def serves(address):
    """Whether a Martlet node takes commands: before it is a member it answers with errors."""
    return command(address, "EXISTS", "martlet-bench") == 0


def sees(address, nodes):
    """Whether a Martlet node knows of so many nodes, and has slots for all of them."""
    ranges = command(address, "CLUSTER", "SLOTS")
    ports = {node[1] for each in ranges for node in each[2:]}
    return len(ports) == nodes


def etcd_is_healthy(address):
    url = f"http://{address[0]}:{address[1]}/health"
    with urllib.request.urlopen(url, timeout=2) as answer:
        return json.load(answer).get("health") == "true"


def ask_admin(admin, path):
    """What the admin port answers."""
    with urllib.request.urlopen(f"http://{admin}{path}", timeout=10) as answer:
        return answer.read().decode()


def set_keyspace(admin, prefix, **quorums):
    """Returns once the node that was asked serves by it."""
    request = urllib.request.Request(
        f"http://{admin}/v1/keyspaces?prefix={urllib.parse.quote(prefix, safe='')}",
        data=json.dumps(quorums).encode(), method="PUT",
        headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20):
        pass


def metric(admin, name):
    """The sum of a metric over its labels: 0 where there is nothing to label yet."""
    lines = ask_admin(admin, "/metrics").splitlines()
    fields = [line.rpartition(" ") for line in lines if not line.startswith("#")]
    values = [float(value) for key, _, value in fields if key.partition("{")[0] == name]
    if not values and not any(line.startswith(f"# TYPE {name} ") for line in lines):
        raise StartError(f"{admin} has no metric {name}")
    return sum(values)


def command(address, *words, timeout=2):
    """Sends one command and returns its reply; an error reply is a ValueError."""
    with socket.create_connection(address, timeout=timeout) as connection:
        parts = [f"*{len(words)}\r\n"] + [f"${len(word)}\r\n{word}\r\n" for word in words]
        connection.sendall("".join(parts).encode())
        with connection.makefile("rb") as stream:
            return read_reply(stream)


def read_reply(stream):
    line = stream.readline()
    if not line.endswith(b"\r\n"):
        raise ValueError("no reply")
    mark, text = line[:1], line[1:-2].decode()
    if mark == b"+":
        return text
    if mark == b"-":
        raise ValueError(text)
    if mark == b":":
        return int(text)
    if mark == b"$":
        return None if int(text) < 0 else stream.read(int(text) + 2)[:-2].decode(errors="replace")
    if mark == b"*":
        return [read_reply(stream) for _ in range(int(text))]
    raise ValueError("not a reply")
