public import Essentials

extension SeededRandom {
    /// A generator that starts where no other does: the seed is the system's randomness.
    public static func fromSystem() -> SeededRandom {
        var system = SystemRandomNumberGenerator()
        return SeededRandom(seed: system.next())
    }
}
