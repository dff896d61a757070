internal import Essentials
internal import Platform

extension Command {
    static let version = Command(
        name: "version", synopsis: "version",
        summary: "The versions of martletctl and of the node.",
        details: "Prints the version of this program, and of the node if it answers.",
        run: { invocation throws(Failure) in
            _ = try invocation.words(0...0)
            var node: String?
            do throws(Failure) {
                let status = try AdminClient.parse(try invocation.client.get("/v1/status"))
                node = status["node"]?["version"]?.string
            } catch {
                // The own version is worth printing without a node, too.
                node = nil
            }
            if invocation.wantsJSON {
                let versions: JSON = [
                    "martletctl": .string(Release.version),
                    "node": node.map(JSON.string) ?? nil,
                ]
                return versions.text + "\n"
            }
            let line = node.map { "martlet \(Table.printable($0)) at \(invocation.client.address)" }
            return versionLine + (line ?? "no answer from \(invocation.client.address)") + "\n"
        })
}
