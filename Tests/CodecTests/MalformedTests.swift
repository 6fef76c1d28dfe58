import Codec
import CodecSchemas
import Testing

@Suite("Malformed bytes")
struct MalformedTests {
  /// Every prefix either ends between two fields, and then reads as fewer of them, or is refused.
  private func expectNoPrefixIsWhole<M: Message>(_ message: M) {
    let bytes = message.serialized()
    for length in 0..<bytes.count {
      let part = try? M(serialized: Array(bytes[..<length]))
      #expect(part != message, "the first \(length) of \(bytes.count) bytes read as the whole")
      if let part { #expect(part.serialized().count <= length) }
    }
  }

  @Test("a message that is cut off at any byte is never taken for the whole")
  func truncated() {
    expectNoPrefixIsWhole(Samples.greatest)
    expectNoPrefixIsWhole(Samples.least)
    expectNoPrefixIsWhole(Samples.repeated)
    expectNoPrefixIsWhole(Samples.maps)
    expectNoPrefixIsWhole(Samples.choice)
    expectNoPrefixIsWhole(Samples.node)
  }

  @Test(
    "a field that is cut off is refused at every byte",
    arguments: [
      "09ffffffffffffef7f", "15ffff7f7f", "18ffffffff07", "30ffffffffffffffffff01",
      "720c5ac3bc7269636820f09f8db3", "800180808080f8ffffffff01", "a20603616263", "a3060801a406",
    ])
  func truncatedField(bytes: String) {
    let bytes = hex(bytes)
    for length in 1..<bytes.count {
      #expect(throws: CodecError.self) { try KitchenScalars(serialized: Array(bytes[..<length])) }
    }
  }

  @Test("any byte of a message may be any other without harm to the reader")
  func flipped() {
    let bytes = hex(Samples.mapsBytes)
    for index in bytes.indices {
      for flip: UInt8 in [0x01, 0x02, 0x07, 0x80, 0xFF] {
        var damaged = bytes
        damaged[index] ^= flip
        guard let message = try? KitchenMaps(serialized: damaged) else { continue }
        #expect(message.serialized().count == message.encodedSize)
      }
    }
  }

  @Test("a varint has at most ten bytes")
  func overlongVarint() {
    expectRefused(KitchenScalars.self, hex("30ffffffffffffffffffff01"), .malformedVarint)
    expectRefused(KitchenScalars.self, hex("30ffffffffffffffffffff"), .malformedVarint)
    expectRefused(KitchenScalars.self, hex("3080808080808080808080 00"), .malformedVarint)
  }

  @Test("bits of a varint beyond the 64th are dropped, as Google's readers do")
  func wideVarint() throws {
    #expect(try KitchenScalars(serialized: hex("30ffffffffffffffffff7f")).aUint64 == .max)
    #expect(try KitchenScalars(serialized: hex("3081808080808080808002")).aUint64 == 1)
  }

  @Test("a varint may be longer than it need be")
  func paddedVarint() throws {
    #expect(try KitchenScalars(serialized: hex("188100")).anInt32 == 1)
    #expect(try KitchenScalars(serialized: hex("3081808080808080808000")).aUint64 == 1)
  }

  @Test("a length beyond the message is refused before anything is allocated for it")
  func lengths() {
    expectRefused(
      KitchenScalars.self, hex("7205616263"), .lengthOutOfBounds(length: 5, available: 3))
    expectRefused(
      KitchenScalars.self, hex("72ffffffffffffffffff01"),
      .lengthOutOfBounds(length: .max, available: 0))
    expectRefused(
      KitchenRepeated.self, hex("0a8080808008"),
      .lengthOutOfBounds(length: 1 << 31, available: 0))
    expectRefused(
      KitchenMaps.self, hex("72ffffffff7f"),
      .lengthOutOfBounds(length: 0x7_FFFF_FFFF, available: 0))
  }

  @Test("a nested field may not reach beyond the message it is in")
  func lengthBeyondParent() {
    // The string says 3 bytes; its message ends after 1, though the outer one goes on.
    expectRefused(
      KitchenOptionals.self, hex("8a0103 720361 6263"),
      .lengthOutOfBounds(length: 3, available: 1))
  }

  @Test("field number 0, and tags that do not fit, are refused")
  func tags() {
    expectRefused(KitchenScalars.self, hex("0001"), .invalidTag(0))
    expectRefused(KitchenScalars.self, hex("0200"), .invalidTag(2))
    expectRefused(KitchenScalars.self, hex("8080808010 00"), .invalidTag(1 << 32))
    expectRefused(KitchenScalars.self, hex("988080808000 01"), .invalidTag(24))
    expectRefused(KitchenScalars.self, hex("8000"), .invalidTag(0))
  }

  @Test("wire types 6 and 7 are refused")
  func wireTypes() {
    expectRefused(KitchenScalars.self, hex("1e01"), .invalidWireType(tag: 0x1E))
    expectRefused(KitchenScalars.self, hex("1f01"), .invalidWireType(tag: 0x1F))
  }

  @Test("groups must end, with their own number, and only where one is open")
  func groups() {
    expectRefused(KitchenScalars.self, hex("a306 0801"), .truncated)
    expectRefused(
      KitchenScalars.self, hex("a306 ac06"), .groupMismatch(open: 100, closed: 101))
    expectRefused(KitchenScalars.self, hex("a406"), .groupMismatch(open: 0, closed: 100))
  }

  @Test(
    "strings must be UTF-8: no stray, missing, over-long, surrogate or too large code point",
    arguments: ["80", "c3", "c080", "e28082ff", "eda080", "f4908080", "f8888080", "61e282"])
  func utf8(bytes: String) {
    let text = hex(bytes)
    expectRefused(
      KitchenScalars.self, [0x72, UInt8(text.count)] + text,
      .invalidUTF8(field: "assay.kitchen.v1.Scalars.a_string"))
  }

  @Test("a string may hold a zero byte, which is UTF-8")
  func zeroByte() throws {
    #expect(try KitchenScalars(serialized: hex("7203610062")).aString == "a\u{0}b")
  }

  @Test("messages may nest 100 deep and no deeper")
  func recursionLimit() throws {
    func nested(_ levels: Int) -> [UInt8] {
      var bytes: [UInt8] = []
      for _ in 0..<levels {
        var writer = [UInt8](unsafeUninitializedCapacity: 11) { buffer, count in
          var writer = WireWriter(UnsafeMutableRawBufferPointer(buffer))
          writer.writeTag(0x12)
          writer.writeVarint(UInt64(bytes.count))
          count = writer.offset
        }
        writer += bytes
        bytes = writer
      }
      return bytes
    }
    var depth = 0
    var node: KitchenNode? = try KitchenNode(serialized: nested(100))
    while let next = node?.next {
      depth += 1
      node = next
    }
    #expect(depth == 100)
    expectRefused(KitchenNode.self, nested(101), .recursionLimit(100))
  }

  @Test("maps and groups count as levels too")
  func recursionOfOthers() {
    let groups = [UInt8](repeating: 0x0B, count: 101)
    expectRefused(KitchenNothing.self, groups, .recursionLimit(100))
    var bytes: [UInt8] = []
    for _ in 0..<51 {
      let entry = hex("1200").dropLast() + varint(bytes.count) + bytes
      bytes = hex("9201") + varint(entry.count) + entry
    }
    expectRefused(KitchenMaps.self, bytes, .recursionLimit(100))
  }

  private func varint(_ value: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 10) { buffer, count in
      var writer = WireWriter(UnsafeMutableRawBufferPointer(buffer))
      writer.writeVarint(UInt64(value))
      count = writer.offset
    }
  }

  @Test("a reader may be given another limit of nesting")
  func otherLimit() throws {
    let bytes = hex("1204 1202 1200")
    func read(_ limit: Int) throws -> KitchenNode {
      try bytes.withUnsafeBytes { buffer in
        var reader = WireReader(buffer, recursionLimit: limit)
        var node = KitchenNode()
        try node.merge(from: &reader)
        return node
      }
    }
    #expect(try read(3).next?.next?.next == KitchenNode())
    #expect(throws: CodecError.recursionLimit(2)) { try read(2) }
  }

  @Test("every error says in words what is wrong")
  func descriptions() {
    let errors: [CodecError] = [
      .truncated, .malformedVarint, .invalidTag(0), .invalidWireType(tag: 30),
      .invalidUTF8(field: "a.B.c"), .lengthOutOfBounds(length: 5, available: 3),
      .misalignedPackedField(length: 5, elementSize: 4), .recursionLimit(100),
      .groupMismatch(open: 0, closed: 1), .groupMismatch(open: 1, closed: 2),
    ]
    #expect(Set(errors.map(\.description)).count == errors.count)
    #expect(CodecError.invalidUTF8(field: "a.B.c").description.contains("a.B.c"))
  }
}
