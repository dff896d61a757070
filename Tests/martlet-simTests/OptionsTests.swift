import Platform
import Simulator
import Testing

@testable import martlet_sim

@Suite struct OptionsTests {
    private func complaint(_ arguments: String...) -> String {
        do throws(Failure) {
            _ = try Options(arguments)
            return "none"
        } catch {
            guard case .usage(let reason) = error else { return "\(error)" }
            return reason
        }
    }

    @Test func `options take their values either way`() throws {
        let options = try Options(["--seeds", "7", "--first-seed=18446744073709551615", "--json"])
        #expect(options.seeds == 7)
        #expect(options.firstSeed == .max)
        #expect(options.wantsJSON)
        #expect(try Options(["--seconds=60"]).seeds == nil)
        #expect(try Options(["--kind", "agreement"]).kind == .agreement)
    }

    @Test func `what makes no sense is refused with its reason`() {
        #expect(complaint("--sed", "1") == "unknown option '--sed'")
        #expect(complaint("7") == "unknown option '7'")
        #expect(complaint("--seeds") == "'--seeds' needs a value")
        #expect(complaint("--seeds", "0") == "'--seeds' is a number from 1 to 10000000")
        #expect(complaint("--seed", "-1") == "'--seed' is a number from 0 to 18446744073709551615")
        #expect(complaint("--json=yes") == "'--json' takes no value")
        #expect(complaint("--kind", "x") == "'--kind' is data or agreement or pipelines")
        #expect(complaint("--trace") == "'--trace' needs '--seed'")
        let both = "'--seed' and '--seeds' exclude each other"
        #expect(complaint("--seed", "1", "--seeds", "2") == both)
    }

    @Test func `every option is in the help`() {
        let names = [
            "seeds", "seconds", "kind", "first-seed", "seed", "trace", "events", "jobs", "bugs",
            "bug",
        ]
        for name in names {
            #expect(Options.help.contains("  --\(name) "))
        }
        #expect(Options.help.split(separator: "\n").allSatisfy { $0.count <= 100 })
    }
}
