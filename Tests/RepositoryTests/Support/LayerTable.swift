/// The layers as the architecture article draws them: the one place that says who may import whom.
///
///     3  Engine                                  pure
///     …
///        edges: Platform   Storage
struct LayerTable {
    static let article = "Sources/Engine/Engine.docc/Architecture.md"

    /// Targets that may be imported, lowest first. The edges stand last: only what is above the
    /// pure layers imports them.
    private(set) var order: [String] = []
    private(set) var pure: [String] = []
    private(set) var edges: [String] = []

    init() {
        var layers: [[String]] = []
        for line in Repository.text(Self.article).split(separator: "\n") {
            if let match = line.firstMatch(of: /^ {4}\d  ([A-Za-z -]+)$/) {
                var names = match.1.split(separator: " ").map(String.init)
                if names.last == "pure" {
                    names.removeLast()
                    pure.append(contentsOf: names)
                }
                layers.append(names)
            } else if let match = line.firstMatch(of: /^ +edges: ([A-Za-z ]+)$/) {
                edges = match.1.split(separator: " ").map(String.init)
            }
        }
        order = layers.reversed().flatMap(\.self)
    }

    var targets: [String] { order + edges }

    /// The targets of this repository that `target` may import.
    func allowed(for target: String) -> [String] {
        if edges.contains(target) { return ["Essentials"] }
        guard let place = order.firstIndex(of: target) else { return [] }
        let lower = Array(order[..<place])
        return pure.contains(target) ? lower : lower + edges
    }
}

/// The targets and their dependencies as Package.swift declares them.
struct Manifest {
    private(set) var dependencies: [(target: String, on: [String])] = []
    private(set) var tests: [String] = []
    /// What tests share.
    private(set) var support: [String] = []

    init() {
        let text = Repository.text("Package.swift")
        let declaration = /(library|program|tests|support)\(\s*"([^"]+)"(?:,\s*\[([^\]]*)\])?/
        for match in text.matches(of: declaration) {
            let names = (match.3 ?? "").matches(of: /"([^"]+)"/).map { String($0.1) }
            switch match.1 {
            case "tests": tests.append(String(match.2))
            case "support": support.append(String(match.2))
            default: dependencies.append((String(match.2), names))
            }
        }
    }

    func dependencies(of target: String) -> [String]? {
        dependencies.first { $0.target == target }?.on
    }
}
