import API
import RPC
import Synchronization

/// `assay.testing.v1.EchoService` as its schema describes it, counting what it sees.
final class EchoService: TestingEchoServiceService {
  private let state = Mutex(ConformanceServerCounts())

  var counts: ConformanceServerCounts { state.withLock { $0 } }

  func unary(_ request: TestingEcho, context: ServerContext) async throws -> TestingEcho {
    try await counted {
      received(request, context)
      try await pause(request)
      try fail(as: request)
      return answer(to: request)
    }
  }

  func collect(
    _ requests: MessageReader<TestingEcho>, context: ServerContext
  ) async throws -> TestingEcho {
    try await counted {
      var total = 0
      for try await request in requests {
        received(request, context)
        try await pause(request)
        try fail(as: request)
        total += request.payload.count
      }
      return TestingEcho(responseBytes: Int32(total))
    }
  }

  func expand(
    _ request: TestingEcho, responses: MessageWriter<TestingEcho>, context: ServerContext
  ) async throws {
    try await counted {
      received(request, context)
      let equal = repeatElement(request.responseBytes, count: Int(request.responseCount))
      for size in equal + request.responseSizes {
        try await pause(request)
        try await responses.send(EchoService.message(bytes: size))
      }
      try fail(as: request)
    }
  }

  func chat(
    _ requests: MessageReader<TestingEcho>, responses: MessageWriter<TestingEcho>,
    context: ServerContext
  ) async throws {
    try await counted {
      for try await request in requests {
        received(request, context)
        try await pause(request)
        try fail(as: request)
        guard !request.responseSizes.isEmpty else {
          try await responses.send(answer(to: request))
          continue
        }
        for size in request.responseSizes {
          try await responses.send(EchoService.message(bytes: size))
        }
      }
    }
  }

  private func answer(to request: TestingEcho) -> TestingEcho {
    var answer = request
    if request.responseBytes > 0 {
      answer.payload = EchoService.message(bytes: request.responseBytes).payload
    }
    return answer
  }

  private static func message(bytes: Int32) -> TestingEcho {
    TestingEcho(payload: [UInt8](repeating: 7, count: Int(max(0, bytes))))
  }

  private func pause(_ request: TestingEcho) async throws {
    guard request.delayMilliseconds > 0 else { return }
    try await Task.sleep(for: .milliseconds(request.delayMilliseconds))
  }

  private func fail(as request: TestingEcho) throws {
    guard request.statusCode != 0 else { return }
    throw RPCError(StatusCode(wire: request.statusCode), request.statusMessage)
  }

  // MARK: Counting

  private func received(_ request: TestingEcho, _ context: ServerContext) {
    state.withLock { $0.received += 1 }
    if request.echoMetadata { context.addResponseMetadata(context.metadata) }
  }

  private func counted<Result>(_ body: () async throws -> Result) async throws -> Result {
    state.withLock { $0.begun += 1 }
    defer {
      let isCancelled = Task.isCancelled
      state.withLock {
        $0.ended += 1
        if isCancelled { $0.cancelled += 1 }
      }
    }
    return try await body()
  }
}
