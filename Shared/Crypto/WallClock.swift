import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// The time of day, as a value that is passed to whoever needs it.
///
/// Times are unix milliseconds, UTC, everywhere: in the databases, in the domains, in tests.
public struct WallClock: Sendable {
  private let read: @Sendable () -> Int64

  /// A clock that answers with what `now` returns, in unix milliseconds.
  public init(_ now: @escaping @Sendable () -> Int64) {
    read = now
  }

  /// Unix milliseconds, UTC.
  public func now() -> Int64 { read() }

  /// The system's clock. It may jump when an operator or NTP sets it: durations are not measured
  /// with it.
  public static let system = WallClock {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
  }
}

/// A clock that stands still until it is told to move, for tests and for replays.
public final class ManualWallClock: Sendable {
  private let time: Mutex<Int64>

  /// A clock that shows `start`, in unix milliseconds.
  public init(_ start: Int64) {
    time = Mutex(start)
  }

  /// Sets the time, in unix milliseconds.
  public func set(_ milliseconds: Int64) {
    time.withLock { $0 = milliseconds }
  }

  /// Moves the time on.
  public func advance(milliseconds: Int64) {
    time.withLock { $0 += milliseconds }
  }

  /// This clock, for those who only read it.
  public var clock: WallClock {
    WallClock { self.time.withLock { $0 } }
  }
}
