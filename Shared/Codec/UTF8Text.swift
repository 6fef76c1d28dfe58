/// Text from bytes that are to be UTF-8.
public enum UTF8Text {
  /// The string of `bytes`; nil if they are not UTF-8.
  ///
  /// The standard library's validating initialiser is generic over encodings, and slower than its
  /// repairing one, which is made for UTF-8. Repair replaces what is wrong by U+FFFD, so that the
  /// bytes come out as they went in if, and only if, nothing was wrong.
  @inlinable
  public static func string(_ bytes: UnsafeRawBufferPointer) -> String? {
    let text = String(decoding: bytes, as: UTF8.self)
    let isSame = text.utf8.withContiguousStorageIfAvailable { utf8 in
      areEqual(UnsafeRawBufferPointer(utf8), bytes)
    }
    // A string just made of bytes is contiguous.
    return isSame == true ? text : nil
  }

  @usableFromInline
  static func areEqual(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
    guard a.count == b.count else { return false }
    var offset = 0
    while offset &+ 8 <= a.count {
      let left = a.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      guard left == b.loadUnaligned(fromByteOffset: offset, as: UInt64.self) else { return false }
      offset &+= 8
    }
    while offset < a.count {
      guard a[offset] == b[offset] else { return false }
      offset &+= 1
    }
    return true
  }
}
