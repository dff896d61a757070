import Testing

/// Pure targets take time, randomness and storage as arguments: that is what lets a whole cluster
/// run on one thread, from one seed, and do the same again.
@Suite struct PurityTests {
    private static let pure = LayerTable().pure
    private static let files = Repository.sources.filter { pure.contains($0.target) }
    /// Hashing wraps C, in the one place where pure code needs it.
    private static let safe = files.filter { $0.target != "Hashing" }

    @Test func `pure targets have no unsafe code`() {
        let words = /\bunsafe\b|@unchecked|\bUnsafe\w+|withUnsafe|@_/
        #expect(Self.safe.flatMap { $0.code(matching: words) } == [])
    }

    @Test func `pure targets read no clock`() {
        let words = /ContinuousClock|SuspendingClock|\bDate\(|clock_gettime|\bsleep\b/
        #expect(Self.files.flatMap { $0.code(matching: words) } == [])
    }

    @Test func `pure targets draw no randomness but from a generator that is handed in`() {
        // `hashValue` and `Hasher()` differ from process to process.
        let words = /SystemRandomNumberGenerator|\.random\(\)|\.hashValue\b|\bHasher\(\)/
        let drawing = /\.random\(in|\.shuffled\(|\.shuffle\(|\.randomElement\(/
        var found = Self.files.flatMap { $0.code(matching: words) }
        found += Self.files.flatMap { $0.code(matching: drawing) }
            .filter { !$0.text.contains("using:") }
        #expect(found == [])
    }

    @Test func `pure targets neither wait nor lock nor start threads`() {
        let words =
            /\bawait\b|\basync\b|\bTask\b|@MainActor|\bnonisolated\b|\bMutex\b|\bAtomic\b|Dispatch/
        #expect(Self.files.flatMap { $0.code(matching: words) } == [])
    }

    @Test func `pure targets do no input or output`() {
        let words = /\b(print|debugPrint|dump|readLine|getenv|fopen)\(|\bCommandLine\b/
        #expect(Self.files.flatMap { $0.code(matching: words) } == [])
    }

    /// A set or a dictionary iterates in another order in every process. Putting one in order first
    /// is fine.
    @Test func `pure targets do not iterate sets and dictionaries`() {
        for file in Self.files {
            for name in Self.unorderedNames(in: file) {
                let walks =
                    "\\bin (self\\.)?\(name)\\b(\\.keys|\\.values)? *(where|\\{)"
                    + "|\\b\(name)\\.(keys|values|first|map|filter|forEach|reduce|compactMap|flatMap"
                    + "|enumerated|min|max|popFirst|randomElement)\\b"
                guard let pattern = try? Regex(walks) else { continue }
                #expect(file.code(matching: pattern) == [])
            }
        }
    }

    /// Names of variables that are declared as sets or dictionaries.
    private static func unorderedNames(in file: SourceFile) -> [String] {
        let annotated = /\b(?:var|let) (\w+): (?:Set<|\[\w[\w.]*: )/
        let assigned = /\b(?:var|let) (\w+) = (?:Set[<(]|\[\w[\w.]*: |Dictionary)/
        return file.codeLines.flatMap { line in
            line.matches(of: annotated).map { String($0.1) }
                + line.matches(of: assigned).map { String($0.1) }
        }
    }
}
