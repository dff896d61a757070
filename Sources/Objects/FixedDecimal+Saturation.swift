extension FixedDecimal {
    /// The sum, held at the end of the range where it would leave it: merging cannot fail.
    func saturatingSum(_ other: FixedDecimal) -> FixedDecimal {
        let (sum, isOverflow) = units.addingReportingOverflow(other.units)
        guard isOverflow else { return FixedDecimal(units: sum) }
        return FixedDecimal(units: units < 0 ? .min : .max)
    }

    /// The difference, held at the end of the range in the same way.
    func saturatingDifference(_ other: FixedDecimal) -> FixedDecimal {
        let (difference, isOverflow) = units.subtractingReportingOverflow(other.units)
        guard isOverflow else { return FixedDecimal(units: difference) }
        return FixedDecimal(units: units < 0 ? .min : .max)
    }
}
