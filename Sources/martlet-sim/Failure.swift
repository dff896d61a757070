/// Why the program ends without having done what it was asked.
enum Failure: Error, Equatable {
    /// The command line makes no sense.
    case usage(String)
    case failed(String)
}

/// What the process ends with; scripts depend on it.
enum ExitStatus: Int32 {
    case done = 0
    /// A rule was broken, or a deliberate bug was not found.
    case failed = 1
    case usage = 2
}
