extension Setting {
    static let addresses: [Setting] = [
        Setting(
            .addresses, "listen", \.listen, Address(allowsPortZero: true),
            default: "127.0.0.1:7379",
            "where clients connect",
            """
            The address for clients, which speak the Redis protocol. Port 0 takes any free port. An
            address beyond this machine needs a 'password' (see 'protected-mode').
            """),
        Setting(
            .addresses, "peer-listen", \.peerListen, Address(allowsPortZero: true),
            default: "127.0.0.1:7380",
            "where the other nodes connect",
            """
            The address for the other nodes of the cluster. An address beyond this machine needs a
            'cluster-secret' (see 'protected-mode').
            """),
        Setting(
            .addresses, "admin-listen", \.adminListen, Address(allowsPortZero: true),
            default: "127.0.0.1:7381",
            "where martletctl, Prometheus and browsers connect",
            """
            The address for administration over HTTP: /metrics, /health, /ready, /v1/… as JSON, and a
            page to look at. An address beyond this machine needs a 'password' (see 'protected-mode').
            """),
        Setting(
            .addresses, "advertise", \.advertise,
            Automatic(Address(), word: ""), default: "",
            "the address that clients are told (default: 'listen')",
            """
            What CLUSTER SLOTS and its relatives tell clients about this node. Empty means the bound
            address. To be set where that one is of no use to others: behind address translation, in a
            container, or when 'listen' is 0.0.0.0. A wrong one sends cluster-aware clients astray;
            plain clients never see it.
            """),
        Setting(
            .addresses, "peer-advertise", \.peerAdvertise,
            Automatic(Address(), word: ""), default: "",
            "the address that other nodes are told (default: 'peer-listen')",
            """
            Where the other nodes dial this one. Empty means the bound address; needed when
            'peer-listen' is 0.0.0.0 or [::]. A wrong one leaves this node unreachable to the others.
            """),
        Setting(
            .addresses, "admin-advertise", \.adminAdvertise,
            Automatic(Address(), word: ""), default: "",
            "the admin address shown in the status (default: 'admin-listen')",
            """
            Where admins find this node's admin port, as the status of every node shows it. Empty means
            the bound address.
            """),
    ]
}
