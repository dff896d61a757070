extension Setting {
    static let security: [Setting] = [
        Setting(
            .security, "password", aliases: ["requirepass"], \.password, Password(), default: "",
            isChangeable: true, agreement: .same,
            "what clients must give with AUTH, and admins over HTTP",
            """
            Clients give it with AUTH or HELLO, admins as `Authorization: Bearer PASSWORD` or in a
            browser's dialog (any user name). Empty means that none is asked for. Rather write it here
            than on the command line, where every user of the machine can read it, and let nobody else
            read this file. Redis' name for it, 'requirepass', is understood too.
            """),
        Setting(
            .security, "cluster-secret", \.clusterSecret, Password(), default: "",
            agreement: .same,
            "what the nodes of a cluster prove to one another",
            """
            Two nodes talk only when both prove that they know it; it is never sent. Empty means that
            any program that reaches 'peer-listen' can read and write all data.
            """),
        Setting(
            .security, "protected-mode", \.isProtected, Flag(), default: "yes",
            "refuse to listen beyond this machine without secrets",
            """
            With yes, the server does not start when 'listen' or 'admin-listen' is reachable from other
            machines and 'password' is empty, or 'peer-listen' is and 'cluster-secret' is empty. Say no
            only where the network itself keeps strangers out.
            """),
        Setting(
            .security, "flush", \.allowsFlush, Flag(), default: "no", isChangeable: true,
            "allow FLUSHALL and FLUSHDB",
            """
            They delete all data of all nodes. With no, both answer with an error.
            """),
    ]
}
