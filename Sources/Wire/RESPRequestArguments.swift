internal import Essentials

/// The words of one request: the command's name first.
public protocol RequestArguments {
    var argumentCount: Int { get }

    /// Bytes of the argument.
    func argumentSize(_ index: Int) -> Int

    /// A copy of the argument.
    func argument(_ index: Int) -> [UInt8]

    /// The argument as a name or an option, whatever its case.
    func keyword(_ index: Int) -> Keyword

    /// The argument as an integer, read as strictly as Redis does.
    func integer(_ index: Int) -> Int64?
}

/// The words of a request that does not stand in a parser: forwarded by a peer, or made up by a
/// plan.
public struct ArgumentList: RequestArguments, Sendable, Equatable {
    public let values: [[UInt8]]

    public init(_ values: [[UInt8]]) { self.values = values }

    public init(_ words: [String]) { self.values = words.map { Array($0.utf8) } }

    public var argumentCount: Int { values.count }
    public func argumentSize(_ index: Int) -> Int { values[index].count }
    public func argument(_ index: Int) -> [UInt8] { values[index] }
    public func keyword(_ index: Int) -> Keyword { Keyword(values[index]) }
    public func integer(_ index: Int) -> Int64? { Int64(decimal: values[index]) }
}
