import Codec
import CodecSchemas
import Testing

@Suite("Scalars")
struct ScalarTests {
  @Test("the greatest value of every scalar has protobuf's bytes")
  func greatest() throws {
    try expectGolden(Samples.greatest, Samples.greatestBytes)
  }

  @Test("the least value of every scalar has protobuf's bytes")
  func least() throws {
    try expectGolden(Samples.least, Samples.leastBytes)
  }

  @Test("minus one is ten bytes as int and one as sint")
  func minusOne() throws {
    try expectGolden(
      KitchenScalars(anInt32: -1, anInt64: -1, aSint32: -1, aSint64: -1, state: .burnt),
      "18ffffffffffffffffff01 20ffffffffffffffffff01 3801 4001 8001ffffffffffffffffff01")
  }

  @Test("defaults take no bytes at all")
  func defaults() throws {
    try expectGolden(KitchenScalars(), "")
    try expectGolden(KitchenNothing(), "")
  }

  @Test("negative zero is no default")
  func negativeZero() throws {
    let bytes = KitchenScalars(aDouble: -0.0, aFloat: -0.0).serialized()
    #expect(hex(bytes) == "0900000000000000801500000080")
    let message = try KitchenScalars(serialized: bytes)
    #expect(message.aDouble.sign == .minus)
    #expect(message.aFloat.sign == .minus)
  }

  @Test("a NaN keeps its bits, an infinity its sign")
  func nonFinite() throws {
    let pattern: UInt64 = 0x7FF8_0000_DEAD_BEEF
    let sent = KitchenScalars(aDouble: Double(bitPattern: pattern), aFloat: -.infinity)
    let message = try KitchenScalars(serialized: sent.serialized())
    #expect(message.aDouble.bitPattern == pattern)
    #expect(message.aFloat == -.infinity)
  }

  @Test(
    "a varint is as long as its bits need",
    arguments: [
      (0, 1), (1, 1), (0x7F, 1), (0x80, 2), (0x3FFF, 2), (0x4000, 3), (0x1F_FFFF, 3),
      (0x20_0000, 4), (0xFFF_FFFF, 4), (0x1000_0000, 5), (UInt64(UInt32.max), 5),
      (0x7_FFFF_FFFF, 5), (0x8_0000_0000, 6), (0x3FF_FFFF_FFFF, 6), (0x400_0000_0000, 7),
      (0x1_FFFF_FFFF_FFFF, 7), (0x2_0000_0000_0000, 8), (0xFF_FFFF_FFFF_FFFF, 8),
      (0x100_0000_0000_0000, 9), (0x7FFF_FFFF_FFFF_FFFF, 9), (0x8000_0000_0000_0000, 10),
      (UInt64.max, 10),
    ] as [(UInt64, Int)])
  func varintSizes(value: UInt64, size: Int) throws {
    #expect(WireSize.varint(value) == size)
    let message = KitchenScalars(aUint64: value)
    #expect(message.serialized().count == (value == 0 ? 0 : 1 + size))
    #expect(try KitchenScalars(serialized: message.serialized()).aUint64 == value)
  }

  @Test("zigzag maps small magnitudes to small numbers and loses none")
  func zigZag() {
    let pairs: [(Int64, UInt64)] = [
      (0, 0), (-1, 1), (1, 2), (-2, 3), (.max, .max - 1), (.min, .max),
    ]
    for (signed, unsigned) in pairs {
      #expect(ZigZag.encode(signed) == unsigned)
      #expect(ZigZag.decode(unsigned) == signed)
    }
    #expect(ZigZag.encode(Int32.min) == .max)
    #expect(ZigZag.decode(UInt32.max) == .min)
  }

  @Test("a 64-bit varint in a 32-bit field is cut to its low bits")
  func truncatedTo32Bits() throws {
    // 2^33 + 5 in int32, uint32 and the enum; 2^33 + 4 (zigzag of 2) in sint32.
    let bytes = hex("1885808080 20 2885808080 20 3884808080 20 8001 81808080 20")
    let message = try KitchenScalars(serialized: bytes)
    #expect(message == KitchenScalars(anInt32: 5, aUint32: 5, aSint32: 2, state: .raw))
  }

  @Test("any varint but zero is true, however long")
  func truth() throws {
    #expect(try KitchenScalars(serialized: hex("6802")).aBool)
    #expect(try KitchenScalars(serialized: hex("688080808080808080 8001")).aBool)
    #expect(try !KitchenScalars(serialized: hex("6880808000")).aBool)
  }

  @Test("field numbers of every tag size are written with the tag they need")
  func tagSizes() throws {
    try expectGolden(
      KitchenNumbers(
        oneByte: 1, twoBytes: 2, threeBytes: 3, fourBytes: 4, fiveBytes: 5, firstOfTwo: 6),
      "7801 800106 f87f02 f8ff7f03 f8ffff7f04 f8ffffff0f05")
  }

  @Test("a string that Swift does not store as contiguous UTF-8 is written like any other")
  func substring() throws {
    let text = String("prefix-\u{E9}t\u{E9}-of-more-than-fifteen-bytes".dropFirst(7))
    #expect(
      try KitchenScalars(serialized: KitchenScalars(aString: text).serialized()).aString == text)
  }

  @Test("messages of every size around those that are encoded on the stack come out whole")
  func sizes() throws {
    for length in [0, 1, 100] + Array(480...560) + [100_000] {
      let message = KitchenScalars(someBytes: (0..<length).map { UInt8(truncatingIfNeeded: $0) })
      let bytes = message.serialized()
      #expect(bytes.count == message.encodedSize && bytes.capacity >= bytes.count)
      #expect(try KitchenScalars(serialized: bytes) == message)
    }
  }
}
