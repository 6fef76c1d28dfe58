extension WireReader {
  /// Skips the field whose tag `nextTag` just returned and keeps its bytes, tag and all.
  public mutating func keepUnknown(
    _ tag: UInt32, in unknownFields: inout UnknownFields
  ) throws(CodecError) {
    let start = tagOffset
    try skip(tag)
    unknownFields.append(UnsafeRawBufferPointer(rebasing: bytes[start..<offset]))
  }

  /// Skips the payload of the field whose tag `nextTag` just returned.
  public mutating func skip(_ tag: UInt32) throws(CodecError) {
    guard let wireType = WireType(rawValue: tag & 7) else { throw .invalidWireType(tag: tag) }
    switch wireType {
    case .varint:
      _ = try readVarint()
    case .fixed64:
      try skipBytes(8)
    case .fixed32:
      try skipBytes(4)
    case .lengthDelimited:
      offset += try readLength()
    case .startGroup:
      try skipGroup(tag >> 3)
    case .endGroup:
      throw .groupMismatch(open: 0, closed: tag >> 3)
    }
  }

  private mutating func skipBytes(_ count: Int) throws(CodecError) {
    guard bytesLeft >= count else { throw .truncated }
    offset += count
  }

  /// Skips to behind the end of a group; proto3 has none, but what it does not know may be one.
  private mutating func skipGroup(_ field: UInt32) throws(CodecError) {
    try enterLevel()
    while let tag = try nextTag() {
      if tag & 7 == WireType.endGroup.rawValue {
        guard tag >> 3 == field else { throw .groupMismatch(open: field, closed: tag >> 3) }
        levelsLeft += 1
        return
      }
      try skip(tag)
    }
    throw .truncated
  }
}
