import Codec

@testable import RPC

/// Time that stands still until the script moves it.
///
/// `@unchecked Sendable`: libFuzzer runs everything on one thread.
final class ScriptedTime: @unchecked Sendable {
  var now: UInt64 = 1_000_000_000
}

extension EventLoop {
  /// Runs turns while they leave something to do at once. A thousand of them are endless work.
  func runUntilIdle() {
    for _ in 0..<1_000 {
      if runTurn() != 0 { return }
    }
    broken("a loop comes to rest")
  }
}

/// The transport under a connection: the hostile peer writes into `pending`, what the connection
/// writes is checked frame by frame.
final class ScriptedEnd: ConnectionTransport {
  let connection: Connection
  let loop: EventLoop
  var observer: FrameObserver
  /// What the peer has sent and the connection has not taken.
  private var pending: [UInt8] = []
  private var unparsed: [UInt8] = []
  private(set) var isClosed = false
  private var isPaused = false
  /// The peer reads nothing: bytes stay with the connection.
  var isBlocked = false {
    didSet { if !isBlocked { flush() } }
  }

  init(_ connection: Connection, _ loop: EventLoop, _ observer: FrameObserver) {
    self.connection = connection
    self.loop = loop
    self.observer = observer
  }

  // MARK: What the connection asks for

  func flush() {
    guard !isBlocked else { return }
    let bytes = connection.outbound
    unparsed += bytes
    connection.didWrite(bytes.count)
    observeFrames()
  }

  func closeAfterFlush() {
    flush()
    isClosed = true
  }

  func setReadingPaused(_ paused: Bool) { isPaused = paused }

  private func observeFrames() {
    while unparsed.count >= FrameHeader.size {
      guard let header = try? FrameHeader(parsing: unparsed, limit: observer.maxFrameBytes) else {
        broken("a connection writes frames within the limit of its peer: \(unparsed.prefix(12))")
      }
      let size = FrameHeader.size + Int(header.payloadLength)
      guard unparsed.count >= size else { return }
      observer.sees(header, Array(unparsed[FrameHeader.size..<size]))
      unparsed.removeFirst(size)
    }
  }

  // MARK: What the script does

  /// Adds bytes that arrive with the next `deliver`.
  func send(_ bytes: [UInt8]) { pending += bytes }

  /// Hands over what is pending; whether any of it was taken.
  @discardableResult
  func deliver() -> Bool {
    guard !isClosed, !isPaused, !pending.isEmpty else { return false }
    let taken = pending.withUnsafeBytes { connection.receive($0) }
    expect(taken >= 0 && taken <= pending.count, "receive takes no more than it was given")
    pending.removeFirst(taken)
    checkMemory()
    return taken > 0
  }

  /// What a connection holds for a peer that does not read, or that sends without end. One delivery
  /// is worked off whole before reading pauses, so that its answers come on top.
  private func checkMemory() {
    let settings = connection.settings
    let limit = settings.outboundHighWaterBytes + ScriptedEnd.answersToOneDelivery
    let outbound = connection.outbound.count
    expect(outbound <= limit, "\(outbound) bytes wait for a peer that does not read")
    let streams = settings.maxConcurrentStreams
    let perStream = 2 * (settings.maxMessageBytes + settings.initialStreamCredit)
    let held = connection.heldBytes
    expect(held <= limit + streams * perStream, "\(held) bytes are held for one connection")
  }

  private static let answersToOneDelivery = 128 << 10

  /// Runs the loop until nothing moves.
  func settle() {
    loop.runUntilIdle()
    checkMemory()
    while deliver() { loop.runUntilIdle() }
  }

  /// The network is gone.
  func cut() {
    isBlocked = false
    connection.transportClosed("cut")
    isClosed = true
    loop.runUntilIdle()
  }
}
