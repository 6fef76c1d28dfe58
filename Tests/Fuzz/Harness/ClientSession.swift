import Codec

@testable import RPC

/// A client's connection with calls on it, on a loop and a clock of its own.
final class ClientSession {
  let time: ScriptedTime
  let loop: EventLoop
  let end: ScriptedEnd
  private let connection: Connection
  private(set) var calls: [Call] = []
  private var tasks: [Task<Void, Never>] = []
  private let waiting = HandlerCount()

  init(settings: ConnectionSettings = .defaults) {
    let time = ScriptedTime()
    self.time = time
    let loop = EventLoop(clock: { time.now }, wake: {})
    loop.adoptCurrentThread()
    self.loop = loop
    connection = Connection(
      loop: loop, isClient: true, settings: settings, peerAddress: PeerAddress("fuzz"))
    end = ScriptedEnd(connection, loop, FrameObserver(.client))
    connection.start(end)
  }

  /// A call with one message, whose one answer is waited for.
  func open(_ method: String, _ message: [UInt8], timeoutMilliseconds: UInt64 = 0) {
    let call = begin(method, message, timeoutMilliseconds)
    follow(call) { _ = try await call.single() }
  }

  /// A call whose messages come by `send`, and whose answers are read as they come.
  func openStream(_ method: String, timeoutMilliseconds: UInt64 = 0) {
    let call = begin(method, nil, timeoutMilliseconds)
    follow(call) { while try await call.next() != nil {} }
  }

  private func begin(_ method: String, _ message: [UInt8]?, _ timeout: UInt64) -> Call {
    let deadline = timeout == 0 ? .max : loop.now + timeout * 1_000_000
    let call = Call(connection: connection, method: method, deadline: deadline)
    calls.append(call)
    connection.open(call, UnsentRequest(RequestHeader(method: method), message))
    return call
  }

  private func follow(_: Call, _ body: @escaping @Sendable () async throws -> Void) {
    let waiting = waiting
    waiting.running += 1
    tasks.append(
      Task(executorPreference: loop) {
        try? await body()
        waiting.running -= 1
      })
  }

  /// Sends a message, which waits for credit if it must.
  func send(_ message: [UInt8], on index: Int) {
    guard !calls.isEmpty else { return }
    let call = calls[index % calls.count]
    follow(call) { try await call.send(message) }
  }

  func halfClose(_ index: Int) {
    guard !calls.isEmpty else { return }
    calls[index % calls.count].halfClose()
  }

  /// Leaves a call, as a cancelled task does.
  func cancel(_ index: Int) {
    guard !calls.isEmpty else { return }
    connection.cancel(calls[index % calls.count], .cancelled)
  }

  /// Cancels a task that waits for an answer or for credit.
  func cancelTask(_ index: Int) {
    guard !tasks.isEmpty else { return }
    tasks[index % tasks.count].cancel()
  }

  /// Cuts the connection: every call has ended, and everybody who waited knows.
  func finish() {
    end.cut()
    expect(calls.allSatisfy(\.isOver), "no call outlives its connection")
    expect(connection.load == 0, "a connection that is gone has no calls")
    expect(waiting.running == 0, "whoever waits is told, but \(waiting.running) wait on")
  }
}
