import Testing

/// Seeded bad input for every format that comes from a wire or a disk: see `FuzzBudget` for more of
/// it.
@Suite struct FormatFuzzTests {
    /// What decoding may add to the size of the input: defaults that were left out.
    private static let growthMax = 64

    @Test(arguments: Format.all)
    func `bad bytes are refused, or mean what they say`(format: Format) {
        for sample in format.samples {
            #expect(format.reencoded(sample) == sample, "a sample is not valid itself")
        }
        var inputs = NearMisses(of: format.samples, seed: FuzzBudget.seed)
        var accepted = 0
        for index in 0..<FuzzBudget.inputs {
            let input = format.seal(inputs.next())
            guard let again = format.reencoded(input) else { continue }
            accepted += 1
            // Nothing was allocated by numbers, and what was understood can be said again.
            guard again.count <= input.count + Self.growthMax,
                format.reencoded(again) == again
            else {
                Issue.record("input \(index) \(input) became \(again)")
                return
            }
        }
        // Else the mutations never got past the first check, and nothing was tested.
        #expect(accepted * 200 > FuzzBudget.inputs, "only \(accepted) inputs were accepted")
    }
}
