import Foundation

/// What one run of a program that was built beside the tests has said, up to its end.
struct ProgramRun {
    let status: Int32
    let output: String
    let complaint: String

    init(_ program: String, _ arguments: [String]) throws {
        let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        let process = Process()
        process.executableURL = tests.deletingLastPathComponent().appendingPathComponent(program)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        // A file, since two pipes would have to be read at once.
        let errors = FileManager.default.temporaryDirectory
            .appendingPathComponent("martlet-run-\(UUID().uuidString)")
        _ = FileManager.default.createFile(atPath: errors.path, contents: nil)
        defer { try? FileManager.default.removeItem(at: errors) }
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        status = process.terminationStatus
        self.output = String(decoding: bytes, as: UTF8.self)
        complaint = try String(contentsOf: errors, encoding: .utf8)
    }
}
