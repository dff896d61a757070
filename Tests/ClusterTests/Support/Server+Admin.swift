import Foundation

/// `martletctl`, asking this node.
extension Server {
    private static let admin = URL(filePath: program).deletingLastPathComponent()
        .appending(path: "martletctl").path

    private func adminArguments(_ words: [String]) -> [String] {
        ["--admin", place.admin.text] + words
    }

    func martletctl(_ words: String...) throws -> Run {
        try Run(Self.admin, adminArguments(words))
    }

    func launchMartletctl(_ words: String...) throws -> ChildProcess {
        try ChildProcess(
            Self.admin, adminArguments(words), output: folder.path("admin.out"),
            errors: folder.path("admin.err"))
    }
}
