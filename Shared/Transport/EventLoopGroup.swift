import CLinux
import Glibc
import RPC

/// The process's event loops, one thread each.
public final class EventLoopGroup: Sendable {
  let drivers: [EpollDriver]

  public var loops: [EventLoop] { drivers.map(\.loop) }

  /// - Parameter loopCount: two at most pay off unless a machine has cores to spare.
  public init(loopCount: Int = EventLoopGroup.defaultLoopCount, name: String) {
    // A peer that has gone must be an error of write(), not the end of the process; OpenSSL's
    // socket BIO cannot be told so per call.
    signal(SIGPIPE, SIG_IGN)
    drivers = (0..<max(1, loopCount)).map { EpollDriver(name: "\(name)-loop-\($0)") }
  }

  /// One per core, four at most.
  public static let defaultLoopCount = min(4, max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))

  public func shutDown() {
    for driver in drivers { driver.stop() }
  }

  func driver(for loop: EventLoop) -> EpollDriver {
    // Loops come from this group's own list; the first is a safe answer to a foreign one.
    drivers.first { $0.loop === loop } ?? drivers[0]
  }
}
