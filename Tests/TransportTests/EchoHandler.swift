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
    if request.statusCode != 0 {
      throw RPCError(StatusCode(wire: request.statusCode), request.statusMessage)
    }
    if request.delayMilliseconds > 0 { try await wait(request.delayMilliseconds, context) }
    var answer = request
    if request.responseBytes > 0 {
      answer.payload = [UInt8](repeating: 7, count: Int(request.responseBytes))
    }
    return answer
  }

  func collect(_ requests: MessageReader<TestingEcho>, context: ServerContext) async throws
    -> TestingEcho
  {
    var total = 0
    for try await request in requests {
      total += request.payload.count
      received.wrappingAdd(1, ordering: .relaxed)
      if request.delayMilliseconds > 0 { try await wait(request.delayMilliseconds, context) }
    }
    return TestingEcho(responseBytes: Int32(total))
  }

  func expand(
    _ request: TestingEcho, responses: MessageWriter<TestingEcho>, context: ServerContext
  ) async throws {
    for index in 0..<request.responseCount {
      let payload = [UInt8](
        repeating: UInt8(truncatingIfNeeded: index), count: Int(request.responseBytes))
      try await responses.send(TestingEcho(payload: payload))
    }
    if request.statusCode != 0 {
      throw RPCError(StatusCode(wire: request.statusCode), request.statusMessage)
    }
  }

  func chat(
    _ requests: MessageReader<TestingEcho>, responses: MessageWriter<TestingEcho>,
    context: ServerContext
  ) async throws {
    for try await request in requests { try await responses.send(request) }
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
