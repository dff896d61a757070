internal import Glibc

/// What the machine is: for INFO, and for benchmarks, whose figures mean nothing without it.
public enum HostFacts {
    public static var hostName: String { FileSystem.line("/proc/sys/kernel/hostname") }

    /// Such as `Linux 6.1.0-18-amd64`.
    public static var kernel: String {
        let type = FileSystem.line("/proc/sys/kernel/ostype")
        return "\(type) \(FileSystem.line("/proc/sys/kernel/osrelease"))"
    }

    /// The model of the first processor, empty where the system does not tell.
    public static var processorModel: String { field("model name", of: "/proc/cpuinfo") }

    /// Processors that may run this machine's programs.
    public static var processorCount: Int { sysconf(Int32(_SC_NPROCESSORS_ONLN)) }

    public static var memoryBytes: Int {
        sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
    }

    /// The first `name : value` line of a file of the proc file system.
    private static func field(_ name: String, of path: String) -> String {
        guard let text = try? FileSystem.readText(path) else { return "" }
        for line in text.split(separator: "\n") where line.hasPrefix(name) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            return String(line[line.index(after: colon)...].drop { $0 == " " })
        }
        return ""
    }
}
