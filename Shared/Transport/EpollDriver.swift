import CLinux
import Foundation
import RPC

/// Something that epoll watches on behalf of a loop.
protocol Pollable: AnyObject {
  func ready(_ events: UInt32)
}

/// Drives an `EventLoop` with epoll on a thread of its own: reads, then work, then one write per
/// connection, then sleep until the next event or timer.
///
/// `@unchecked Sendable`: `handlers` and `scratch` belong to the loop's thread; the rest is
/// constant. `stop` is behind the loop's own queue.
final class EpollDriver: @unchecked Sendable {
  let loop: EventLoop
  private let epoll: Int32
  private let wakeup: Int32
  private var handlers: [Int32: (generation: UInt32, handler: any Pollable)] = [:]
  private var nextGeneration: UInt32 = 0
  private var isStopping = false
  private var awakeWaiting = AwakeWaiting()
  /// What sockets of this loop read into, shared, so that an idle connection holds no buffer.
  private(set) var scratch: UnsafeMutableRawBufferPointer

  /// What TLS connections of this loop write into.
  let records = RecordBuffer()

  private static let initialScratchBytes = 256 << 10
  private static let wakeupToken = UInt64.max
  private static let eventsPerWait = 256

  init(name: String) {
    let epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    let wakeup = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    // Without these two descriptors no server can exist; only an exhausted process lacks them.
    precondition(epoll >= 0 && wakeup >= 0, "no descriptors left for an event loop")
    self.epoll = epoll
    self.wakeup = wakeup
    scratch = .allocate(byteCount: EpollDriver.initialScratchBytes, alignment: 16)
    loop = EventLoop(wake: {
      var one: UInt64 = 1
      _ = write(wakeup, &one, 8)
    })
    _ = assay_epoll_set(epoll, EPOLL_CTL_ADD, wakeup, EPOLLIN.rawValue, EpollDriver.wakeupToken)
    let thread = Thread { self.run() }
    thread.name = name
    thread.start()
  }

  deinit {
    close(epoll)
    close(wakeup)
    scratch.deallocate()
  }

  /// Ends the thread after the current turn. Sockets still watched are closed with the process.
  func stop() {
    loop.execute { self.isStopping = true }
  }

  // MARK: Watching, on the loop

  /// Has `handler` told of events. Each registration has a generation, so that an event for a
  /// closed and reused descriptor is dropped.
  func watch(_ fd: Int32, _ events: UInt32, _ handler: any Pollable) throws {
    nextGeneration &+= 1
    let token = UInt64(nextGeneration) << 32 | UInt64(UInt32(bitPattern: fd))
    guard assay_epoll_set(epoll, EPOLL_CTL_ADD, fd, events, token) == 0 else {
      throw TransportError.system("epoll_ctl")
    }
    handlers[fd] = (nextGeneration, handler)
  }

  func change(_ fd: Int32, _ events: UInt32) {
    guard let entry = handlers[fd] else { return }
    let token = UInt64(entry.generation) << 32 | UInt64(UInt32(bitPattern: fd))
    _ = assay_epoll_set(epoll, EPOLL_CTL_MOD, fd, events, token)
  }

  func unwatch(_ fd: Int32) {
    handlers[fd] = nil
    _ = assay_epoll_set(epoll, EPOLL_CTL_DEL, fd, 0, 0)
  }

  func growScratch() {
    let larger = UnsafeMutableRawBufferPointer.allocate(
      byteCount: scratch.count * 2, alignment: 16)
    larger.copyMemory(from: UnsafeRawBufferPointer(scratch))
    scratch.deallocate()
    scratch = larger
  }

  // MARK: The thread

  private func run() {
    loop.adoptCurrentThread()
    var events = [assay_epoll_ready](
      repeating: assay_epoll_ready(), count: EpollDriver.eventsPerWait)
    while true {
      let sleep = loop.runTurn()
      if isStopping { return }
      let count = wait(&events, sleep)
      for index in 0..<max(0, Int(count)) { dispatch(events[index]) }
    }
  }

  /// Waits for events, awake while that pays, else asleep.
  private func wait(_ events: inout [assay_epoll_ready], _ sleep: UInt64?) -> Int32 {
    let capacity = Int32(events.count)
    if sleep != 0, awakeWaiting.begin() {
      let longest = min(sleep ?? .max, AwakeWaiting.maximumNanoseconds)
      let end = EventLoop.monotonicNanoseconds() + longest
      var count: Int32 = 0
      repeat {
        count = assay_epoll_wait(epoll, &events, capacity, 0)
        // Whoever else could use the core goes first; that may well be who we wait for.
        if count == 0 { sched_yield() }
      } while count == 0 && EventLoop.monotonicNanoseconds() < end
      awakeWaiting.end(hadEvent: count != 0)
      if count != 0 { return count }
    }
    return assay_epoll_wait(epoll, &events, capacity, EpollDriver.milliseconds(sleep))
  }

  /// Rounded up, so that a timer is due when epoll returns.
  private static func milliseconds(_ nanoseconds: UInt64?) -> Int32 {
    guard let nanoseconds else { return -1 }
    return Int32(clamping: (nanoseconds + 999_999) / 1_000_000)
  }

  private func dispatch(_ event: assay_epoll_ready) {
    if event.token == EpollDriver.wakeupToken {
      var count: UInt64 = 0
      _ = read(wakeup, &count, 8)
      return
    }
    let fd = Int32(bitPattern: UInt32(truncatingIfNeeded: event.token))
    guard let entry = handlers[fd], entry.generation == UInt32(event.token >> 32) else { return }
    entry.handler.ready(event.events)
  }
}
