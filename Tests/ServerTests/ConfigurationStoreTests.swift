import Foundation
import Synchronization
import Testing

@testable import Server

@Suite struct ConfigurationStoreTests {
    private func complaint(
        _ store: ConfigurationStore, _ pairs: KeyValuePairs<String, String>
    ) -> String? {
        do throws(ConfigurationError) {
            try store.set(pairs.map { (name: $0.key, value: $0.value) })
            return nil
        } catch {
            return error.description
        }
    }

    @Test func `patterns find settings and what Redis' tools ask for`() {
        let store = ConfigurationStore(Configuration())
        func names(_ patterns: String...) -> [String] { store.get(patterns).map(\.name) }
        #expect(names("n") == ["n"])
        #expect(names("SLOWLOG-*") == ["slowlog-log-slower-than", "slowlog-max-len"])
        #expect(names("save", "appendonly") == ["appendonly", "save"])
        #expect(names("pass?ord", "requirepass") == ["password", "requirepass"])
        #expect(names("nothing").isEmpty)
        #expect(names("*").count == Setting.all.count + 1 + RedisSetting.all.count)
    }

    @Test func `what Redis' tools ask for follows from the settings`() {
        let store = ConfigurationStore(Configuration())
        let values = Dictionary(uniqueKeysWithValues: store.get(["*"]).map { ($0.name, $0.value) })
        #expect(values["save"] == "")
        #expect(values["appendonly"] == "yes")
        #expect(values["appendfsync"] == "always")
        #expect(values["databases"] == "1")
        #expect(values["port"] == "7379")
        #expect(values["timeout"] == "0")
        #expect(values["proto-max-bulk-len"] == "16777216")
    }

    @Test func `a changed setting is seen by readers and observers`() {
        let store = ConfigurationStore(Configuration())
        let heard = Mutex<[Int]>([])
        store.onChange { configuration in heard.withLock { $0.append(configuration.clientsMax) } }
        let before = store.generation
        #expect(complaint(store, ["maxclients": "5"]) == nil)
        #expect(store.current.clientsMax == 5)
        #expect(store.generation != before)
        #expect(heard.withLock { $0 } == [5])
    }

    @Test func `all of a command's settings change, or none`() {
        let store = ConfigurationStore(Configuration())
        #expect(complaint(store, ["maxclients": "5", "timeout": "x"]) != nil)
        #expect(complaint(store, ["maxclients": "5", "listen": "127.0.0.1:1"]) != nil)
        #expect(complaint(store, ["maxclients": "5", "MAXCLIENTS": "6"]) != nil)
        #expect(store.current == Configuration())
        #expect(store.generation == 0)
        #expect(
            complaint(
                store,
                ["value-max": "128mb", "command-max": "200mb", "client-output-limit": "200mb"])
                == nil)
    }

    @Test func `refusals say why`() {
        let store = ConfigurationStore(Configuration())
        #expect(complaint(store, ["n": "5"]) == "'n' cannot be changed while the server runs")
        #expect(complaint(store, ["n": "3"]) == nil)
        #expect(complaint(store, ["w": "4"]) == "'w' is 4, more than the 3 replicas of 'n'")
        #expect(complaint(store, ["frob": "1"]) == "unknown setting 'frob'")
        #expect(
            complaint(store, ["save": "60 1000"])
                == "'save' is there for tools made for Redis and cannot be changed")
        #expect(complaint(store, ["save": "", "appendonly": "yes"]) == nil)
    }

    @Test func `a password can be set and is not shown`() {
        let store = ConfigurationStore(Configuration())
        #expect(complaint(store, ["requirepass": "hunter2"]) == nil)
        #expect(store.current.password.matches(Array("hunter2".utf8)))
        #expect(store.get(["*"]).allSatisfy { !$0.value.contains("hunter2") })
        #expect(store.get(["requirepass"]).map(\.value) == ["(set)"])
        #expect(complaint(store, ["requirepass": ""]) == nil)
        #expect(!store.current.password.isSet)
    }

    @Test func `a rewrite replaces the file and keeps its permissions and links`() throws {
        let directory = URL(filePath: NSTemporaryDirectory()).appending(path: UUID().uuidString)
        let manager = FileManager.default
        try manager.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? manager.removeItem(at: directory) }
        let file = directory.appending(path: "martlet.conf")
        let link = directory.appending(path: "link.conf")
        try "# Mine.\nmaxclients 10\n".write(to: file, atomically: true, encoding: .utf8)
        try manager.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path())
        try manager.createSymbolicLink(at: link, withDestinationURL: file)

        guard case .serve(let store) = try Invocation.parse([link.path()]) else { return }
        try store.set([(name: "maxclients", value: "11"), (name: "password", value: "x")])
        try store.rewrite()
        #expect(
            try String(contentsOf: file, encoding: .utf8)
                == "# Mine.\nmaxclients 11\n\n# Added by CONFIG REWRITE.\npassword x\n")
        let attributes = try manager.attributesOfItem(atPath: file.path())
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        #expect(
            try manager.destinationOfSymbolicLink(atPath: link.path()).hasSuffix("martlet.conf"))
        #expect(try manager.contentsOfDirectory(atPath: directory.path()).count == 2)
    }

    @Test func `without a file there is nothing to rewrite`() {
        #expect(throws: ConfigurationError.noFile) {
            try ConfigurationStore(Configuration()).rewrite()
        }
    }

    @Test func `a file that went away is reported`() {
        let store = ConfigurationStore(Configuration(), path: "/nowhere/x.conf")
        #expect(throws: ConfigurationError.file("/nowhere/x.conf: no such file or directory")) {
            try store.rewrite()
        }
    }
}
