import Testing
import Wire

/// Seeded bad input for what cuts a peer's stream into frames.
@Suite struct PeerStreamFuzzTests {
    private struct Outcome: Equatable {
        var payloads: [[UInt8]] = []
        var failure: String?
    }

    /// Feeds `input` in chunks of the given sizes, the rest at once.
    private func read(
        _ input: [UInt8], chunkSizes: [Int], bufferedSizeMax: inout Int
    ) -> Outcome {
        var reader = PeerFrameReader(sizeMax: 300)
        var outcome = Outcome()
        var rest = input[...]
        var sizes = chunkSizes[...]
        while !rest.isEmpty {
            let size = sizes.popFirst() ?? rest.count
            reader.append(Array(rest.prefix(size)).span)
            rest = rest.dropFirst(size)
            bufferedSizeMax = max(bufferedSizeMax, reader.bufferedSize)
            reading: while true {
                switch reader.next() {
                case .needMore: break reading
                case .payload(let payload): outcome.payloads.append(payload)
                case .failed(let reason):
                    outcome.failure = reason
                    return outcome
                }
            }
        }
        return outcome
    }

    @Test func `any bytes in any chunks give the frames of one chunk, in bounded memory`() {
        let frames = Samples.peerMessages.map { message in
            var writer = PeerFrameWriter()
            writer.append(message)
            return writer.take(header: PeerFrameHeader(epoch: 1, fence: 1))
        }
        var inputs = NearMisses(
            of: frames + [frames[1] + frames[4], frames[5] + frames[6] + frames[7]],
            seed: FuzzBudget.seed)
        var bufferedSizeMax = 0
        var framesRead = 0
        for index in 0..<FuzzBudget.inputs {
            let input = inputs.next()
            let whole = read(input, chunkSizes: [], bufferedSizeMax: &bufferedSizeMax)
            framesRead += whole.payloads.count
            var sizes: [Int] = []
            for _ in 0..<8 { sizes.append(Int.random(in: 1...30, using: &inputs.random)) }
            let chunked = read(input, chunkSizes: sizes, bufferedSizeMax: &bufferedSizeMax)
            guard chunked == whole else {
                Issue.record("input \(index) \(input) in \(sizes): \(chunked) not \(whole)")
                return
            }
        }
        #expect(framesRead * 50 > FuzzBudget.inputs)
        #expect(bufferedSizeMax < 4096)
    }
}
