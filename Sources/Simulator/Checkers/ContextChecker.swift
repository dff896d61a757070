internal import Causality
internal import Engine
internal import Objects
internal import Wire

/// A context speaks of no more actors than its bound, or than have values that live; and a client's
/// holds no more dots beyond gaps than values it may yet have to replace.
final class ContextChecker: Checker {
    let name = "contexts bounded"
    private(set) var cases = 0
    /// Left out in a server's tokens are those beyond 32, but for dots of siblings.
    private static let tokenExceptionsMax = 32 + 128

    func observe(_ observation: Observation, in scene: Scene) {
        let most = scene.cluster.options.contextActorsMax
        switch observation {
        case .stored(let node, let key, let object):
            let count = object.context.actorCount
            if count >= most { cases += 1 }
            guard count > most, count > object.liveActorCount else { return }
            let name = scene.cluster[node].name
            scene.fail(self, "\(Text.show(key.bytes)): \(count) actors at \(name), bound \(most)")
        case .answered(let number, .bulk(let token)):
            guard let operation = scene.history.operation(number), operation.seen != nil,
                let context = (try? ContextToken.decode(token, of: operation.key.bytes))?.context,
                context.exceptions.count > Self.tokenExceptionsMax
            else { return }
            scene.fail(self, "\(operation.text) got \(context.exceptions.count) dots beyond gaps")
        default: break
        }
    }
}

extension Object {
    /// Actors that values hang on, which no context may forget.
    fileprivate var liveActorCount: Int { Set(entries.map(\.dot.actor)).count }
}
