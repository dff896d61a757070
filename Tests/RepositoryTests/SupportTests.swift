import Testing

/// The rules are worth as much as what reads the source for them.
@Suite struct SupportTests {
    @Test func `comments and strings are no code`() {
        let code = CodeFilter.code(
            of: ##"""
                let a = "await \(b("}")) x" // await
                let c = """
                    await "quoted" \(d)
                    """
                let e = #"await \#(f) " "# + g
                """##)
        #expect(!code.contains("await"))
        #expect(code.contains("let a = "))
        #expect(code.contains("let c = "))
        #expect(code.contains(" + g"))
        #expect(code.split(separator: "\n").count == 5)
    }

    @Test func `a character stays in its column`() {
        #expect(CodeFilter.code(of: #"f("äöü", g)"#) == #"f(""""", g)"#)
    }

    @Test func `imports are found behind any modifiers`() {
        let file = SourceFile(
            path: "Sources/A/B.swift",
            text: """
                import A
                internal import B
                @testable import C
                @preconcurrency public import struct D.E
                // import F
                """)
        #expect(file.imports.map(\.module) == ["A", "B", "C", "D"])
        #expect(file.imports.map(\.line) == [1, 2, 3, 4])
        #expect(file.target == "A")
    }

    @Test func `functions are measured from their first line to their last brace`() {
        let file = SourceFile(
            path: "Sources/A/B.swift",
            text: """
                protocol P {
                    func without() -> Int
                    init(body: Int)
                }
                struct S {
                    init?(a: Int) { nil }
                    func long(
                        _ body: () -> Void = { }
                    ) {
                        if true { body() }
                    }
                }
                """)
        #expect(FunctionLengths.functions(in: file).map(\.line) == [6, 7])
        #expect(FunctionLengths.functions(in: file).map(\.lines) == [1, 5])
    }

    @Test func `layers allow what is lower, and edges only above the pure ones`() {
        let table = LayerTable()
        #expect(table.allowed(for: "Objects").contains("Causality"))
        #expect(!table.allowed(for: "Causality").contains("Objects"))
        #expect(!table.allowed(for: "Engine").contains("Storage"))
        #expect(table.allowed(for: "Server").contains("Storage"))
        #expect(!table.allowed(for: "Server").contains("martlet"))
        #expect(table.allowed(for: "Storage") == ["Essentials"])
    }
}
