import Glibc

/// Why the testee stops.
enum TesteeError: Error, CustomStringConvertible {
  case usage
  case cut(expected: Int, got: Int)
  case writeFailed
  case differs(message: Int, type: String)

  var description: String {
    switch self {
    case .usage: "expected no argument, or --random SEED COUNT"
    case .cut(let expected, let got): "standard input ended after \(got) of \(expected) bytes"
    case .writeFailed: "standard output does not take any more"
    case .differs(let message, let type):
      "message \(message), a \(type), came back as another one"
    }
  }
}

/// Standard input and output as a sequence of byte strings, each behind its length.
enum Pipe {
  /// The next byte string, or nil where the input ends between two.
  static func read() throws(TesteeError) -> [UInt8]? {
    let head = try read(count: 4)
    if head.isEmpty { return nil }
    guard head.count == 4 else { throw .cut(expected: 4, got: head.count) }
    let length = head.reversed().reduce(0) { $0 << 8 | Int($1) }
    let bytes = try read(count: length)
    guard bytes.count == length else { throw .cut(expected: length, got: bytes.count) }
    return bytes
  }

  static func write(_ bytes: [UInt8]) throws(TesteeError) {
    let length = UInt32(bytes.count)
    let message = (0..<4).map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) } + bytes
    var offset = 0
    while offset < message.count {
      let count = message.withUnsafeBytes {
        Glibc.write(1, $0.baseAddress! + offset, message.count - offset)
      }
      guard count > 0 else { throw .writeFailed }
      offset += count
    }
  }

  static func complain(_ text: String) {
    let bytes = Array(text.utf8)
    _ = bytes.withUnsafeBytes { Glibc.write(2, $0.baseAddress, bytes.count) }
  }

  /// Fewer bytes than `count` only where the input ends.
  private static func read(count: Int) throws(TesteeError) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let got = Glibc.read(0, buffer.baseAddress! + filled, count - filled)
        guard got > 0 else { return }
        filled += got
      }
    }
  }
}
