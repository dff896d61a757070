internal import Wire

/// The texts of `CLIENT HELP`, `OBJECT HELP` and so on: Redis' own, less what Martlet does not
/// have.
enum CommandHelp {
    static func reply(to id: CommandID) -> Reply? {
        let name: String
        let lines: [String]
        switch id {
        case .clientHelp: (name, lines) = ("CLIENT", client)
        case .commandHelp: (name, lines) = ("COMMAND", command)
        case .configHelp: (name, lines) = ("CONFIG", config)
        case .slowlogHelp: (name, lines) = ("SLOWLOG", slowlog)
        case .latencyHelp: (name, lines) = ("LATENCY", latency)
        case .objectHelp: (name, lines) = ("OBJECT", object)
        case .clusterHelp: (name, lines) = ("CLUSTER", cluster)
        default: return nil
        }
        let first = "\(name) <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"
        return .array(
            ([first] + lines + ["HELP", "    Prints this help."]).map { .simple($0) })
    }

    private static func lines(_ text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    private static let client = lines(
        """
        GETNAME
            Return the name of the current connection.
        ID
            Return the ID of the current connection.
        INFO
            Return information about the current client connection.
        KILL <ip:port>
            Kill connection made from <ip:port>.
        KILL <option> <value> [<option> <value> [...]]
            Kill connections. Options are:
            * ADDR (<ip:port>|<unixsocket>:0)
              Kill connections made from the specified address
            * LADDR (<ip:port>|<unixsocket>:0)
              Kill connections made to specified local address
            * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)
              Kill connections by type.
            * USER <username>
              Kill connections authenticated by <username>.
            * SKIPME (YES|NO)
              Skip killing current connection (default: yes).
        LIST [options ...]
            Return information about client connections. Options:
            * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)
              Return clients of specified type.
        REPLY (ON|OFF|SKIP)
            Control the replies sent to the current connection.
        SETNAME <name>
            Assign the name <name> to the current connection.
        NO-EVICT (ON|OFF)
            Protect current client connection from eviction.
        SETINFO <option> <value>
            Set client meta attr. Options are:
            * LIB-NAME: the client lib name.
            * LIB-VER: the client lib version.
        NO-TOUCH (ON|OFF)
            Will not touch LRU/LFU stats when this mode is on.
        """)

    private static let command = lines(
        """
        (no subcommand)
            Return details about all Redis commands.
        COUNT
            Return the total number of commands in this Redis server.
        LIST
            Return a list of all commands in this Redis server.
        INFO [<command-name> ...]
            Return details about multiple Redis commands.
            If no command names are given, documentation details for all
            commands are returned.
        DOCS [<command-name> ...]
            Return documentation details about multiple Redis commands.
            If no command names are given, documentation details for all
            commands are returned.
        GETKEYS <full-command>
            Return the keys from a full Redis command.
        GETKEYSANDFLAGS <full-command>
            Return the keys and the access flags from a full Redis command.
        """)

    private static let config = lines(
        """
        GET <pattern>
            Return parameters matching the glob-like <pattern> and their values.
        SET <directive> <value>
            Set the configuration <directive> to <value>.
        RESETSTAT
            Reset statistics reported by the INFO command.
        REWRITE
            Rewrite the configuration file.
        """)

    private static let slowlog = lines(
        """
        GET [<count>]
            Return top <count> entries from the slowlog (default: 10, -1 mean all).
            Entries are made of:
            id, timestamp, time in microseconds, arguments array, client IP and port,
            client name
        LEN
            Return the length of the slowlog.
        RESET
            Reset the slowlog.
        """)

    private static let latency = lines(
        """
        DOCTOR
            Return a human readable latency analysis report.
        GRAPH <event>
            Return an ASCII latency graph for the <event> class.
        HISTORY <event>
            Return time-latency samples for the <event> class.
        LATEST
            Return the latest latency samples for all events.
        RESET [<event> ...]
            Reset latency data of one or more <event> classes.
            (default: reset all data for all event classes)
        HISTOGRAM [COMMAND ...]
            Return a cumulative distribution of latencies in the format of a histogram for \
        the specified command names.
            If no commands are specified then all histograms are replied.
        """)

    private static let object = lines(
        """
        ENCODING <key>
            Return the kind of internal representation used in order to store the value
            associated with a <key>.
        FREQ <key>
            Return the access frequency index of the <key>. The returned integer is
            proportional to the logarithm of the recent access frequency of the key.
        IDLETIME <key>
            Return the idle time of the <key>, that is the approximated number of
            seconds elapsed since the last access to the key.
        REFCOUNT <key>
            Return the number of references of the value associated with the specified
            <key>.
        """)

    private static let cluster = lines(
        """
        COUNTKEYSINSLOT <slot>
            Return the number of keys in <slot>.
        GETKEYSINSLOT <slot> <count>
            Return key names stored by current node in a slot.
        INFO
            Return information about the cluster.
        KEYSLOT <key>
            Return the hash slot for <key>.
        MYID
            Return the node id.
        NODES
            Return cluster configuration seen by node. Output format:
            <id> <ip:port> <flags> <master> <pings> <pongs> <epoch> <link> <slot> ...
        SLOTS
            Return information about slots range mappings. Each range is made of:
            start, end, master and replicas IP addresses, ports and ids
        SHARDS
            Return information about slot range mappings and the nodes associated with them.
        """)
}
