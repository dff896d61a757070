import Foundation
import Testing

@testable import Server

@Suite struct ConfigurationTableTests {
    @Test func `names are unique and in kebab case`() {
        let names = Setting.all.flatMap { [$0.name] + $0.aliases } + RedisSetting.all.map(\.name)
        #expect(Set(names).count == names.count)
        for name in names {
            #expect(name.wholeMatch(of: /[a-z]+(-[a-z0-9]+)*/) != nil, "\(name)")
        }
    }

    @Test func `every field of the configuration has a setting`() {
        #expect(Mirror(reflecting: Configuration()).children.count == Setting.all.count)
    }

    @Test func `the defaults obey all checks`() throws {
        try Configuration().check()
    }

    @Test(arguments: Setting.all.map(\.name))
    func `what a setting shows can be set again`(name: String) throws {
        let setting = try #require(Setting.named(name))
        let defaults = Configuration()
        var configuration = Configuration()
        try setting.set(setting.texts(in: defaults), in: &configuration)
        #expect(configuration == defaults)
    }

    @Test func `the manual says something about everything`() {
        for setting in Setting.all {
            #expect(setting.summary.count >= 10)
            #expect(!setting.summary.hasSuffix("."), "\(setting.name)")
            #expect(setting.manual.hasSuffix("."), "\(setting.name)")
            #expect(setting.isRepeatable || !setting.rule.isEmpty)
        }
    }

    @Test func `help and manual fit a terminal`() {
        for line in (Manual.help + Manual.file).split(separator: "\n") {
            #expect(line.count <= 120, "\(line)")
        }
    }

    @Test func `the printed file is a configuration file with the defaults`() throws {
        let file = try ConfigurationFile(path: "x.conf", contents: Array(Manual.file.utf8))
        var configuration = Configuration()
        try file.apply(to: &configuration)
        #expect(configuration == Configuration())
    }

    /// Rewritten with `MARTLET_REWRITE=1 swift test --filter ConfigurationTableTests`, or by hand:
    /// `martlet --print-config > config/martlet.conf`.
    @Test func `config/martlet.conf is what martlet prints`() throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../config/martlet.conf")
        if ProcessInfo.processInfo.environment["MARTLET_REWRITE"] != nil {
            try Manual.file.write(to: path, atomically: true, encoding: .utf8)
        }
        #expect(try String(contentsOf: path, encoding: .utf8) == Manual.file)
    }

    @Test func `memory is divided without a rest`() throws {
        var configuration = Configuration()
        try Setting.find("memory").set(["300000001"], in: &configuration)
        let split = configuration.memorySplit
        #expect(split.objectCache + split.memtables + split.blockCache == 300_000_001)
        #expect(split.objectCache == 120_000_000)
        #expect(split.memtables == 75_000_000)
    }

    @Test func `threads follow the cores`() {
        let configuration = Configuration()
        #expect([1, 2, 8, 64].map(configuration.shardCount) == [1, 1, 4, 16])
        #expect([1, 2, 8, 64].map(configuration.backgroundThreadCount) == [2, 2, 4, 8])
    }
}
