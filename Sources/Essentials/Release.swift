/// What this build calls itself: one place for every program's `--version`.
public enum Release {
    public static let version = "0.1.0"

    /// The Redis release whose commands and replies are followed: clients choose features by it.
    public static let redisVersion = "7.2.4"
}
