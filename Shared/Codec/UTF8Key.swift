/// A string as the key of a map: equal to another where their bytes are.
///
/// Swift holds "\u{e9}" and "e\u{301}" to be the same string, since Unicode does; to protobuf they
/// are two keys. A map by `String` would lose one of two such entries.
@frozen
public struct UTF8Key: Sendable {
  public let string: String

  @inlinable
  public init(_ string: String) { self.string = string }

  @inlinable
  func withBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
    let result = string.utf8.withContiguousStorageIfAvailable { body(UnsafeRawBufferPointer($0)) }
    if let result { return result }
    // A string bridged from elsewhere: make it contiguous first.
    var copy = string
    return copy.withUTF8 { body(UnsafeRawBufferPointer($0)) }
  }
}

extension UTF8Key: Hashable {
  @inlinable
  public static func == (lhs: UTF8Key, rhs: UTF8Key) -> Bool {
    lhs.withBytes { left in rhs.withBytes { right in UTF8Text.areEqual(left, right) } }
  }

  /// By bytes as well: of one text there are so many spellings that a sender could fill a table
  /// with a single hash.
  @inlinable
  public func hash(into hasher: inout Hasher) {
    withBytes { hasher.combine(bytes: $0) }
  }
}

extension UTF8Key: Comparable {
  /// By bytes, which is by code points: the order of `String` depends on Unicode's tables, which
  /// change.
  @inlinable
  public static func < (lhs: UTF8Key, rhs: UTF8Key) -> Bool {
    lhs.string.utf8.lexicographicallyPrecedes(rhs.string.utf8)
  }
}

extension UTF8Key: ExpressibleByStringLiteral, CustomStringConvertible {
  @inlinable
  public init(stringLiteral value: String) { self.init(value) }

  public var description: String { string }
}
