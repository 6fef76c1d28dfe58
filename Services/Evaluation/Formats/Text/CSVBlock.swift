import Glibc

/// Consecutive whole records of a CSV file.
struct CSVBlock: Sendable {
  /// The bytes, and `SeparatorScan.padding` more of no meaning.
  var storage: [UInt8]
  let count: Int
  /// The file begins here, perhaps with a byte order mark.
  let isFirst: Bool
  /// The file ends here. Otherwise the last record ends with the block, or is longer than allowed.
  let isLast: Bool
}

/// Cuts the bytes of a CSV file into blocks at record ends, so that blocks can be parsed apart.
struct CSVSplitter: Sendable {
  /// Large enough that its overheads do not count, small enough to stay in a core's cache.
  static let blockBytes = 1 << 19

  private let blockBytes: Int
  private let maximumRecordBytes: Int
  private var pending: [UInt8] = []
  /// With fewer pending bytes no further record end is looked for.
  private var threshold: Int
  private var isFirst = true

  init(limits: FormatLimits, blockBytes: Int = Self.blockBytes) {
    self.blockBytes = max(1, blockBytes)
    maximumRecordBytes = limits.maximumRecordBytes
    threshold = self.blockBytes
  }

  /// Adds bytes of the file, cut anywhere.
  mutating func append(_ chunk: UnsafeRawBufferPointer) {
    pending.append(contentsOf: chunk)
  }

  /// Adds bytes from a source that fills a buffer and returns how many it had; false at the end.
  mutating func fill(_ read: (UnsafeMutableRawBufferPointer) -> Int) -> Bool {
    let old = pending
    let wanted = max(1, max(threshold, blockBytes) - old.count)
    var taken = 0
    pending = Array(
      unsafeUninitializedCapacity: old.count + wanted + SeparatorScan.padding
    ) { buffer, count in
      _ = buffer.update(fromContentsOf: old)
      let free = UnsafeMutableRawBufferPointer(
        rebasing: UnsafeMutableRawBufferPointer(buffer)[old.count..<old.count + wanted])
      taken = read(free)
      count = old.count + taken
    }
    return taken > 0
  }

  /// The next whole records, if enough bytes were added.
  mutating func next() -> CSVBlock? {
    guard pending.count >= threshold else { return nil }
    if let cut = Self.lastRecordEnd(pending) {
      threshold = blockBytes
      return take(cut, isLast: false)
    }
    // Twice as many bytes before the next look: a long record costs no more than twice its length.
    threshold = 2 * pending.count
    // The byte order mark is no part of the record.
    guard pending.count > maximumRecordBytes + 3 else { return nil }
    return take(pending.count, isLast: false)
  }

  /// The rest, when the file has ended.
  mutating func last() -> CSVBlock { take(pending.count, isLast: true) }

  private mutating func take(_ count: Int, isLast: Bool) -> CSVBlock {
    let rest = Array(pending[count...])
    pending.append(contentsOf: repeatElement(0, count: SeparatorScan.padding))
    let block = CSVBlock(storage: pending, count: count, isFirst: isFirst, isLast: isLast)
    isFirst = false
    pending = rest
    return block
  }

  /// The position behind the last line feed that is not in a quoted field, which an even number of
  /// quotes precede.
  static func lastRecordEnd(_ bytes: [UInt8]) -> Int? {
    bytes.withUnsafeBufferPointer { bytes in
      guard let start = bytes.baseAddress else { return nil }
      var quotes = 0
      // Most files have no quotes, which the C library tells fastest.
      if memchr(start, CInt(UInt8(ascii: "\"")), bytes.count) != nil {
        for byte in bytes { quotes &+= byte == UInt8(ascii: "\"") ? 1 : 0 }
      }
      var isInQuotes = !quotes.isMultiple(of: 2)
      var position = bytes.count
      while position > 0 {
        position -= 1
        if bytes[position] == UInt8(ascii: "\"") {
          isInQuotes.toggle()
        } else if bytes[position] == UInt8(ascii: "\n"), !isInQuotes {
          return position + 1
        }
      }
      return nil
    }
  }
}
