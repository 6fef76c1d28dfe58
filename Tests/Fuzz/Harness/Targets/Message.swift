import Codec
import CodecSchemas
import RPC

/// Decodes the input as one of the messages; what decodes, encodes to bytes that decode to the same
/// bytes again.
///
/// Bytes are compared rather than messages, because a NaN is not equal to itself.
func fuzzMessage(_ bytes: [UInt8]) {
  guard let choice = bytes.first else { return }
  checks[Int(choice) % checks.count](Array(bytes.dropFirst()))
}

private let checks: [@Sendable ([UInt8]) -> Void] = [
  { check(KitchenScalars.self, $0) }, { check(KitchenOptionals.self, $0) },
  { check(KitchenRepeated.self, $0) }, { check(KitchenMaps.self, $0) },
  { check(KitchenChoice.self, $0) }, { check(KitchenNode.self, $0) },
  { check(KitchenReserved.self, $0) }, { check(KitchenWellKnown.self, $0) },
  { check(KitchenNothing.self, $0) }, { check(KitchenNumbers.self, $0) },
  { check(RPCHello.self, $0) }, { check(RPCRequest.self, $0) },
  { check(RPCResponse.self, $0) }, { check(RPCStatus.self, $0) },
  { check(ProtobufTestMessages_Proto3_TestAllTypesProto3.self, $0) },
]

private func check<M: Message>(_: M.Type, _ bytes: [UInt8]) {
  guard let message = try? M(serialized: bytes) else { return }
  let first = message.serialized()
  expect(first.count == message.encodedSize, "\(M.protoName): encodedSize is the size")
  guard let again = try? M(serialized: first) else {
    broken("\(M.protoName): what was encoded decodes")
  }
  let second = again.serialized()
  expect(first == second, "\(M.protoName): decoding and encoding is stable")
  checkMerge(message, with: bytes, first)
  // Walks every field; text of any content must be printable.
  _ = JSONPrinter().print(message)
}

/// Two encodings one behind the other are the merged message; so is merging one after the other.
private func checkMerge<M: Message>(_ message: M, with bytes: [UInt8], _ encoded: [UInt8]) {
  guard let joined = try? M(serialized: encoded + bytes) else {
    broken("\(M.protoName): two encodings one behind the other decode")
  }
  var merged = message
  do {
    try merged.merge(serialized: bytes)
  } catch {
    broken("\(M.protoName): bytes that decode can be merged, but \(error)")
  }
  expect(joined.serialized() == merged.serialized(), "\(M.protoName): joining is merging")
}
