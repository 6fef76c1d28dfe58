import API
import Crypto
import RPC
import Synchronization

/// Makes one call as a command describes it, and tells what came back.
struct Caller: Sendable {
  private let channel: Channel
  private let command: ConformanceMakeCall
  private let progress = Progress()

  /// What is known of the call while it runs.
  private final class Progress: Sendable {
    let answers = Mutex<[ConformanceAnswer]>([])
    let sent = Atomic<UInt32>(0)
    let metadata = Mutex<[RPCMetadataEntry]>([])
  }

  init(_ channel: Channel, _ command: ConformanceMakeCall) {
    self.channel = channel
    self.command = command
  }

  func run() async -> ConformanceCallResult {
    let clock = ContinuousClock()
    let start = clock.now
    let call = Task { try await perform() }
    let leave = Task {
      guard command.cancelAfterMilliseconds > 0 else { return }
      try await Task.sleep(for: .milliseconds(command.cancelAfterMilliseconds))
      call.cancel()
    }
    let result = await call.result
    leave.cancel()
    return report(result, start.duration(to: clock.now))
  }

  private func report(_ result: Result<Void, any Error>, _ elapsed: Duration)
    -> ConformanceCallResult
  {
    var report = ConformanceCallResult(
      metadata: progress.metadata.withLock { $0 }, answers: progress.answers.withLock { $0 },
      sent: progress.sent.load(ordering: .relaxed),
      elapsedMicroseconds: UInt64(elapsed / .microseconds(1)))
    guard case .failure(let error) = result else { return report }
    switch error {
    case let error as RPCError:
      report.code = error.code.rawValue
      report.message = error.message
      report.details = error.details.isEmpty ? nil : error.details.onTheWire
    case is CancellationError: report.code = StatusCode.cancelled.rawValue
    default:
      report.code = StatusCode.unknown.rawValue
      report.message = "\(error)"
    }
    return report
  }

  // MARK: The four kinds

  private func perform() async throws {
    switch command.kind {
    case .unary:
      progress.sent.store(1, ordering: .relaxed)
      took(try await channel.unary(method, single, options: options))
    case .clientStreaming:
      took(try await channel.clientStreaming(method, options: options) { try await send($0) })
    case .serverStreaming:
      progress.sent.store(1, ordering: .relaxed)
      try await channel.serverStreaming(method, single, options: options) { try await read($0) }
    case .bidirectional:
      try await channel.bidirectional(method, options: options) { writer, reader in
        if command.pingPong {
          try await alternate(writer, reader)
        } else {
          try await both(writer, reader)
        }
      }
    default: throw RPCError(.internal, "the command does not say which kind of call")
    }
  }

  private func both(
    _ writer: MessageWriter<TestingEcho>, _ reader: MessageReader<TestingEcho>
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        // How the call went is the reader's to tell; the writer only learns that it is over.
        try? await send(writer)
        writer.finish()
      }
      try await read(reader)
      try await group.waitForAll()
    }
  }

  private func alternate(
    _ writer: MessageWriter<TestingEcho>, _ reader: MessageReader<TestingEcho>
  ) async throws {
    for message in command.messages {
      try await writer.send(message)
      progress.sent.wrappingAdd(1, ordering: .relaxed)
      guard let answer = try await reader.next() else { return }
      try leaveIfDue(after: took(answer))
    }
    writer.finish()
    try await read(reader)
  }

  private func send(_ writer: MessageWriter<TestingEcho>) async throws {
    for message in command.messages {
      try await writer.send(message)
      progress.sent.wrappingAdd(1, ordering: .relaxed)
    }
    if command.halfCloseDelayMilliseconds > 0 {
      try await Task.sleep(for: .milliseconds(command.halfCloseDelayMilliseconds))
    }
  }

  private func read(_ reader: MessageReader<TestingEcho>) async throws {
    while true {
      if command.readDelayMilliseconds > 0 {
        try await Task.sleep(for: .milliseconds(command.readDelayMilliseconds))
      }
      guard let answer = try await reader.next() else { return }
      try leaveIfDue(after: took(answer))
    }
  }

  private func leaveIfDue(after answers: Int) throws {
    guard command.cancelAfterAnswers > 0, answers >= command.cancelAfterAnswers else { return }
    throw CancellationError()
  }

  /// - Returns: how many answers there are now.
  @discardableResult
  private func took(_ echo: TestingEcho) -> Int {
    var answer = ConformanceAnswer(
      echo: echo, payloadBytes: UInt64(echo.payload.count),
      payloadSha256: SHA256.hash(echo.payload).bytes)
    answer.echo?.payload = []
    return progress.answers.withLock {
      $0.append(answer)
      return $0.count
    }
  }

  // MARK: What the command says

  private var single: TestingEcho { command.messages.first ?? TestingEcho() }

  private var method: MethodDescriptor {
    if let known = TestingEchoServiceMethods.all.first(where: { $0.name == command.method }) {
      return known
    }
    return MethodDescriptor(
      name: command.method,
      clientStreaming: [.clientStreaming, .bidirectional].contains(command.kind),
      serverStreaming: [.serverStreaming, .bidirectional].contains(command.kind))
  }

  private var options: CallOptions {
    var options = CallOptions()
    if command.timeoutMilliseconds > 0 {
      options.timeoutMilliseconds = Int(command.timeoutMilliseconds)
    }
    for entry in command.metadata { options.metadata.add(entry.key, entry.value) }
    options.onResponseMetadata = { [progress] metadata in
      progress.metadata.withLock {
        $0 = metadata.entries.map { RPCMetadataEntry(key: $0.key, value: $0.value) }
      }
    }
    options.waitForReady = command.waitForReady
    if !command.traceparent.isEmpty { options.trace = TraceContext(command.traceparent) }
    return options
  }
}

extension StatusDetails {
  /// As the schema has it.
  var onTheWire: RPCStatusDetails {
    var wire = RPCStatusDetails()
    wire.fieldViolations = fieldViolations.map {
      RPCFieldViolation(
        field: $0.field, description: $0.description, line: UInt64($0.line ?? 0),
        column: UInt64($0.column ?? 0))
    }
    wire.retryAfterMilliseconds = retryAfterMilliseconds ?? 0
    wire.limit = limit.map {
      RPCLimitExceeded(name: $0.name, limit: $0.limit, actual: $0.actual, setting: $0.setting)
    }
    wire.resource = resource.map { RPCResourceReference(kind: $0.kind, name: $0.name) }
    wire.hops = hops.map { RPCHopTime(hop: $0.hop, spentMicroseconds: $0.spentMicroseconds) }
    wire.notProcessed = notProcessed
    wire.noRetry = noRetry
    wire.origin = originOnTheWire
    return wire
  }

  private var originOnTheWire: RPCStatusOrigin {
    switch origin {
    case .application: .unspecified
    case .malformed: .malformed
    case .unknownService: .unknownService
    case .unknownMethod: .unknownMethod
    case .runtime: .runtime
    }
  }
}
