internal import Glibc
internal import Platform

/// What a server's process has used, as the proc file system tells.
struct ServerProcess: Sendable, Equatable {
    /// Seconds of processor time in programs and in the kernel, of all threads; with the children
    /// that have ended, as Redis rewrites its log in one.
    var userSeconds: Double
    var systemSeconds: Double
    var residentBytes: Int

    var cpuSeconds: Double { userSeconds + systemSeconds }

    /// The time used from this sample to a later one, with the memory of the later one.
    func used(until later: ServerProcess) -> ServerProcess {
        ServerProcess(
            userSeconds: later.userSeconds - userSeconds,
            systemSeconds: later.systemSeconds - systemSeconds, residentBytes: later.residentBytes)
    }

    /// Reads what process `id` has used so far.
    static func sample(_ id: Int32) throws(Failure) -> ServerProcess {
        do throws(PlatformError) {
            let stat = try FileSystem.readText("/proc/\(id)/stat")
            let memory = try FileSystem.readText("/proc/\(id)/statm")
            let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
            let pageBytes = sysconf(Int32(_SC_PAGESIZE))
            if let sample = parse(
                stat: stat, memory: memory, ticksPerSecond: ticks, pageBytes: pageBytes)
            {
                return sample
            }
        } catch .notFound {
            throw .failed("there is no process \(id)")
        } catch {
            throw .failed(error.description)
        }
        throw .failed("/proc/\(id)/stat is not understood")
    }

    /// Reads the two files. The second field of `stat`, the program's name in parentheses, may
    /// contain spaces and parentheses itself.
    static func parse(
        stat: String, memory: String, ticksPerSecond: Double, pageBytes: Int
    ) -> ServerProcess? {
        guard let nameEnd = stat.lastIndex(of: ")") else { return nil }
        // From the third field on: utime, stime, cutime, cstime are fields 14 to 17 (proc(5)).
        let fields = stat[stat.index(after: nameEnd)...].split(separator: " ")
        let pages = memory.split(separator: " ")
        guard fields.count > 14, pages.count > 1, let resident = Int(pages[1]) else { return nil }
        let times = fields[11...14].compactMap { Double($0) }
        guard times.count == 4 else { return nil }
        return ServerProcess(
            userSeconds: (times[0] + times[2]) / ticksPerSecond,
            systemSeconds: (times[1] + times[3]) / ticksPerSecond,
            residentBytes: resident * pageBytes)
    }
}
