import Codec
import CodecSchemas

/// Messages made in Swift: each is sent, its name before it, and must come back from the other side
/// as a message that is encoded to the same bytes.
enum RandomExchange {
  static func run(seed: UInt64, count: Int) throws(TesteeError) {
    var random = RandomFields(seed: seed)
    for number in 0..<count {
      switch number % 6 {
      case 0: try exchange(KitchenScalars.random(&random), number)
      case 1: try exchange(KitchenOptionals.random(&random), number)
      case 2: try exchange(KitchenRepeated.random(&random), number)
      case 3: try exchange(KitchenMaps.random(&random), number)
      case 4: try exchange(KitchenChoice.random(&random), number)
      default:
        try exchange(ProtobufTestMessages_Proto3_TestAllTypesProto3.random(&random), number)
      }
    }
  }

  private static func exchange<M: Message>(_ message: M, _ number: Int) throws(TesteeError) {
    let bytes = message.serialized()
    try Pipe.write(Array(M.protoName.utf8))
    try Pipe.write(bytes)
    guard let answer = try Pipe.read() else { throw .cut(expected: 1, got: 0) }
    // By bytes, since two NaN are never equal; equal messages have equal bytes.
    guard let decoded = try? M(serialized: answer), decoded.serialized() == bytes else {
      throw .differs(message: number, type: M.protoName)
    }
  }
}
