/// Ends the process when `condition` is false: a programmer's error, never an operating error.
///
/// Always on. `precondition` would lose its message in optimised builds, `fatalError` prints it.
@inlinable
public func invariant(
    _ condition: @autoclosure () -> Bool, _ message: @autoclosure () -> String,
    file: StaticString = #file, line: UInt = #line
) {
    if !condition() { fatalError(message(), file: file, line: line) }
}
