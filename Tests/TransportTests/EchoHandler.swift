import API
import RPC
import Synchronization

/// The echo service that the tests of this folder call, and what it has seen.
final class EchoHandler: TestingEchoServiceService {
  let unaryCalls = Atomic<Int>(0)
  let cancelledCalls = Atomic<Int>(0)
  let received = Atomic<Int>(0)

  func unary(_ request: TestingEcho, context: ServerContext) async throws -> TestingEcho {
    unaryCalls.wrappingAdd(1, ordering: .relaxed)
    if request.echoMetadata { context.addResponseMetadata(context.metadata) }
    if request.delayMilliseconds > 0 { try await wait(request.delayMilliseconds, context) }
    try throwStatus(of: request)
    var answer = request
    if request.responseBytes > 0 { answer.payload = payload(request.responseBytes) }
    return answer
  }

  func collect(_ requests: MessageReader<TestingEcho>, context: ServerContext) async throws
    -> TestingEcho
  {
    var total = 0
    for try await request in requests {
      total += request.payload.count
      received.wrappingAdd(1, ordering: .relaxed)
      if request.echoMetadata { context.addResponseMetadata(context.metadata) }
      if request.delayMilliseconds > 0 { try await wait(request.delayMilliseconds, context) }
      try throwStatus(of: request)
    }
    return TestingEcho(responseBytes: Int32(total))
  }

  func expand(
    _ request: TestingEcho, responses: MessageWriter<TestingEcho>, context: ServerContext
  ) async throws {
    if request.echoMetadata { context.addResponseMetadata(context.metadata) }
    for index in 0..<request.responseCount {
      if request.delayMilliseconds > 0 { try await wait(request.delayMilliseconds, context) }
      let payload = payload(request.responseBytes, UInt8(truncatingIfNeeded: index))
      try await responses.send(TestingEcho(payload: payload))
    }
    for size in request.responseSizes {
      try await responses.send(TestingEcho(payload: payload(size)))
    }
    try throwStatus(of: request)
  }

  func chat(
    _ requests: MessageReader<TestingEcho>, responses: MessageWriter<TestingEcho>,
    context: ServerContext
  ) async throws {
    for try await request in requests {
      if request.echoMetadata { context.addResponseMetadata(context.metadata) }
      if request.delayMilliseconds > 0 { try await wait(request.delayMilliseconds, context) }
      try throwStatus(of: request)
      guard !request.responseSizes.isEmpty else {
        try await responses.send(request)
        continue
      }
      for size in request.responseSizes {
        try await responses.send(TestingEcho(payload: payload(size)))
      }
    }
  }

  private func payload(_ size: Int32, _ byte: UInt8 = 7) -> [UInt8] {
    [UInt8](repeating: byte, count: max(0, Int(size)))
  }

  private func throwStatus(of request: TestingEcho) throws {
    guard request.statusCode != 0 else { return }
    throw RPCError(StatusCode(wire: request.statusCode), request.statusMessage)
  }

  private func wait(_ milliseconds: Int64, _ context: ServerContext) async throws {
    do {
      try await Task.sleep(for: .milliseconds(milliseconds))
    } catch {
      cancelledCalls.wrappingAdd(1, ordering: .relaxed)
      throw error
    }
  }
}
