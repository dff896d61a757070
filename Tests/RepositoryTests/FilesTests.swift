import Testing

/// What stands beside the source.
@Suite struct FilesTests {
    @Test func `every tool can be run`() {
        #expect(Repository.names(in: "tools").contains("run"))
        // A tool's parts lie in a folder beside it.
        for name in Repository.names(in: "tools") where !Repository.isFolder("tools/\(name)") {
            #expect(Repository.isExecutable("tools/\(name)"), "tools/\(name)")
            #expect(Repository.text("tools/\(name)").hasPrefix("#!/usr/bin/env "), "tools/\(name)")
        }
        #expect(Repository.isExecutable(".ci/run"))
        #expect(Repository.text(".ci/run").contains("tools/test"))
    }

    @Test func `the licence and the format's settings are there`() {
        let licence = Repository.text("LICENSE")
        #expect(licence.contains("Apache License"))
        #expect(licence.contains("Version 2.0, January 2004"))
        #expect(Repository.text(".swift-format").contains(#""lineLength": 100"#))
    }

    @Test func `what is built and run is not committed`() {
        let ignored = Repository.text(".gitignore").split(separator: "\n")
        #expect(ignored.contains(".build/"))
        #expect(ignored.contains(".martlet-run/"))
    }

    @Test func `the README says how to start, use and test`() {
        let readme = Repository.text("README.md")
        for word in ["tools/run", "tools/test", "redis-cli", "DPUT", "martletctl", "NOQUORUM"] {
            #expect(readme.contains(word), "README.md does not name \(word)")
        }
        for library in ["RocksDB", "libuv", "OpenSSL", "xxHash", "libmicrohttpd"] {
            #expect(readme.contains(library), "README.md does not name \(library)")
        }
    }

    @Test(arguments: Repository.prose) func `files that a text names are there`(path: String) {
        let mention = /\b(?:Sources|Tests|tools|config)\/[\w+\/.-]*\w/
        for match in Repository.text(path).matches(of: mention) {
            #expect(Repository.exists(String(match.0)), "\(path) names \(match.0)")
        }
    }

    @Test(arguments: Repository.prose) func `articles that a text links to are there`(path: String)
    {
        let articles = Repository.prose.compactMap { $0.firstMatch(of: /([^\/]+)\.md$/)?.1 }
        for match in Repository.text(path).matches(of: /<doc:([\w-]+)>/) {
            #expect(articles.contains(match.1), "\(path) links to \(match.1)")
        }
    }

    @Test func `tests that the table of bug classes names are there`() {
        let path = "Sources/Engine/Engine.docc/BugClasses.md"
        let code = Repository.allSwift.filter { $0.path.hasPrefix("Tests/") }
        let scenarios = Repository.paths(below: "Tests") { $0.hasSuffix(".txt") }
        let rows = Repository.text(path).split(separator: "\n").filter { $0.hasPrefix("| ") }
        let names = rows.flatMap { $0.matches(of: /`([^`]+)`/).map { String($0.1) } }
        #expect(names.count > 100)
        for name in names {
            let isThere =
                name.hasSuffix(".txt")
                ? scenarios.contains { $0.hasSuffix("/" + name) }
                : code.contains { $0.lines.contains { $0.contains("func `\(name)`") } }
            #expect(isThere, "\(path) names \(name)")
        }
    }
}
