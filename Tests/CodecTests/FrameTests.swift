import Codec
import Testing

@Suite("Frame headers")
struct FrameTests {
  private let header = FrameHeader(
    kind: .message, flags: [.endStream, .more], stream: 0x0A0B_0C0D, payloadLength: 0x0001_0203)

  @Test("a header is twelve bytes, little-endian, in the order of the specification")
  func golden() throws {
    #expect(hex(header.bytes) == "0302010004030000" + "0d0c0b0a")
    #expect(try FrameHeader(parsing: header.bytes, limit: 1 << 20) == header)
  }

  @Test("kinds and flags have the numbers of the specification")
  func numbers() {
    let kinds: [FrameKind] = [
      .hello, .request, .response, .message, .status, .cancel, .credit, .ping, .goaway,
    ]
    #expect(kinds.map(\.rawValue) == Array(1...9))
    #expect(FrameKind.allCases.count == 9)
    let flags: [FrameFlags] = [.endStream, .more, .empty, .ack]
    #expect(flags.map(\.rawValue) == [1, 2, 4, 8])
  }

  @Test("every kind survives the way there and back")
  func everyKind() throws {
    for kind in FrameKind.allCases {
      let header = FrameHeader(kind: kind, stream: 1, payloadLength: 0)
      #expect(try FrameHeader(parsing: header.bytes, limit: 0) == header)
    }
  }

  @Test("what follows the header is left alone")
  func trailing() throws {
    #expect(try FrameHeader(parsing: header.bytes + [1, 2, 3], limit: 1 << 20) == header)
  }

  @Test("flags that have no name yet are kept")
  func unknownFlags() throws {
    var bytes = header.bytes
    bytes[5] = 0xF1
    let parsed = try FrameHeader(parsing: bytes, limit: 1 << 20)
    #expect(parsed.flags.rawValue == 0xF1)
    #expect(parsed.flags.contains(.endStream))
    #expect(!parsed.flags.contains(.more))
  }

  @Test("fewer than twelve bytes are no header")
  func short() {
    for count in 0..<12 {
      #expect(throws: FrameError.headerTruncated(count: count)) {
        try FrameHeader(parsing: Array(header.bytes[..<count]), limit: 1 << 20)
      }
    }
  }

  @Test("reserved bytes other than zero are refused")
  func reserved() {
    for (index, value) in [(6, UInt16(1)), (7, 0x0100)] {
      var bytes = header.bytes
      bytes[index] = 1
      #expect(throws: FrameError.reservedNotZero(value)) {
        try FrameHeader(parsing: bytes, limit: 1 << 20)
      }
    }
  }

  @Test("kinds that are none are refused", arguments: [0, 10, 255] as [UInt8])
  func unknownKind(kind: UInt8) {
    var bytes = header.bytes
    bytes[4] = kind
    #expect(throws: FrameError.unknownKind(kind)) {
      try FrameHeader(parsing: bytes, limit: 1 << 20)
    }
  }

  @Test("a payload may be as long as the limit and not a byte longer")
  func limit() throws {
    let length = Int(header.payloadLength)
    #expect(try FrameHeader(parsing: header.bytes, limit: length) == header)
    #expect(throws: FrameError.payloadTooLong(length: header.payloadLength, limit: length - 1)) {
      try FrameHeader(parsing: header.bytes, limit: length - 1)
    }
    let longest = FrameHeader(kind: .message, stream: 1, payloadLength: .max)
    #expect(throws: FrameError.payloadTooLong(length: .max, limit: 1024)) {
      try FrameHeader(parsing: longest.bytes, limit: 1024)
    }
  }
}
