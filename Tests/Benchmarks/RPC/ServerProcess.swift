import CBenchmark
import Foundation
import Glibc

/// A server started for one measurement.
final class ServerProcess {
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private var unread: [UInt8] = []
  private(set) var port = 0

  var identifier: pid_t { process.processIdentifier }

  init(_ arguments: [String]) throws {
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = ["rpc-server"] + arguments
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    guard let line = readLine(), let port = Int(line) else {
      throw BenchError("the server did not start")
    }
    self.port = port
  }

  /// Allocations so far, and resident memory in KiB.
  func usage() throws -> (allocations: Int, residentKiB: Int) {
    input.fileHandleForWriting.write(Data("usage\n".utf8))
    let numbers = readLine()?.split(separator: " ").compactMap { Int($0) } ?? []
    guard numbers.count == 2 else { throw BenchError("the server has gone") }
    return (numbers[0], numbers[1])
  }

  func stop() {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  private func readLine() -> String? {
    while !unread.contains(10) {
      let more = output.fileHandleForReading.availableData
      guard !more.isEmpty else { return nil }
      unread += more
    }
    let line = unread.prefix { $0 != 10 }
    unread.removeFirst(line.count + 1)
    return String(decoding: line, as: UTF8.self)
  }
}

/// What a process has used.
enum ProcessUsage {
  /// CPU time of all threads, in nanoseconds.
  static func cpuNanoseconds(_ process: pid_t) -> UInt64 {
    var clock = clockid_t()
    guard clock_getcpuclockid(process, &clock) == 0 else { return 0 }
    var time = timespec()
    clock_gettime(clock, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// Resident memory of this process.
  static func residentKiB() -> Int {
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return pages * Int(sysconf(Int32(_SC_PAGESIZE))) / 1_024
  }

  /// Has this process, and those it starts, run on the first core only.
  static func pinToOneCore() throws {
    guard assay_pin_to_first_core() == 0 else { throw BenchError("cannot pin to one core") }
  }

  /// Lets this process, and those it starts, have many connections.
  static func raiseDescriptorLimit() {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }
}
