/// The payload of `DUMP` and `RESTORE`, as far as strings are written without an encoding.
enum DumpPayload {
    /// Version and checksum.
    private static let footerSize = 10

    /// Nil for any other form.
    static func value(in payload: [UInt8]) -> [UInt8]? {
        guard payload.count >= footerSize + 2, payload[0] == 0 else { return nil }
        let body = payload[1..<payload.count - footerSize]
        let first = body[1]
        let (sizeBytes, high) =
            switch first >> 6 {
            case 0: (0, Int(first))
            case 1: (1, Int(first & 0x3F))
            case 2 where first == 0x80: (4, 0)
            default: (-1, 0)
            }
        guard sizeBytes >= 0, body.count > sizeBytes else { return nil }
        let size = body[2..<2 + sizeBytes].reduce(high) { $0 << 8 | Int($1) }
        let value = body[(2 + sizeBytes)...]
        return value.count == size ? Array(value) : nil
    }
}
