"""redis-py's plain client: plain.py PORT [PORT]... (the nodes of one cluster)."""
import sys
import threading
import time

import redis

from checks import end, equal, raises, true

clients = [redis.Redis(port=int(port), decode_responses=True) for port in sys.argv[1:]]
a, b = clients[0], clients[-1]

# Strings and keys.
true(a.ping(), "ping")
true(a.set("key", "value"), "set")
equal(b.get("key"), "value")
equal(a.get("absent"), None)
equal(a.set("key", "other", nx=True), None)
equal(a.set("key", "new", xx=True, get=True), "value")
equal(b.getset("key", "newer"), "new")
equal(a.append("key", "!"), 6)
equal(b.getrange("key", 1, -2), "ewer")
equal(a.setrange("key", 0, "NE"), 6)
equal(b.strlen("key"), 6)
equal(a.getdel("key"), "NEwer!")
equal(b.exists("key"), 0)
true(a.mset({"m:1": 1, "m:2": "two"}), "mset")
equal(b.mget("m:1", "m:2", "m:3"), ["1", "two", None])
equal(a.msetnx({"m:3": 3, "m:1": 0}), False)
equal(b.delete("m:1", "m:2", "m:3"), 2)
true(a.set("from", 1), "set")
true(b.rename("from", "to"), "rename")
equal(a.get("to"), "1")
equal(a.copy("to", "copied"), True)
equal(b.type("copied"), "string")
equal(a.unlink("to", "copied"), 2)

# Numbers.
equal(a.incr("count"), 1)
equal(b.incrby("count", 10), 11)
equal(a.decrby("count", 2), 9)
equal(b.incrbyfloat("float", 0.5), 0.5)
raises(redis.ResponseError, "not an integer", lambda: a.incr("float"))

# Bits.
equal(a.setbit("bits", 7, 1), 0)
equal(b.getbit("bits", 7), 1)
equal(a.bitcount("bits"), 1)
equal(b.bitpos("bits", 1), 7)
equal(a.bitop("NOT", "inverted", "bits"), 1)
equal(b.bitfield("fields").set("u8", 0, 255).incrby("u8", 0, 1).execute(), [0, 0])

# Deadlines.
true(a.set("short", 1, px=60_000), "set px")
true(0 < b.pttl("short") <= 60_000, "pttl")
equal(a.expire("short", 100), True)
equal(b.persist("short"), True)
equal(a.ttl("short"), -1)
equal(a.ttl("absent"), -2)
equal(b.getex("short", ex=50), "1")
true(0 < a.ttl("short") <= 50, "ttl")
true(a.set("gone", 1, px=1), "set px 1")
deadline = time.time() + 10
while b.get("gone") is not None and time.time() < deadline:
    pass
equal(b.get("gone"), None)
dump = redis.Redis(port=int(sys.argv[1])).dump("count")
true(b.restore("restored", 0, dump), "restore")
equal(a.get("restored"), "9")

# Many keys.
keys = {f"scan:{index}" for index in range(500)}
with a.pipeline(transaction=False) as pipeline:
    for key in sorted(keys):
        pipeline.set(key, key)
    equal(len(pipeline.execute()), 500)
with b.pipeline(transaction=False) as pipeline:
    for key in sorted(keys):
        pipeline.get(key)
    equal(pipeline.execute(), sorted(keys))
found = list(a.scan_iter(match="scan:*", count=50))
equal(sorted(found), sorted(keys), "scan_iter")
equal(sorted(a.keys("scan:1?")), sorted(key for key in keys if len(key) == 7 and key[5] == "1"))
true(a.randomkey() is not None, "randomkey")
true(a.dbsize() > 100, "dbsize")

# The connection and the server.
equal(a.echo("hello"), "hello")
a.client_setname("tester")
equal(a.client_getname(), "tester")
true(a.client_id() > 0, "client_id")
true(any(client["name"] == "tester" for client in a.client_list()), "client_list")
info = a.info()
for field in ["redis_version", "connected_clients", "used_memory", "uptime_in_seconds"]:
    true(field in info, f"info has {field}")
equal(a.info("server")["redis_mode"], "standalone")
equal(a.config_get("maxmemory-policy") is not None, True)
equal(a.config_get("maxclients")["maxclients"], "10000")
true(a.config_set("slowlog-max-len", 64), "config_set")
equal(a.slowlog_len() >= 0, True)
true(a.slowlog_reset(), "slowlog_reset")
true(a.time()[0] > 1_600_000_000, "time")
true(a.command_count() > 60, "command_count")
true("get" in a.command(), "command")
raises(redis.ResponseError, "unknown command", lambda: a.execute_command("NO.SUCH", "1"))
raises(redis.ResponseError, "unknown command", lambda: a.lpush("list", 1))
raises(redis.ResponseError, "wrong number of arguments", lambda: a.execute_command("GET"))
raises(redis.ResponseError, "flush", lambda: a.flushall())

# Martlet's own commands are unknown to the client, and still to be had. Contexts are bytes.
raw = redis.Redis(port=int(sys.argv[1]))
context, values = raw.execute_command("DGET", "siblings")
equal(values, [])
raw.execute_command("DPUT", "siblings", context, "one")
raw.execute_command("DPUT", "siblings", context, "two")
context, values = raw.execute_command("DGET", "siblings")
equal(sorted(values), [b"one", b"two"])
raw.execute_command("DPUT", "siblings", context, "merged")
equal(b.get("siblings"), "merged")


# Threads share a pool of connections.
def add():
    for _ in range(50):
        a.incr("threads")


threads = [threading.Thread(target=add) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
equal(b.get("threads"), "400")
end()
