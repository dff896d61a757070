import Causality
import Essentials
import Hashing
import Membership
import Objects
import Wire

@testable import Commands
@testable import Engine

extension Format {
    static let all = [
        peerMessages, handshake, control, topology, change, keyRequest, object, contextToken, dump,
    ]

    /// The payload of a frame: header and messages.
    private static let peerMessages = Format(
        name: "peer messages", samples: Samples.peerMessages.map { payload(of: [$0]) }
    ) { bytes in
        guard var reader = try? PeerPayloadReader(bytes) else { return nil }
        var messages: [PeerMessage] = []
        do {
            while let message = try reader.next() { messages.append(message) }
        } catch {
            return nil
        }
        // A frame holds at least one.
        return messages.isEmpty ? nil : payload(of: messages, reader.header)
    }

    private static func payload(
        of messages: [PeerMessage],
        _ header: PeerFrameHeader = PeerFrameHeader(epoch: 2, fence: 1)
    ) -> [UInt8] {
        var writer = PeerFrameWriter()
        for message in messages { writer.append(message) }
        return Array(writer.take(header: header).dropFirst(Samples.framePrefixSize))
    }

    private static let handshake = Format(
        name: "handshake",
        samples: Samples.handshakes.map {
            Array(PeerHandshake.frame($0).dropFirst(Samples.framePrefixSize))
        }
    ) { bytes in
        guard let message = try? PeerHandshake.decode(bytes) else { return nil }
        return Array(PeerHandshake.frame(message).dropFirst(Samples.framePrefixSize))
    }

    private static let control = Format(
        name: "control messages", samples: Samples.controls.map { $0.encoded() }
    ) { bytes in (try? ControlMessage(decoding: bytes))?.encoded() }

    private static let topology = Format(
        name: "topology",
        samples: Samples.topologies.map { topology in
            encoded { topology.encode(into: &$0) }
        }
    ) { bytes in
        var reader = ByteReader(bytes)
        guard let topology = try? Topology(from: &reader), reader.isAtEnd else { return nil }
        return encoded { topology.encode(into: &$0) }
    }

    private static let change = Format(
        name: "topology changes",
        samples: Samples.changes.map { change in encoded { change.encode(into: &$0) } }
    ) { bytes in
        var reader = ByteReader(bytes)
        guard let change = try? TopologyChange(from: &reader), reader.isAtEnd else { return nil }
        // What an authority does with it, whatever it says.
        _ = try? Samples.topologies.last?.applying(change, clusterIsEmpty: true)
        return encoded { change.encode(into: &$0) }
    }

    /// Words of a command with a zero byte between them, as a peer forwards it.
    private static let keyRequest = Format(
        name: "forwarded commands",
        samples: Samples.requests.map { Array($0.arguments.joined(separator: [0])) }
    ) { bytes in
        let words = bytes.split(separator: 0, omittingEmptySubsequences: false).map { Array($0) }
        _ = KeyRequest.key(ofForwarded: words)
        guard case .key(let request) = Invocation.interpret(arguments: words) else { return nil }
        switch request.operation {
        case .dynamoGet, .dynamoPut, .dynamoDelete: break
        default:
            for view in Samples.views {
                // An APPEND or a SETRANGE may ask for much.
                _ = request.operation.evaluate(current: view, nowMs: 10, valueSizeMax: 1 << 12)
            }
        }
        return Array(request.arguments.joined(separator: [0]))
    }

    static let object = Format(
        name: "objects", samples: Samples.objects.map { $0.encoded() },
        seal: { bytes in
            var sealed = Array(bytes.dropLast(4))
            sealed.appendLittleEndian(UInt32(truncatingIfNeeded: xxh3(sealed)))
            return sealed
        }
    ) { bytes in
        guard let object = try? Object(decoding: bytes) else { return nil }
        Samples.use(object)
        return object.encoded()
    }

    private static let contextToken = Format(
        name: "contexts of clients",
        samples: Samples.objects.map { ContextToken.encode($0.sighting, of: Samples.key) },
        // The key's hash lies behind the version.
        seal: { bytes in
            var token = Array(bytes.prefix(1))
            token.appendLittleEndian(UInt32(truncatingIfNeeded: xxh3(Samples.key)))
            return bytes.isEmpty ? [] : token + bytes.dropFirst(5)
        }
    ) { bytes in
        guard let seen = try? ContextToken.decode(bytes, of: Samples.key) else { return nil }
        for var object in Samples.objects {
            let actor = Actor(node: NodeNumber(rawValue: 9), epochMs: 1)
            let dot = Dot(actor: actor, counter: seen.context.highestCounter(of: actor) + 1)
            object.write([1], seen: seen, dot: dot, stamp: .zero)
            Samples.use(object)
        }
        return ContextToken.encode(seen, of: Samples.key)
    }

    private static let dump = Format(
        name: "dumps", samples: Samples.dumps,
        seal: { bytes in
            var sealed = Array(bytes.dropLast(8))
            sealed.appendLittleEndian(CRC64.checksum(sealed, in: 0..<sealed.count))
            return sealed
        }
    ) { bytes in
        // A value may be far larger than its compressed form, so the size is bounded here.
        guard let value = try? Dump.decode(bytes, valueSizeMax: bytes.count) else { return nil }
        return Dump.encode(value)
    }

    private static func encoded(_ encode: (inout [UInt8]) -> Void) -> [UInt8] {
        var bytes: [UInt8] = []
        encode(&bytes)
        return bytes
    }
}
