import Testing

/// Who imports whom: the table of the architecture article, held against Package.swift and against
/// the imports of every file.
@Suite struct LayerTests {
    private let table = LayerTable()
    private let manifest = Manifest()

    @Test func `every target has one place in the layer table`() {
        let folders = Repository.names(in: "Sources").filter { !isSystemLibrary($0) }
        #expect(table.targets.sorted() == folders)
        #expect(manifest.dependencies.map(\.target).sorted() == folders)
        #expect(!table.pure.isEmpty && !table.edges.isEmpty)
    }

    @Test func `nobody depends upwards, and pure targets on nothing from the edges`() {
        for (target, names) in manifest.dependencies {
            let allowed = table.allowed(for: target)
            let refused = names.filter { !isSystemLibrary($0) && !allowed.contains($0) }
            #expect(refused == [], "\(target) may not depend on these")
        }
    }

    @Test func `every target declares what it imports, and nothing else`() {
        for (target, declared) in manifest.dependencies {
            let imported = Repository.sources.filter { $0.target == target }
                .flatMap { $0.imports.map(\.module) }
            let ours = imported.filter { table.targets.contains($0) || isSystemLibrary($0) }
            #expect(Set(ours).sorted() == declared.sorted(), "of \(target)")
        }
    }

    @Test func `pure targets import nothing but pure targets`() {
        let allowed = table.pure
        for file in Repository.sources where allowed.contains(file.target) {
            // The safe function over xxHash is all that a pure target sees of C.
            let isWrapper = file.target == "Hashing"
            for (module, line) in file.imports
            where !allowed.contains(module) && !(isWrapper && module == "CXXHash") {
                Issue.record("\(file.path):\(line) imports \(module)")
            }
        }
    }

    @Test func `only the edges import C, but for the admin port's HTTP server`() {
        let users = [
            "CLinux": ["Platform"], "CRocksDB": ["Storage"], "CRocksDBEvents": ["Storage"],
            "CUV": ["Platform"],
            "CCrypto": ["Platform"],
            "CXXHash": ["Hashing"], "CMicroHTTPD": ["Server"],
        ]
        for file in Repository.sources {
            for (module, line) in file.imports where isSystemLibrary(module) {
                let isUser = users[module]?.contains(file.target) ?? false
                #expect(isUser, "\(file.path):\(line) imports \(module)")
            }
        }
    }

    @Test func `nothing but tests imports Foundation`() {
        for file in Repository.sources {
            for (module, line) in file.imports where module.hasPrefix("Foundation") {
                Issue.record("\(file.path):\(line) imports \(module)")
            }
        }
    }

    @Test func `every folder of tests is a test target, or shared by some`() {
        #expect(Repository.names(in: "Tests") == (manifest.tests + manifest.support).sorted())
    }

    /// What judges the store must not share its mistakes.
    @Test func `the checker of histories imports nothing of the store`() {
        let checker = Repository.allSwift.filter { $0.path.hasPrefix("Sources/Histories/") }
        #expect(!checker.isEmpty)
        #expect(checker.flatMap { $0.imports.map(\.module) } == [])
    }

    /// C modules begin with a capital C and another capital: CUV, CRocksDB.
    private func isSystemLibrary(_ name: String) -> Bool { name.contains(/^C[A-Z]/) }
}
