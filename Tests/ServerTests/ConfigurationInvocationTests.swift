import Foundation
import Platform
import Testing

@testable import Server

@Suite struct ConfigurationInvocationTests {
    private func configuration(_ arguments: String...) throws -> Configuration {
        guard case .serve(let store) = try Invocation.parse(arguments) else {
            Issue.record("not to be served")
            return Configuration()
        }
        return store.current
    }

    private func complaint(_ arguments: String...) -> String? {
        do throws(ConfigurationError) {
            _ = try Invocation.parse(arguments)
            return nil
        } catch {
            return error.description
        }
    }

    @Test func `without arguments everything is at its default`() throws {
        #expect(try configuration() == Configuration())
    }

    @Test func `flags have the settings' names, with a space or an equals sign`() throws {
        let made = try configuration(
            "--n", "5", "--w=3", "--join", "a:1", "--password=--x=y", "--join", "b:2")
        #expect(made.n == 5)
        #expect(made.w == 3)
        #expect(made.join.map(\.description) == ["a:1", "b:2"])
        #expect(made.password == Secret("--x=y"))
    }

    @Test func `flags go over the file, wherever the file stands`() throws {
        let path = NSTemporaryDirectory() + "martlet-\(UUID().uuidString).conf"
        try "n 5\nw 3\njoin a:1\n".write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let made = try configuration("--w", "4", path, "--join", "b:2")
        #expect(made.n == 5)
        #expect(made.w == 4)
        #expect(made.join.map(\.description) == ["b:2"])
    }

    @Test func `what is wrong is said in one line`() {
        #expect(complaint("--frob", "1") == "command line: unknown setting 'frob'")
        #expect(
            complaint("--nn", "1") == "command line: unknown setting 'nn' (did you mean 'n'?)")
        #expect(complaint("--n", "12") == "command line: 'n' must be 1 to 9, not '12'")
        #expect(complaint("--n") == "command line: '--n' needs a value: COUNT")
        #expect(complaint("--n", "--w", "2") == "command line: '--n' needs a value: COUNT")
        #expect(complaint("--n", "3", "--n", "3") == "command line: 'n' is given more than once")
        #expect(complaint("-x") == "unexpected argument '-x' (see martlet --help)")
        #expect(
            complaint("/dev/null", "b") == "unexpected argument 'b' (see martlet --help)")
        #expect(complaint("/nowhere/x.conf") == "/nowhere/x.conf: no such file or directory")
    }

    @Test func `questions are answered without a server`() throws {
        for (flag, part) in [
            ("--help", "Usage: martlet "), ("-h", "--data-dir DIRECTORY"),
            ("--version", "martlet "), ("--print-config", "\nlisten 127.0.0.1:7379\n"),
        ] {
            guard case .show(let text) = try Invocation.parse(["--n", "3", flag]) else {
                Issue.record("\(flag) is not answered")
                continue
            }
            #expect(text.contains(part), "\(flag)")
        }
    }
}

@Suite struct ConfigurationChecksTests {
    private func complaint(_ pairs: KeyValuePairs<String, String>) throws -> String? {
        var configuration = Configuration()
        for (name, value) in pairs { try Setting.find(name).set([value], in: &configuration) }
        do throws(ConfigurationError) {
            try configuration.check()
            return nil
        } catch {
            return error.description
        }
    }

    @Test func `quorums are at most n`() throws {
        #expect(try complaint(["w": "4"]) == "'w' is 4, more than the 3 replicas of 'n'")
        #expect(try complaint(["n": "1"]) == "'r' is 2, more than the 1 replicas of 'n'")
        #expect(try complaint(["n": "1", "r": "1", "w": "1"]) == nil)
        #expect(try complaint(["pw": "3"]) == nil)
    }

    @Test func `what a client may send and receive holds the largest value`() throws {
        #expect(
            try complaint(["value-max": "64mb"])
                == "'command-max' is 64mb, but must be at least value-max and 1mb (65mb)")
        #expect(
            try complaint(["client-output-limit": "16mb"]) == "'client-output-limit' is 16mb, but "
                + "must be at least value-max and 64kb (16448kb)")
        #expect(try complaint(["client-memory": "32mb"])?.hasPrefix("'client-memory' is") == true)
    }

    @Test func `caches leave room for blocks`() throws {
        #expect(try complaint(["memory-memtable-percent": "50"]) == nil)
        #expect(try complaint(["memory-memtable-percent": "51"]) != nil)
    }

    @Test func `the three ports are three`() throws {
        #expect(
            try complaint(["peer-listen": "127.0.0.1:7379"])
                == "'listen' and 'peer-listen' are both 127.0.0.1:7379")
        #expect(try complaint(["listen": "127.0.0.1:0", "peer-listen": "127.0.0.1:0"]) == nil)
    }

    @Test(arguments: ["0.0.0.0:1", "10.0.0.1:1", "[::]:1", "db.example:1"])
    func `protected mode wants secrets beyond this machine`(address: String) throws {
        #expect(
            try complaint(["listen": address])
                == "'listen' is \(address), which other machines can "
                + "reach, but 'password' is not set: set it, listen on 127.0.0.1, or say "
                + "'protected-mode no'")
        #expect(try complaint(["listen": address, "password": "x"]) == nil)
        #expect(try complaint(["listen": address, "protected-mode": "no"]) == nil)
        #expect(try complaint(["admin-listen": address])?.contains("'password' is not set") == true)
        let peer = try complaint(["peer-listen": address, "peer-advertise": "10.0.0.1:1"])
        #expect(peer?.contains("'cluster-secret' is not set") == true)
    }

    @Test(arguments: ["127.0.0.1:1", "127.9.9.9:1", "localhost:1", "[::1]:1"])
    func `this machine may come in without`(address: String) throws {
        #expect(try complaint(["listen": address]) == nil)
    }

    @Test func `peers cannot dial every interface`() throws {
        let reason = try complaint(["peer-listen": "0.0.0.0:7380", "cluster-secret": "x"])
        #expect(reason?.contains("set 'peer-advertise'") == true)
    }
}
