internal import Essentials

/// One row of the table of settings: everything that is known about a setting but its present
/// value.
///
/// The flag and file parsers, `--help`, CONFIG GET, SET and REWRITE and the generated
/// `config/martlet.conf` all read this table, so none of them can differ from the others.
public struct Setting: Sendable {
    /// The chapters of the manual, in its order.
    public enum Section: String, CaseIterable, Sendable {
        case addresses = "Addresses"
        case security = "Security"
        case cluster = "Cluster"
        case replication = "Replication"
        case storage = "Storage and memory"
        case clients = "Clients"
        case overload = "Overload"
        case observation = "Logs and slow commands"
    }

    /// What the nodes of a cluster have to do with one another's values.
    public enum Agreement: Sendable {
        /// Each node has its own.
        case own
        /// All nodes should have the same.
        case same
        /// Fixed when the cluster is made: a node that joins takes over the cluster's.
        case founded
    }

    public let section: Section
    public let name: String
    /// Other names under which Redis' tools know it.
    public let aliases: [String]
    /// What stands for the value in `--help`.
    public let placeholder: String
    /// What a value must be, to go on after "must be".
    public let rule: String
    public let defaultText: String
    /// Whether CONFIG SET may change it in a running server.
    public let isChangeable: Bool
    public let agreement: Agreement
    public let isSecret: Bool
    public let isRepeatable: Bool
    /// What it is, in a few words: for `--help`.
    public let summary: String
    /// What it does and what breaks when it is too low or too high: for `martlet.conf`.
    public let manual: String

    /// Takes over the values, or returns the one that breaks the rule.
    private let assign: @Sendable ([String], inout Configuration) -> String?
    private let render: @Sendable (Configuration) -> [String]

    /// A setting with one value.
    init<Value: Sendable>(
        _ section: Section, _ name: String, aliases: [String] = [],
        _ field: any WritableKeyPath<Configuration, Value> & Sendable,
        _ type: some SettingType<Value>, default defaultText: String,
        isChangeable: Bool = false, agreement: Agreement = .own,
        _ summary: String, _ manual: String
    ) {
        self.section = section
        self.name = name
        self.aliases = aliases
        self.placeholder = type.placeholder
        self.rule = type.rule
        self.defaultText = defaultText
        self.isChangeable = isChangeable
        self.agreement = agreement
        self.isSecret = Value.self == Secret.self
        self.isRepeatable = false
        self.summary = summary
        self.manual = manual
        self.assign = { texts, configuration in
            let text = texts.joined(separator: " ")
            guard texts.count == 1, let value = type.parse(text) else { return text }
            configuration[keyPath: field] = value
            return nil
        }
        self.render = { [type.format($0[keyPath: field])] }
    }

    /// A setting that may be given any number of times; without any it is empty.
    init<Value: Sendable>(
        _ section: Section, _ name: String,
        repeatable field: any WritableKeyPath<Configuration, [Value]> & Sendable,
        _ type: some SettingType<Value>, agreement: Agreement = .own,
        _ summary: String, _ manual: String
    ) {
        self.section = section
        self.name = name
        self.aliases = []
        self.placeholder = type.placeholder
        self.rule = type.rule
        self.defaultText = ""
        self.isChangeable = false
        self.agreement = agreement
        self.isSecret = false
        self.isRepeatable = true
        self.summary = summary
        self.manual = manual
        self.assign = { texts, configuration in
            var values: [Value] = []
            for text in texts where !text.isEmpty {
                guard let value = type.parse(text) else { return text }
                values.append(value)
            }
            configuration[keyPath: field] = values
            return nil
        }
        self.render = { $0[keyPath: field].map(type.format) }
    }

    /// Puts `texts` into `configuration`: one text, or any number for a repeatable setting.
    func set(
        _ texts: [String], in configuration: inout Configuration
    ) throws(ConfigurationError) {
        guard let refused = assign(texts, &configuration) else { return }
        throw .invalidValue(name: name, rule: rule, text: isSecret ? nil : refused)
    }

    func reset(in configuration: inout Configuration) {
        let refused = assign([defaultText], &configuration)
        invariant(refused == nil, "the default of '\(name)' breaks its own rule")
    }

    /// The texts that would set the value again, secrets included: for CONFIG REWRITE only.
    func texts(in configuration: Configuration) -> [String] { render(configuration) }

    /// The value as CONFIG GET shows it: secrets only say whether they are set.
    public func shown(in configuration: Configuration) -> String {
        let text = render(configuration).joined(separator: " ")
        return isSecret ? Secret(text).description : text
    }
}

extension Setting {
    /// The table, in the order of the manual.
    public static let all: [Setting] =
        addresses + security + cluster + replication + storage + clients + overload
        + observation

    /// The setting called `name`, in any case, or known to Redis' tools under that name.
    public static func named(_ name: String) -> Setting? {
        let name = name.lowercased()
        return all.first { $0.name == name || $0.aliases.contains(name) }
    }
}
