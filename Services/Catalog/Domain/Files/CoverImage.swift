/// A cover image whose bytes were checked: JPEG or PNG, complete, of sensible dimensions.
///
/// The structure is walked from the first byte to the image's end; pixels are not decoded.
public struct CoverImage: Hashable, Sendable {
  public enum Format: String, Hashable, Sendable {
    case png, jpeg

    public var mediaType: String { "image/\(rawValue)" }
  }

  public let format: Format
  /// In pixels.
  public let width: Int
  public let height: Int

  /// Checks the bytes of a whole file.
  public init(checking bytes: [UInt8]) throws(FileFault) {
    guard bytes.count <= Int(CatalogLimits.maximumFileBytes) else {
      throw FileFault("larger than \(CatalogLimits.maximumFileBytes) bytes")
    }
    let result = bytes.withUnsafeBytes { raw in
      Result { () throws(FileFault) in try Self.parse(raw) }
    }
    (format, width, height) = try result.get()
    guard width > 0, height > 0 else {
      throw FileFault("its dimensions are \(width) × \(height) pixels")
    }
    guard max(width, height) <= CatalogLimits.maximumImageSide else {
      throw FileFault(
        "its dimensions are \(width) × \(height) pixels; "
          + "a side may have at most \(CatalogLimits.maximumImageSide)")
    }
  }

  private static func parse(
    _ bytes: UnsafeRawBufferPointer
  ) throws(FileFault) -> (Format, Int, Int) {
    if bytes.starts(with: PNGStructure.signature) {
      let size = try PNGStructure.dimensions(bytes)
      return (.png, size.width, size.height)
    }
    if bytes.starts(with: JPEGStructure.signature) {
      let size = try JPEGStructure.dimensions(bytes)
      return (.jpeg, size.width, size.height)
    }
    throw FileFault("neither JPEG nor PNG: its first bytes are \(firstBytes(bytes))")
  }

  private static func firstBytes(_ bytes: UnsafeRawBufferPointer) -> String {
    guard !bytes.isEmpty else { return "none, it is empty" }
    return bytes.prefix(8).map { byte in
      let text = String(byte, radix: 16)
      return text.count == 1 ? "0" + text : text
    }.joined(separator: " ")
  }
}

/// The chunks of a PNG file. Source: W3C "Portable Network Graphics (PNG) Specification", 5.
enum PNGStructure {
  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  /// Walks the chunks from IHDR to IEND, checking each one's length and CRC.
  static func dimensions(
    _ bytes: UnsafeRawBufferPointer
  ) throws(FileFault) -> (width: Int, height: Int) {
    var cursor = ByteCursor(bytes, at: signature.count)
    let header = try chunk(&cursor)
    guard header.type == "IHDR", header.data.count == 13 else {
      throw FileFault("the PNG does not begin with an IHDR chunk of 13 bytes")
    }
    var fields = ByteCursor(header.data)
    guard let width = fields.uint32(), let height = fields.uint32() else {
      throw FileFault("the PNG's IHDR chunk is cut off")
    }
    var hasData = false
    while true {
      let next = try chunk(&cursor)
      if next.type == "IDAT" { hasData = true }
      if next.type == "IEND" { break }
    }
    guard hasData else { throw FileFault("the PNG has no image data (no IDAT chunk)") }
    return (width, height)
  }

  private static func chunk(
    _ cursor: inout ByteCursor
  ) throws(FileFault) -> (type: String, data: UnsafeRawBufferPointer) {
    let start = cursor.offset
    guard let length = cursor.uint32(), let type = cursor.take(4), let data = cursor.take(length),
      let checksum = cursor.uint32()
    else {
      throw FileFault("the PNG is cut off: the chunk at byte \(start) runs beyond the file's end")
    }
    let covered = UnsafeRawBufferPointer(
      rebasing: cursor.bytes[start + 4..<start + 8 + length])
    guard CRC32.of(covered) == UInt32(checksum) else {
      throw FileFault("the PNG is damaged: the chunk at byte \(start) does not match its CRC")
    }
    return (String(decoding: type, as: UTF8.self), data)
  }
}

/// The segments of a JPEG file. Source: ITU-T T.81, annex B.
enum JPEGStructure {
  static let signature: [UInt8] = [0xFF, 0xD8, 0xFF]

  /// Walks the segments to the first scan, and makes sure that the image ends.
  static func dimensions(
    _ bytes: UnsafeRawBufferPointer
  ) throws(FileFault) -> (width: Int, height: Int) {
    var cursor = ByteCursor(bytes, at: 2)
    var size: (width: Int, height: Int)?
    while true {
      let start = cursor.offset
      let marker = try marker(&cursor)
      if marker == 0x01 || (0xD0...0xD7).contains(marker) { continue }
      guard marker != 0xD9 else { throw FileFault("the JPEG ends before its image data") }
      guard let length = cursor.uint16(), length >= 2, let segment = cursor.take(length - 2)
      else {
        throw FileFault(
          "the JPEG is cut off: the segment at byte \(start) runs beyond the file's end")
      }
      if isFrameHeader(marker) { size = try frameDimensions(segment) }
      if marker == 0xDA { break }
    }
    guard let size else { throw FileFault("the JPEG has no frame header before its image data") }
    guard hasEnd(bytes, after: cursor.offset) else {
      throw FileFault("the JPEG is cut off: it has no end-of-image marker")
    }
    return size
  }

  /// The byte after one or more 0xFF.
  private static func marker(_ cursor: inout ByteCursor) throws(FileFault) -> UInt8 {
    let start = cursor.offset
    guard var byte = cursor.byte() else { throw FileFault("the JPEG is cut off at byte \(start)") }
    guard byte == 0xFF else {
      throw FileFault("the JPEG is damaged: no marker at byte \(start)")
    }
    while byte == 0xFF {
      guard let next = cursor.byte() else {
        throw FileFault("the JPEG is cut off at byte \(start)")
      }
      byte = next
    }
    return byte
  }

  /// SOF0 to SOF15, without DHT, JPG and DAC, which lie between them.
  private static func isFrameHeader(_ marker: UInt8) -> Bool {
    (0xC0...0xCF).contains(marker) && marker != 0xC4 && marker != 0xC8 && marker != 0xCC
  }

  private static func frameDimensions(
    _ segment: UnsafeRawBufferPointer
  ) throws(FileFault) -> (width: Int, height: Int) {
    var fields = ByteCursor(segment)
    guard fields.byte() != nil, let height = fields.uint16(), let width = fields.uint16() else {
      throw FileFault("the JPEG's frame header is too short")
    }
    return (width, height)
  }

  /// Cameras append to the image, so the marker is looked for from the end backwards.
  private static func hasEnd(_ bytes: UnsafeRawBufferPointer, after start: Int) -> Bool {
    var index = bytes.count - 2
    while index >= start {
      if bytes[index] == 0xFF, bytes[index + 1] == 0xD9 { return true }
      index -= 1
    }
    return false
  }
}

/// The checksum of PNG's chunks. Source: ISO 3309, as in annex D of the PNG specification.
enum CRC32 {
  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in
      value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1
    }
  }

  static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    var value: UInt32 = 0xFFFF_FFFF
    table.withUnsafeBufferPointer { table in
      for byte in bytes {
        value = table[Int((value ^ UInt32(byte)) & 0xFF)] ^ (value >> 8)
      }
    }
    return value ^ 0xFFFF_FFFF
  }
}
