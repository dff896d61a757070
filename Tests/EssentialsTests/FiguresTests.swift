import Essentials
import Testing

@Suite struct FiguresTests {
    @Test func `decimals are rounded, padded and grouped`() {
        #expect(Figures.decimal(1234.5678, digits: 2) == "1,234.57")
        #expect(Figures.decimal(0.996, digits: 2) == "1.00")
        #expect(Figures.decimal(3.04, digits: 1) == "3.0")
        #expect(Figures.decimal(12.5, digits: 0) == "13")
        #expect(Figures.decimal(-1234.5, digits: 1) == "-1,234.5")
        #expect(Figures.decimal(-0.001, digits: 1) == "0.0")
        #expect(Figures.decimal(.infinity, digits: 1) == "inf")
    }

    @Test func `thousands are grouped`() {
        #expect(
            [0, 999, 1000, 1_234_567, -123, -1234].map { Figures.grouped($0) }
                == ["0", "999", "1,000", "1,234,567", "-123", "-1,234"])
    }
}
