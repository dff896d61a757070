import Platform
import Testing

@testable import martlet_bench

@Suite struct OptionsTests {
    private func complaint(_ arguments: String...) -> String {
        do throws(Failure) {
            _ = try Options(arguments)
            return "none"
        } catch {
            guard case .usage(let reason) = error else { return "\(error)" }
            return reason
        }
    }

    @Test func `the defaults are the benchmark of the design`() throws {
        let options = try Options(["set"])
        #expect(options.servers.map(\.description) == ["127.0.0.1:7379"])
        #expect(options.connections == 50)
        #expect(options.keyCount == 100_000)
        #expect(options.valueSizes == 64...64)
        #expect(options.keys == .uniform)
        #expect(try Options(["a"]).keys == .zipfian)
        #expect(try Options(["d"]).keys == .latest)
    }

    @Test func `values follow an option or its equals sign, around the workload`() throws {
        let options = try Options([
            "--server", "a:1", "b", "--server=b:2", "--value-size=1kb-2mb", "--rate", "5",
            "--consistency", "r 1 w 1", "--distribution=uniform", "--server-pid", "3",
        ])
        #expect(options.workload.name == "b")
        #expect(options.servers.map(\.description) == ["a:1", "b:2"])
        #expect(options.valueSizes == 1024...2 << 20)
        #expect(options.rate == 5)
        #expect(options.consistency == ["r", "1", "w", "1"])
        #expect(options.keys == .uniform)
        #expect(options.serverProcesses == [3])
    }

    @Test func `each mistake is one line that says what is wrong`() {
        #expect(complaint() == "which workload?")
        #expect(complaint("e") == "unknown workload 'e'")
        #expect(complaint("a", "b") == "one workload only, not also 'b'")
        #expect(complaint("--foo") == "unknown option '--foo'")
        #expect(complaint("--keys") == "'--keys' needs a value")
        #expect(complaint("--json=1", "a") == "'--json' takes no value")
        #expect(complaint("--keys", "0", "a") == "'--keys' must be from 1 to 1000000000, not '0'")
        #expect(complaint("--server", "a", "a") == "'--server' must be HOST:PORT, not 'a'")
        #expect(
            complaint("--duration", "x", "a")
                == "'--duration' must be from 0.1 to 86400.0 seconds, not 'x'")
        #expect(
            complaint("--arrivals", "odd", "a")
                == "'--arrivals' must be one of poisson, even, not 'odd'")
        for size in ["", "-1", "4tb", "9-3", "1-2-3", "65mb"] {
            #expect(
                complaint("--value-size", size, "a")
                    == "'--value-size' must be a size or LEAST-LARGEST up to 64mb, not '\(size)'")
        }
        #expect(complaint("--verify", "--value-size", "8", "a").contains("16 bytes or more"))
        #expect(complaint("--protocol", "etcd", "mget") == "etcd has nothing like workload 'mget'")
        #expect(
            complaint("--threads", "2", "--connections", "1", "a").contains("must not be above"))
    }

    @Test func `connections begin as the server is asked to behave`() throws {
        var options = try Options(["--resp", "3", "--consistency", "r 1", "--cluster", "get"])
        options.password = "secret"
        #expect(
            options.handshake == [
                ["HELLO", "3", "AUTH", "default", "secret"], ["CONSISTENCY", "r", "1"],
            ])
        var plain = try Options(["--cluster", "--route", "any", "get"])
        plain.password = "secret"
        #expect(plain.handshake == [["AUTH", "secret"], ["READONLY"]])
    }

    @Test func `the help names everything, in a hundred columns`() {
        for workload in Workload.all { #expect(Help.text.contains("\n  \(workload.name) ")) }
        for option in Option.all { #expect(Help.text.contains("\n  \(option.name)")) }
        for line in Help.text.split(separator: "\n") { #expect(line.count <= 100) }
    }
}
