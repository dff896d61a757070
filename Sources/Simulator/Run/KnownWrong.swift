/// What the engine is known to do wrong: runs look away from it until it is mended.
enum KnownWrong {
    /// A write through a replica that is behind, or whose clock is, covers less than it ought to.
    static let writesCoverTooLittle = true
    /// A directory that was put back is trusted.
    static let oldDisksAreTrusted = true
}
