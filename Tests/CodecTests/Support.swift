import Codec
import CodecSchemas
import Testing

/// The bytes of a string of hexadecimal digits; spaces part them for the eye.
func hex(_ text: String) -> [UInt8] {
  let digits = text.filter { $0 != " " && $0 != "\n" }
  var bytes: [UInt8] = []
  var index = digits.startIndex
  while index < digits.endIndex {
    let next = digits.index(index, offsetBy: 2)
    // The tests' own literals; a digit that is none shows as a wrong byte.
    bytes.append(UInt8(digits[index..<next], radix: 16) ?? 0xEE)
    index = next
  }
  return bytes
}

func hex(_ bytes: [UInt8]) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

/// Expects that `message` is exactly `bytes` on the wire, both ways, and that its size is right.
func expectGolden<M: Message>(
  _ message: M, _ bytes: String, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let encoded = message.serialized()
  #expect(hex(encoded) == bytes.filter { $0 != " " && $0 != "\n" }, sourceLocation: sourceLocation)
  #expect(message.encodedSize == encoded.count, sourceLocation: sourceLocation)
  #expect(try M(serialized: hex(bytes)) == message, sourceLocation: sourceLocation)
}

/// Expects that `bytes` are refused with `error`.
func expectRefused<M: Message>(
  _: M.Type, _ bytes: [UInt8], _ error: CodecError,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(throws: error, sourceLocation: sourceLocation) { try M(serialized: bytes) }
}

// The vectors below and in the other files were made with Google's Python implementation from the
// same schema, fields set to the same values.
enum Samples {
  static let greatest = KitchenScalars(
    aDouble: .greatestFiniteMagnitude, aFloat: .greatestFiniteMagnitude, anInt32: .max,
    anInt64: .max, aUint32: .max, aUint64: .max, aSint32: .max, aSint64: .max, aFixed32: .max,
    aFixed64: .max, aSfixed32: .max, aSfixed64: .max, aBool: true, aString: "Zürich 🍳",
    someBytes: [0x00, 0xFF], state: .unprefixed)

  static let greatestBytes =
    "09ffffffffffffef7f15ffff7f7f18ffffffff0720ffffffffffffffff7f28ffffffff0f30ffffffffffffffffff01"
    + "38feffffff0f40feffffffffffffffff014dffffffff51ffffffffffffffff5dffffff7f61ffffffffffffff7f"
    + "6801720c5ac3bc7269636820f09f8db37a0200ff8001ffffffff07"

  static let least = KitchenScalars(
    aDouble: -.leastNonzeroMagnitude, aFloat: -.leastNonzeroMagnitude, anInt32: .min,
    anInt64: .min, aUint32: 1, aUint64: 1, aSint32: .min, aSint64: .min, aFixed32: 1, aFixed64: 1,
    aSfixed32: .min, aSfixed64: .min, state: .frozen)

  static let leastBytes =
    "09010000000000008015010000801880808080f8ffffffff0120808080808080808080012801300138ffffffff0f"
    + "40ffffffffffffffffff014d010000005101000000000000005d00000080610000000000000080"
    + "800180808080f8ffffffff01"

  static let repeated = KitchenRepeated(
    doubles: [0, 1.5], floats: [0, -2.5], int32s: [0, 150, -1], int64s: [1, -1],
    uint32s: [0, 300], uint64s: [.max], sint32s: [-1, 1], sint64s: [-2, 2], fixed32s: [1, 2],
    fixed64s: [3], sfixed32s: [-1], sfixed64s: [-1, 0], bools: [true, false], strings: ["", "a"],
    byteStrings: [[], [0x78]], states: [.raw, .burnt, .unrecognized(99)],
    messages: [KitchenScalars(), KitchenScalars(anInt32: 1)], unpackedInt32s: [0, 1],
    unpackedFixed64s: [1])

  static let repeatedBytes =
    "0a100000000000000000000000000000f83f120800000000000020c01a0d009601ffffffffffffffffff01"
    + "220b01ffffffffffffffffff012a0300ac02320affffffffffffffffff013a020102420203044a08010000000200"
    + "0000520803000000000000005a04ffffffff6210ffffffffffffffff00000000000000006a02010072007201617a"
    + "007a017882010c01ffffffffffffffffff01638a01008a0102180190010090010199010100000000000000"

  static let maps = KitchenMaps(
    int32s: [-1: 1, 1: -1, 0: 0], int64s: [1: 2], uint32s: [1: 2], uint64s: [.max: 1],
    sint32s: [-1: 1, 1: -1], sint64s: [-1: 1], fixed32s: [1: 2], fixed64s: [1: 2],
    sfixed32s: [-1: 1], sfixed64s: [-1: 1], floats: [1: 0.5], doubles: [1: 0.5],
    bools: [true: false, false: true], strings: ["b": "2", "a": "1", "": ""],
    byteStrings: ["k": [0x76]], states: ["x": .raw],
    messages: ["m": KitchenScalars(anInt32: 7), "e": KitchenScalars()],
    recursive: ["r": KitchenMaps(strings: ["q": "z"])])

  static let mapsBytes =
    "0a0d08ffffffffffffffffff0110010a0d080110ffffffffffffffffff010a04080010001204080110021a0408"
    + "011002220d08ffffffffffffffffff0110012a04080110022a04080210013204080110023a0a0d010000001502"
    + "00000042120901000000000000001102000000000000004a0a0dffffffff1501000000521209ffffffffffffff"
    + "ff1101000000000000005a070801150000003f620b080111000000000000e03f6a04080110006a040800100172"
    + "060a016112013172060a016212013272040a0012007a060a016b1201768201050a017810018a01050a01651200"
    + "8a01070a016d1202180792010d0a0172120872060a017112017a"

  static let choice = KitchenChoice(
    before: "b", kind: .choice(KitchenChoice(kind: .scalars(KitchenScalars(anInt32: 9)))),
    between: "m", other: .second(5))
  static let choiceBytes = "0a01627a016da201059a01021809b00105"

  static let node = KitchenNode(
    label: "a",
    next: KitchenNode(
      label: "b", other: KitchenNode.Other(node: KitchenNode(label: "c"), weight: 3)),
    children: [KitchenNode(label: "d")])
  static let nodeBytes = "0a0161120c0a01621a070a030a0163100322030a0164"
}
