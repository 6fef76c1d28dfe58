/// Why bytes are not the protobuf message that they should be.
///
/// A decoder that has thrown says nothing about the message it was filling: throw that away too.
public enum CodecError: Error, Equatable, Sendable {
  /// The bytes end in the middle of a field.
  case truncated
  /// A varint of more than ten bytes.
  case malformedVarint
  /// A tag whose field number is 0, or that does not fit 32 bits.
  case invalidTag(UInt64)
  /// Wire type 6 or 7, which protobuf does not have; with the tag that carries it.
  case invalidWireType(tag: UInt32)
  /// A `string` field, by its full proto name, whose bytes are not UTF-8.
  case invalidUTF8(field: String)
  /// A length prefix that reaches beyond the message it is in.
  case lengthOutOfBounds(length: UInt64, available: Int)
  /// A packed field whose length is no multiple of its elements' width.
  case misalignedPackedField(length: Int, elementSize: Int)
  /// Messages or groups nested deeper than the reader allows.
  case recursionLimit(Int)
  /// The end of a group that is not the one that is open; 0 when none is.
  case groupMismatch(open: UInt32, closed: UInt32)
}

extension CodecError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .truncated:
      "the message ends in the middle of a field"
    case .malformedVarint:
      "a varint is longer than 10 bytes"
    case .invalidTag(let tag):
      "tag \(tag) is none: its field number must be 1 to 536870911"
    case .invalidWireType(let tag):
      "field \(tag >> 3) has wire type \(tag & 7), expected 0 to 5"
    case .invalidUTF8(let field):
      "the string field \(field) is not UTF-8"
    case .lengthOutOfBounds(let length, let available):
      "a field says it is \(length) bytes long, but only \(available) bytes are left in its message"
    case .misalignedPackedField(let length, let elementSize):
      "a packed field of \(elementSize)-byte elements is \(length) bytes long"
    case .recursionLimit(let limit):
      "messages are nested deeper than \(limit) levels"
    case .groupMismatch(let open, let closed):
      open == 0
        ? "group \(closed) ends, but none was begun"
        : "group \(open) is open, but group \(closed) ends"
    }
  }
}
