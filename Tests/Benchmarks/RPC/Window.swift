import Foundation
import RPC

/// The measured time of one run: after a warm-up, with the CPU that both processes use in it.
///
/// `@unchecked Sendable`: used on the client's one loop.
final class Window: @unchecked Sendable {
  private static let warmUpNanoseconds: UInt64 = 500_000_000

  private enum State { case warmingUp, open, over }

  private struct Usage {
    var time: UInt64 = 0
    var server: UInt64 = 0
    var client: UInt64 = 0
    var allocations = 0
  }

  private let nanoseconds: UInt64
  private let server: pid_t
  private let allocationCounter: ServerProcess?
  private var state = State.warmingUp
  private var planned: UInt64
  private var begin = Usage()
  private var end = Usage()

  init(seconds: Double, server: pid_t, countsAllocations: ServerProcess?) {
    nanoseconds = UInt64(seconds * 1e9)
    self.server = server
    allocationCounter = countsAllocations
    planned = EventLoop.monotonicNanoseconds() + Window.warmUpNanoseconds
  }

  var elapsedSeconds: Double { Double(end.time - begin.time) / 1e9 }

  /// Whether a call that ended at `now` is one of the measured; and whether to go on.
  func count(now: UInt64) throws -> (isCounted: Bool, goesOn: Bool) {
    switch state {
    case .warmingUp:
      if now >= planned { try open() }
      return (false, true)
    case .open:
      if now >= planned { try close() }
      return (true, state == .open)
    case .over:
      return (false, false)
    }
  }

  func open() throws {
    state = .open
    begin = try usage()
    planned = begin.time + nanoseconds
  }

  func close() throws {
    state = .over
    end = try usage()
  }

  private func usage() throws -> Usage {
    Usage(
      time: EventLoop.monotonicNanoseconds(), server: ProcessUsage.cpuNanoseconds(server),
      client: ProcessUsage.cpuNanoseconds(getpid()),
      allocations: try allocationCounter?.usage().allocations ?? 0)
  }

  func add(to report: inout Report, calls: Int) {
    let each = { (used: UInt64) in Double(used) / 1_000 / Double(max(calls, 1)) }
    report.add("seconds", elapsedSeconds, digits: 3)
    report.add("calls", calls)
    report.add("calls_per_second", Double(calls) / elapsedSeconds, digits: 1)
    report.add("server_cpu_us_per_call", each(end.server - begin.server), digits: 4)
    report.add("client_cpu_us_per_call", each(end.client - begin.client), digits: 4)
    if allocationCounter != nil {
      report.add(
        "server_allocations_per_call",
        Double(end.allocations - begin.allocations) / Double(max(calls, 1)), digits: 3)
    }
  }
}
