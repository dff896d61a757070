extension [UInt8] {
    /// Appends a copy of the bytes that `span` covers, in one go: an element at a time costs as
    /// much as parsing them.
    public mutating func append(copying span: Span<UInt8>) {
        unsafe span.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }
}
