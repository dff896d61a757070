/// Every command and subcommand that Martlet knows: what a session switches over.
///
/// A number within one process; commands travel to other nodes by name.
public enum CommandID: UInt8, Sendable, CaseIterable {
    // Connection.
    case ping, echo, hello, auth, select, client, clientID, clientSetName, clientGetName,
        clientSetInfo, clientInfo, clientList, clientKill, clientReply, clientNoEvict,
        clientNoTouch, clientHelp, reset, quit
    // Server.
    case info, command, commandCount, commandDocs, commandInfo, commandGetKeys,
        commandGetKeysAndFlags, commandList, commandHelp, config, configGet, configSet,
        configResetStat, configRewrite, configHelp, dbSize, time, slowlog, slowlogGet,
        slowlogLen, slowlogReset, slowlogHelp, latency, latencyLatest, latencyHistory,
        latencyReset, latencyDoctor, latencyGraph, latencyHistogram, latencyHelp, shutdown,
        flushAll, flushDB
    // Keys.
    case del, unlink, exists, type, touch, expire, pexpire, expireAt, pexpireAt, ttl, pttl,
        expireTime, pexpireTime, persist, scan, keys, randomKey, rename, renameNX, copy,
        object, objectEncoding, objectRefcount, objectIdleTime, objectFreq, objectHelp, dump,
        restore
    // Strings.
    case get, set, getEx, getDel, getSet, setEx, psetEx, setNX, mget, mset, msetNX, append,
        strlen, getRange, substr, setRange, incr, incrBy, decr, decrBy, incrByFloat, lcs
    // Bitmaps.
    case getBit, setBit, bitCount, bitPos, bitField, bitFieldReadOnly, bitOp
    // Cluster.
    case cluster, clusterSlots, clusterShards, clusterNodes, clusterInfo, clusterMyID,
        clusterKeySlot, clusterCountKeysInSlot, clusterGetKeysInSlot, clusterHelp, readOnly,
        readWrite
    // Martlet's own.
    case dynamoGet, dynamoPut, dynamoDelete, consistency
    // Between nodes only: the parts of plans that no client command stands for.
    case readEntry, deleteUnchanged
}
