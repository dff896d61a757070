internal import Glibc

/// What the system knows about this process: for INFO, metrics and benchmarks.
public enum ProcessFacts {
    public static var processID: Int32 { getpid() }

    /// Bytes of memory that are in RAM; 0 without a proc file system.
    public static var residentBytes: Int {
        guard let text = try? FileSystem.readText("/proc/self/statm") else { return 0 }
        let fields = text.split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]) else { return 0 }
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }

    /// The most bytes of memory that were in RAM at once so far.
    public static var residentBytesPeak: Int {
        var usage = rusage()
        unsafe getrusage(RUSAGE_SELF.rawValue, &usage)
        return usage.ru_maxrss * 1024
    }

    /// Seconds of processor time of all threads so far.
    public static var processorSeconds: (user: Double, system: Double) {
        var usage = rusage()
        unsafe getrusage(RUSAGE_SELF.rawValue, &usage)
        return (seconds(usage.ru_utime), seconds(usage.ru_stime))
    }

    /// Raises the limit of open files as far as the system lets us, at most to `wanted`, and
    /// returns what it is then: connections and storage files have to share it.
    public static func raiseOpenFilesLimit(to wanted: Int) -> Int {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard unsafe getrlimit(resource, &limit) == 0 else { return 0 }
        let target = min(rlim_t(wanted), limit.rlim_max)
        if target > limit.rlim_cur {
            limit.rlim_cur = target
            unsafe setrlimit(resource, &limit)
            unsafe getrlimit(resource, &limit)
        }
        return Int(clamping: limit.rlim_cur)
    }

    private static func seconds(_ time: timeval) -> Double {
        Double(time.tv_sec) + Double(time.tv_usec) / 1_000_000
    }
}
