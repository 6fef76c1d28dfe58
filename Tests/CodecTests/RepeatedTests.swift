import Codec
import CodecSchemas
import Testing

@Suite("Repeated fields")
struct RepeatedTests {
  @Test("every repeated type has protobuf's bytes, packed where that is the default")
  func golden() throws {
    try expectGolden(Samples.repeated, Samples.repeatedBytes)
  }

  @Test("empty lists take no bytes")
  func empty() throws {
    try expectGolden(KitchenRepeated(), "")
  }

  @Test("packed and unpacked elements are read alike, whatever the schema says")
  func bothForms() throws {
    // Field 3 is packed by the schema, 18 is not; here both come in both forms.
    let message = try KitchenRepeated(
      serialized: hex("1801 1a020203 1804 900105 9201020607 900108"))
    #expect(message.int32s == [1, 2, 3, 4])
    #expect(message.unpackedInt32s == [5, 6, 7, 8])
  }

  @Test("each scalar is read unpacked")
  func unpackedScalars() throws {
    let message = try KitchenRepeated(
      serialized: hex(
        "09000000000000f83f 150000003f 1801 20ff01 2801 3001 3801 4001 4d01000000"
          + "510100000000000000 5dffffffff 61ffffffffffffffff 6801 800101"))
    #expect(
      message
        == KitchenRepeated(
          doubles: [1.5], floats: [0.5], int32s: [1], int64s: [255], uint32s: [1], uint64s: [1],
          sint32s: [-1], sint64s: [-1], fixed32s: [1], fixed64s: [1], sfixed32s: [-1],
          sfixed64s: [-1], bools: [true], states: [.raw]))
  }

  @Test("each scalar that the schema leaves unpacked is read packed")
  func packedScalars() throws {
    let message = try KitchenRepeated(
      serialized: hex("920102ac02 9a0110 0100000000000000 0200000000000000"))
    #expect(message == KitchenRepeated(unpackedInt32s: [300], unpackedFixed64s: [1, 2]))
  }

  @Test("an empty packed field is no element")
  func emptyPacked() throws {
    #expect(try KitchenRepeated(serialized: hex("1a00 0a00")) == KitchenRepeated())
  }

  @Test("a packed field of fixed width must hold whole elements")
  func misaligned() {
    expectRefused(
      KitchenRepeated.self, hex("4a05 0100000002"),
      .misalignedPackedField(length: 5, elementSize: 4))
  }

  @Test("a varint may not reach beyond its packed field")
  func varintBeyondPacked() {
    expectRefused(KitchenRepeated.self, hex("1a0280 80 01"), .truncated)
  }

  @Test("ten thousand elements of each width survive the way there and back")
  func many() throws {
    let numbers = (0..<10_000).map { UInt64($0) &* 0x9E37_79B9_7F4A_7C15 }
    let message = KitchenRepeated(
      doubles: numbers.map { Double($0) }, int64s: numbers.map { Int64(bitPattern: $0) },
      uint64s: numbers, fixed32s: numbers.map { UInt32(truncatingIfNeeded: $0) },
      bools: numbers.map { $0 & 1 == 1 })
    #expect(try KitchenRepeated(serialized: message.serialized()) == message)
  }
}
