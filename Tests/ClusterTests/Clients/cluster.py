"""redis-py's cluster client: cluster.py PORT, a node that says `cluster-mode yes`."""
import sys

from redis.cluster import ClusterNode, RedisCluster

from checks import end, equal, true

port = int(sys.argv[1])
client = RedisCluster(
    startup_nodes=[ClusterNode("127.0.0.1", port)], decode_responses=True)
nodes = int(sys.argv[2])
equal(len(client.get_nodes()), nodes, "nodes")

keys = [f"key:{index}" for index in range(300)]
for key in keys:
    true(client.set(key, key), f"set {key}")
for key in keys:
    equal(client.get(key), key)
# The client sends each key straight to a replica of its slot.
owners = {client.get_node_from_key(key).name for key in keys}
equal(len(owners), nodes, "nodes that are asked")
equal(client.keyslot("key:1"), client.cluster_keyslot("key:1"))
equal(client.mget_nonatomic("key:1", "key:2", "absent"), ["key:1", "key:2", None])
true(client.mset_nonatomic({"m:1": "1", "m:2": "2"}), "mset_nonatomic")
equal(client.mget("{tag}a", "{tag}b"), [None, None])
equal(client.delete("m:1", "m:2"), 2)
equal(sorted(set(client.scan_iter(match="key:*", count=100))), sorted(keys), "scan_iter")
with client.pipeline() as pipeline:
    for key in keys:
        pipeline.get(key)
    equal(pipeline.execute(), keys, "pipeline")
with client.pipeline() as pipeline:
    for _ in range(10):
        pipeline.incr("count")
    equal(pipeline.execute(), list(range(1, 11)), "pipeline of increments")
info = client.cluster_info()
reply = info if "cluster_state" in info else next(iter(info.values()))
equal(reply["cluster_state"], "ok")
equal(reply["cluster_slots_assigned"], "16384")
true(client.ping(target_nodes=RedisCluster.ALL_NODES), "ping of all nodes")
equal(client.cluster_countkeysinslot(client.keyslot("key:1")) >= 1, True)
end()
