import Synchronization

@testable import RPC

/// Two connections joined in memory on one loop with a clock that the test moves: no sockets, no
/// threads, no waiting. Bytes are cut at random places, to show that frames do not depend on them.
final class Pipe {
  let loop: EventLoop
  let client: Connection
  let server: Connection
  private let clientEnd: End
  private let serverEnd: End
  private let time: ManualTime
  private var generator: SplitMix64

  init(
    router: Router, settings: ConnectionSettings = .defaults,
    interceptor: ServerInterceptor = ServerInterceptor(), seed: UInt64 = 1,
    budget: MemoryBudget = MemoryBudget(limitBytes: 1 << 30)
  ) {
    let time = ManualTime()
    self.time = time
    generator = SplitMix64(state: seed)
    loop = EventLoop(clock: { time.now }, randomness: Randomness(seed: seed), wake: {})
    loop.adoptCurrentThread()
    let answering = Server(
      router: router, settings: settings, interceptor: interceptor, budget: budget)
    server = answering.accept(on: loop, from: PeerAddress("client"))
    client = Connection(
      loop: loop, isClient: true, settings: settings, peerAddress: PeerAddress("server"),
      budget: MemoryBudget(limitBytes: 1 << 30))
    clientEnd = End(client)
    serverEnd = End(server)
    keep = answering
    server.start(serverEnd)
    client.start(clientEnd)
  }

  private let keep: Server

  /// Runs until nothing moves any more.
  func settle() {
    for _ in 0..<100_000 {
      _ = loop.runTurn()
      let moved = move(from: clientEnd, to: serverEnd) || move(from: serverEnd, to: clientEnd)
      if !moved, loop.runTurn() != 0 { return }
    }
  }

  func advance(milliseconds: UInt64) {
    time.now += milliseconds * 1_000_000
    settle()
  }

  /// Cuts the pipe, as a lost network does.
  func cut() {
    client.transportClosed("cut")
    server.transportClosed("cut")
    settle()
  }

  var isCutByServer: Bool { serverEnd.isClosed }
  var isCutByClient: Bool { clientEnd.isClosed }

  /// Hands the server raw bytes, as a hostile client would.
  func inject(_ bytes: [UInt8]) {
    deliverToServer(bytes)
    settle()
  }

  /// The same, with no turn of the loop behind it.
  func deliverToServer(_ bytes: [UInt8]) {
    serverEnd.pending += bytes
    deliver(to: serverEnd)
  }

  /// Has the network take nothing more from the server.
  var holdsServerOutput: Bool {
    get { serverEnd.isStuck }
    set { serverEnd.isStuck = newValue }
  }

  /// What the server has written and nobody has read.
  func takeServerOutput() -> [UInt8] {
    defer { serverEnd.written = [] }
    let unsent = Array(server.outbound)
    server.didWrite(unsent.count)
    return serverEnd.written + unsent
  }

  private func move(from: End, to: End) -> Bool {
    guard !from.written.isEmpty, !to.isPaused else { return false }
    let count = Int(generator.next() % UInt64(from.written.count)) + 1
    to.pending += from.written.prefix(count)
    from.written.removeFirst(count)
    deliver(to: to)
    return true
  }

  private func deliver(to end: End) {
    let taken = end.pending.withUnsafeBytes { end.connection.receive($0) }
    end.pending.removeFirst(min(taken, end.pending.count))
  }

  private final class End: ConnectionTransport {
    let connection: Connection
    var written: [UInt8] = []
    var pending: [UInt8] = []
    var isClosed = false
    var isPaused = false
    var isStuck = false

    init(_ connection: Connection) {
      self.connection = connection
    }

    func flush() {
      guard !isStuck else { return }
      let bytes = connection.outbound
      written += bytes
      connection.didWrite(bytes.count)
    }

    func closeAfterFlush() {
      flush()
      isClosed = true
    }

    func setReadingPaused(_ paused: Bool) {
      isPaused = paused
    }
  }
}

/// `@unchecked Sendable`: used by the one thread of a test.
final class ManualTime: @unchecked Sendable {
  var now: UInt64 = 1_000_000_000
}

/// A small generator with a seed, so that a failing run can be run again.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// What a task on the loop has produced; read by the test between turns.
///
/// `@unchecked Sendable`: the loop's thread and the test's are the same.
final class Outcome<Value>: @unchecked Sendable {
  var result: Result<Value, any Error>?
}

extension Pipe {
  /// Starts `body` as a task of the loop.
  func start<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value)
    -> Outcome<Value>
  {
    let outcome = Outcome<Value>()
    Task(executorPreference: loop) {
      do {
        outcome.result = .success(try await body())
      } catch {
        outcome.result = .failure(error)
      }
    }
    return outcome
  }

  /// A client call with one request message.
  func call(_ method: String, _ message: [UInt8]?, timeoutMilliseconds: UInt64? = nil) -> Call {
    let deadline = timeoutMilliseconds.map { loop.now + $0 * 1_000_000 } ?? .max
    let call = Call(connection: client, method: method, deadline: deadline)
    client.open(call, UnsentRequest(RequestHeader(method: method), message))
    return call
  }
}
