import Codec
import Testing

@testable import RPC

@Suite("REQUEST and RESPONSE as both ends handle them, against the schema's own messages")
struct RequestFrameTests {
  private static let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

  /// One with every field, one with none but the method, and one between.
  private static let requests: [RPCRequest] = [
    RPCRequest(
      method: "assay.catalog.v1.UseCases.GetUseCase", timeoutMicroseconds: 30_000_000,
      traceparent: trace, principal: [1, 2, 3], credential: "assay_key",
      metadata: [
        RPCMetadataEntry(key: "a", value: [0xFF]), RPCMetadataEntry(key: "b", value: []),
      ], attempt: 2, message: [UInt8](repeating: 7, count: 300)),
    RPCRequest(method: "m"),
    RPCRequest(method: "assay.testing.v1.EchoService.Unary", traceparent: trace, message: []),
  ]

  private static func header(_ request: RPCRequest) -> RequestHeader {
    RequestHeader(
      method: request.method, timeoutMicroseconds: request.timeoutMicroseconds,
      trace: TraceContext(request.traceparent), principal: request.principal,
      credential: request.credential, metadata: request.metadata, attempt: request.attempt)
  }

  @Test("what is sent is what the schema would send, to the byte", arguments: requests)
  func sent(request: RPCRequest) {
    let header = Self.header(request)
    let size = header.encodedSize(messageBytes: request.message?.count)
    let bytes = UnsentRequest.bytes(count: size) { writer in
      header.encode(into: &writer)
      guard let message = request.message else { return }
      InlineMessage.encodePrefix(messageBytes: message.count, into: &writer)
      message.withUnsafeBytes { writer.writeRaw($0) }
    }
    #expect(bytes == request.serialized())
  }

  @Test("what the schema sends is read field by field", arguments: requests)
  func received(request: RPCRequest) throws {
    try request.serialized().withUnsafeBytes { bytes in
      let received = try ReceivedRequest(bytes)
      #expect(try received.methodName() == request.method)
      #expect(received.timeoutMicroseconds == request.timeoutMicroseconds)
      #expect(received.trace?.header ?? "" == request.traceparent)
      #expect([UInt8](received.principal) == request.principal)
      #expect(received.credential == request.credential)
      #expect(received.metadata == request.metadata)
      #expect(received.message.map { [UInt8]($0) } == request.message)
    }
  }

  @Test("unknown fields are passed over, the last of two wins, a bad trace is none")
  func tolerated() throws {
    var bytes = RPCRequest(method: "first", traceparent: "no trace", message: [1]).serialized()
    bytes += [0xA0, 0x06, 0x01]  // field 100, varint 1
    bytes += RPCRequest(method: "second", message: [2, 3]).serialized()
    try bytes.withUnsafeBytes { bytes in
      let received = try ReceivedRequest(bytes)
      #expect(try received.methodName() == "second")
      #expect(received.message.map { [UInt8]($0) } == [2, 3])
      #expect(received.trace == nil)
    }
  }

  @Test(
    "text that is not UTF-8 is malformed, in a trace and in a method alike",
    arguments: [[0x1A, 0x02, 0xC3, 0x28], [0x0A, 0x02, 0xC3, 0x28]] as [[UInt8]])
  func notText(bytes: [UInt8]) {
    #expect(throws: CodecError.self) {
      try bytes.withUnsafeBytes { _ = try ReceivedRequest($0).methodName() }
    }
  }

  @Test("an answer is read as the schema writes it")
  func response() throws {
    let response = RPCResponse(
      metadata: [RPCMetadataEntry(key: "k", value: [9])], message: [4, 5, 6])
    try response.serialized().withUnsafeBytes { bytes in
      let received = try ReceivedResponse(bytes)
      #expect(received.metadata == response.metadata)
      #expect(received.message.map { [UInt8]($0) } == response.message)
    }
    let hasNone = try RPCResponse().serialized().withUnsafeBytes {
      try ReceivedResponse($0).message == nil
    }
    #expect(hasNone)
  }
}
