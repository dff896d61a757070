extension Setting {
    static let security: [Setting] = [
        Setting(
            .security, "password", aliases: ["requirepass"], \.password, Password(), default: "",
            isChangeable: true, agreement: .same,
            "what clients must give with AUTH, and admins over HTTP",
            """
            HELLO takes it, too; over HTTP it goes into `Authorization: Bearer PASSWORD` or into a
            browser's dialog, with any user name. Without one, nobody is asked. Write it into this
            file rather than on the command line, where every user of the machine can read it, and
            let nobody else read the file. Redis' name for it, 'requirepass', is understood as well.
            """),
        Setting(
            .security, "cluster-secret", \.clusterSecret, Password(), default: "",
            agreement: .same,
            "what the nodes of a cluster prove to one another",
            """
            Two nodes talk only when each has proved that it knows the secret, which is never sent.
            Without one, any program that reaches 'peer-listen' can read and write all data.
            """),
        Setting(
            .security, "protected-mode", \.isProtected, Flag(), default: "yes",
            "refuse to listen beyond this machine without secrets",
            """
            With yes, the server does not start when 'listen' or 'admin-listen' is reachable from
            other machines and 'password' is empty, or 'peer-listen' is and 'cluster-secret' is
            empty. Say no only where the network itself keeps strangers out.
            """),
        Setting(
            .security, "flush", \.allowsFlush, Flag(), default: "no", isChangeable: true,
            "allow FLUSHALL and FLUSHDB",
            """
            The two delete all data of all nodes. With no, they answer with an error.
            """),
    ]
}
