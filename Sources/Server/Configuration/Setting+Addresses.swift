extension Setting {
    static let addresses: [Setting] = [
        Setting(
            .addresses, "listen", \.listen, Address(allowsPortZero: true),
            default: "127.0.0.1:7379",
            "where clients connect",
            """
            They speak the Redis protocol. Port 0 takes any free port. An address beyond this
            machine needs a 'password' (see 'protected-mode').
            """),
        Setting(
            .addresses, "peer-listen", \.peerListen, Address(allowsPortZero: true),
            default: "127.0.0.1:7380",
            "where the other nodes connect",
            """
            An address beyond this machine needs a 'cluster-secret' (see 'protected-mode').
            """),
        Setting(
            .addresses, "admin-listen", \.adminListen, Address(allowsPortZero: true),
            default: "127.0.0.1:7381",
            "where martletctl, Prometheus and browsers connect",
            """
            HTTP: /metrics, /health, /ready, /v1/… as JSON, and a page to look at. An address beyond
            this machine needs a 'password' (see 'protected-mode').
            """),
        Setting(
            .addresses, "advertise", \.advertise,
            Automatic(Address(), word: ""), default: "",
            "the address that clients are told, if not 'listen'",
            """
            CLUSTER SLOTS and its relatives answer with it. Needed where the bound address is of no
            use to others: behind address translation, in a container, or when 'listen' is 0.0.0.0.
            A wrong one sends cluster-aware clients astray; plain clients never see it.
            """),
        Setting(
            .addresses, "peer-advertise", \.peerAdvertise,
            Automatic(Address(), word: ""), default: "",
            "the address that other nodes are told, if not 'peer-listen'",
            """
            They dial it. Needed when 'peer-listen' is 0.0.0.0 or [::], and behind address
            translation. A wrong one leaves this node unreachable to the others.
            """),
        Setting(
            .addresses, "admin-advertise", \.adminAdvertise,
            Automatic(Address(), word: ""), default: "",
            "the admin address that the status shows, if not 'admin-listen'",
            """
            Every node's status lists the admin addresses of all members.
            """),
    ]
}
