import Essentials
import Foundation
import Testing
import Wire

/// What a parser made of some bytes.
enum ParsedRequest: Equatable {
    case command([[UInt8]])
    case failed(String)
    case attack
}

/// Feeds `input` in chunks of the given sizes, the rest at once, and collects what comes of it.
func parseRequests(
    _ input: [UInt8], chunkSizes: [Int], limits: RequestLimits, bufferedSizeMax: inout Int
) -> [ParsedRequest] {
    var parser = RequestParser(limits: limits)
    var parsed: [ParsedRequest] = []
    var rest = input[...]
    var sizes = chunkSizes[...]
    while !rest.isEmpty {
        let size = sizes.popFirst() ?? rest.count
        parser.append(Array(rest.prefix(size)))
        rest = rest.dropFirst(size)
        bufferedSizeMax = max(bufferedSizeMax, parser.bufferedSize)
        var isWaiting = false
        while !isWaiting {
            switch parser.next() {
            case .needMore: isWaiting = true
            case .command:
                parsed.append(.command((0..<parser.argumentCount).map { parser.argument($0) }))
            case .failed(let text):
                parsed.append(.failed(text))
                return parsed
            case .crossProtocolAttack:
                parsed.append(.attack)
                return parsed
            }
        }
    }
    return parsed
}

func parseRequests(
    _ input: [UInt8], chunkSizes: [Int], limits: RequestLimits
) -> [ParsedRequest] {
    var bufferedSizeMax = 0
    return parseRequests(
        input, chunkSizes: chunkSizes, limits: limits, bufferedSizeMax: &bufferedSizeMax)
}

/// Seeded bad input for the parser that faces clients.
///
/// Millions of inputs: `MARTLET_FUZZ_INPUTS=5000000 swift test -c release --filter
/// RequestFuzzTests`;
/// `MARTLET_FUZZ_SEED` begins elsewhere.
@Suite struct RequestFuzzTests {
    private static func number(_ name: String, else fallback: Int) -> Int {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? fallback
    }

    /// Pieces of which inputs are made: right ones, and those on which parsers have failed before.
    private static let pieces = [
        "*1\r\n", "*2\r\n", "*3\r\n", "$1\r\n", "$3\r\n", "$0\r\n\r\n", "a\r\n", "GET\r\n", "\r\n",
        "\n",
        "\r", "*-1\r\n", "*0\r\n", "*3000000000\r\n", "*1000000000\r\n", "$-1\r\n", "$-10\r\n",
        "$9999999999999999999\r\n", "$+5\r\n", "$05\r\n", "$ 5\r\n", "*1\n", "\u{0}", " ", "\"",
        "'",
        "\\x4", "\\", "PING\r\n", "set k v\r\n", "GET / HTTP/1.1\r\n", "Host: a\r\n", "POST",
        "\u{16}\u{3}\u{1}", "%1\r\n", "~2\r\n", ">1\r\n", "_\r\n", "#t\r\n", ",1.5\r\n", "(1\r\n",
        "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nhello\r\n",
    ].map { Array($0.utf8) }

    private static func input(_ random: inout SeededRandom) -> [UInt8] {
        var input: [UInt8] = []
        for _ in 0..<Int.random(in: 1...8, using: &random) {
            input += pieces[Int.random(in: 0..<pieces.count, using: &random)]
        }
        for _ in 0..<Int.random(in: 0...3, using: &random) where !input.isEmpty {
            let index = Int.random(in: 0..<input.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: input[index] = UInt8.random(in: 0...255, using: &random)
            case 1: input.remove(at: index)
            case 2: input.insert(input[index], at: index)
            default: input.removeSubrange(index...)
            }
        }
        return input
    }

    @Test func `any bytes in any chunks give the outcome of one chunk, in bounded memory`() {
        let inputs = Self.number("MARTLET_FUZZ_INPUTS", else: 200_000)
        let firstSeed = Self.number("MARTLET_FUZZ_SEED", else: 1)
        var limits = RequestLimits()
        // Small enough to be met.
        limits.lineSizeMax = 40
        limits.argumentSizeMax = 50
        limits.argumentCountMax = 20
        limits.commandSizeMax = 120
        var random = SeededRandom(seed: UInt64(firstSeed))
        var bufferedSizeMax = 0
        for index in 0..<inputs {
            limits.isRestricted = index % 7 == 0
            let input = Self.input(&random)
            let whole = parseRequests(
                input, chunkSizes: [], limits: limits, bufferedSizeMax: &bufferedSizeMax)
            let bytewise = [Int](repeating: 1, count: input.count)
            var sizes: [Int] = []
            for _ in 0..<6 { sizes.append(Int.random(in: 1...9, using: &random)) }
            for chunkSizes in [bytewise, sizes] {
                let chunked = parseRequests(
                    input, chunkSizes: chunkSizes, limits: limits,
                    bufferedSizeMax: &bufferedSizeMax)
                if chunked != whole {
                    Issue.record(
                        "input \(index) \(input) in \(chunkSizes): \(chunked) not \(whole)")
                    return
                }
            }
        }
        #expect(bufferedSizeMax < 4096)
    }
}
