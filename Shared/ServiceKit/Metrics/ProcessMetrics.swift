import Foundation
import Glibc

/// What the kernel knows of this process.
enum ProcessMetrics {
  static func register(in metrics: MetricsRegistry, program: String, startedAt: Int64) {
    metrics.gauge(
      "assay_build_info", help: "Always 1; the labels say what runs.",
      labels: ["program": program, "version": Software.version]
    ).set(1)
    metrics.gauge(
      "process_start_time_seconds", help: "Start of the process, unix seconds.",
      read: { startedAt / 1_000 })
    metrics.gauge(
      "process_resident_memory_bytes", help: "Memory of the process in RAM.", read: residentBytes)
    metrics.gauge(
      "process_open_fds", help: "Open file descriptors.", read: openDescriptors)
    metrics.gauge(
      "process_cpu_milliseconds", help: "User and system time used so far.", read: cpuMilliseconds)
  }

  @Sendable private static func residentBytes() -> Int64 {
    guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
      let pages = text.split(separator: " ").dropFirst().first.flatMap({ Int64($0) })
    else { return 0 }
    return pages * Int64(sysconf(Int32(_SC_PAGESIZE)))
  }

  @Sendable private static func openDescriptors() -> Int64 {
    Int64((try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd"))?.count ?? 0)
  }

  @Sendable private static func cpuMilliseconds() -> Int64 {
    var usage = rusage()
    // RUSAGE_SELF, which the Swift importer gives another type than getrusage takes.
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    let seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
    return Int64(seconds) * 1_000 + Int64(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1_000
  }
}

/// What this software calls itself.
public enum Software {
  public static let version = "1.0.0"
}
