/// Finds the separators of a block of CSV, 64 bytes at a time.
///
/// A comma or line feed separates unless it lies in a quoted field, and it does so exactly if an
/// odd number of quotes precede it: a closing and reopening quote (`""`) lie side by side, so that
/// nothing lies between them. Where quotes are out of place the count may mislead, but only behind
/// the faulty field, whose own beginning and first separator are right; it is refused there.
struct SeparatorScan: Sendable {
  /// Bytes that must be readable behind a block.
  static let padding = 64

  /// Where each field ends, as an offset into the block. Only the first `count` are meant.
  private(set) var ends: [UInt32] = []
  private(set) var count = 0
  /// For each record, the index behind that of its last field.
  private(set) var recordEnds: [UInt32] = []
  private(set) var hasQuotes = false
  /// A carriage return outside of quotes that no line feed follows.
  private(set) var hasBareReturn = false
  private(set) var hasHighBytes = false
  /// The block ends inside a quoted field.
  private(set) var endsInQuotes = false

  private static let comma = UInt8(ascii: ",")
  private static let lineFeed = UInt8(ascii: "\n")
  private static let carriageReturn = UInt8(ascii: "\r")
  private static let quote = UInt8(ascii: "\"")

  /// Scans `length` bytes, behind which `padding` more can be read.
  mutating func scan(_ bytes: UnsafeRawPointer, length: Int) {
    precondition(length < Int(UInt32.max), "offsets into a block have 32 bits")
    count = 0
    recordEnds.removeAll(keepingCapacity: true)
    (hasQuotes, hasBareReturn, hasHighBytes) = (false, false, false)
    (endsInQuotes, endsInReturn) = (false, false)
    var found = ends
    ends = []
    // Every byte may be a comma, and up to four ends are written ahead.
    if found.count < length + 8 { found = [UInt32](repeating: 0, count: length + 8) }
    found.withUnsafeMutableBufferPointer { found in
      guard let out = found.baseAddress else { return }
      var start = 0
      while start < length {
        scan(bytes + start, at: start, length: min(64, length - start), into: out)
        start += 64
      }
    }
    ends = found
    if endsInReturn { hasBareReturn = true }
  }

  /// Ends the last record at the end of the file, where no line feed does.
  mutating func closeRecord(at end: Int) {
    ends[count] = UInt32(truncatingIfNeeded: end)
    count += 1
    recordEnds.append(UInt32(truncatingIfNeeded: count))
  }

  /// The last byte scanned was a carriage return outside of quotes.
  private var endsInReturn = false

  @inline(__always)
  private mutating func scan(
    _ bytes: UnsafeRawPointer, at offset: Int, length: Int,
    into ends: UnsafeMutablePointer<UInt32>
  ) {
    let meant: UInt64 = length == 64 ? ~0 : (1 << UInt64(length)) - 1
    let special = ByteMask.special(bytes)
    var separators = ByteMask.of(Self.comma, Self.lineFeed, bytes) & meant
    var lines = ByteMask.of(Self.lineFeed, Self.lineFeed, bytes, ifAny: separators) & meant
    if special || endsInQuotes || endsInReturn {
      let outside = outsideQuotes(bytes, meant)
      separators &= outside
      lines &= outside
    }
    let first = count
    emit(separators, at: offset, into: ends)
    while lines != 0 {
      let before = separators & (lines ^ (lines &- 1))
      recordEnds.append(UInt32(truncatingIfNeeded: first &+ before.nonzeroBitCount))
      lines &= lines &- 1
    }
  }

  /// Most groups of 64 bytes have at most four separators: those are written without branches.
  @inline(__always)
  private mutating func emit(
    _ separators: UInt64, at offset: Int, into ends: UnsafeMutablePointer<UInt32>
  ) {
    var rest = separators
    let total = separators.nonzeroBitCount
    let out = ends + count
    for index in 0..<4 {
      out[index] = UInt32(truncatingIfNeeded: offset &+ rest.trailingZeroBitCount)
      rest &= rest &- 1
    }
    var index = 4
    while index < total {
      out[index] = UInt32(truncatingIfNeeded: offset &+ rest.trailingZeroBitCount)
      rest &= rest &- 1
      index &+= 1
    }
    count &+= total
  }

  /// Notes quotes, carriage returns and bytes beyond ASCII; returns what lies outside of quotes.
  private mutating func outsideQuotes(_ bytes: UnsafeRawPointer, _ meant: UInt64) -> UInt64 {
    let quotes = ByteMask.of(Self.quote, Self.quote, bytes) & meant
    if quotes != 0 { hasQuotes = true }
    if ByteMask.high(bytes) & meant != 0 { hasHighBytes = true }
    // Each bit becomes the parity of the quotes up to it.
    var inside = quotes
    for shift in [1, 2, 4, 8, 16, 32] as [UInt64] { inside ^= inside &<< shift }
    if endsInQuotes { inside = ~inside }
    endsInQuotes = inside & (meant ^ (meant &>> 1)) != 0
    let returns = ByteMask.of(Self.carriageReturn, Self.carriageReturn, bytes) & meant & ~inside
    let feeds = ByteMask.of(Self.lineFeed, Self.lineFeed, bytes)
    let followed = (returns &<< 1) | (endsInReturn ? 1 : 0)
    if followed & meant & ~feeds != 0 { hasBareReturn = true }
    endsInReturn = returns & (meant ^ (meant &>> 1)) != 0
    return ~inside
  }
}

/// Which of 64 bytes have a property: bit i stands for byte i.
enum ByteMask {
  private typealias Lane = SIMD16<UInt8>

  @inline(__always)
  static func of(_ first: UInt8, _ second: UInt8, _ bytes: UnsafeRawPointer) -> UInt64 {
    var mask: UInt64 = 0
    for index in 0..<4 {
      let lane = bytes.loadUnaligned(fromByteOffset: 16 &* index, as: Lane.self)
      let equal = words(lane, first) | words(lane, second)
      mask |= gather(equal) &<< UInt64(16 &* index)
    }
    return mask
  }

  /// As above, but only looked for if a wider mask has any bit.
  @inline(__always)
  static func of(
    _ first: UInt8, _ second: UInt8, _ bytes: UnsafeRawPointer, ifAny wider: UInt64
  ) -> UInt64 {
    var any = SIMD2<UInt64>()
    for index in 0..<4 {
      any |= words(bytes.loadUnaligned(fromByteOffset: 16 &* index, as: Lane.self), first)
    }
    return any[0] | any[1] == 0 ? 0 : of(first, second, bytes) & wider
  }

  @inline(__always)
  static func high(_ bytes: UnsafeRawPointer) -> UInt64 {
    var mask: UInt64 = 0
    for index in 0..<4 {
      let lane = bytes.loadUnaligned(fromByteOffset: 16 &* index, as: SIMD2<UInt64>.self)
      mask |= gather(lane) &<< UInt64(16 &* index)
    }
    return mask
  }

  /// Whether there is a quote, a carriage return or a byte beyond ASCII.
  @inline(__always)
  static func special(_ bytes: UnsafeRawPointer) -> Bool {
    var any = SIMD2<UInt64>()
    for index in 0..<4 {
      let lane = bytes.loadUnaligned(fromByteOffset: 16 &* index, as: Lane.self)
      any |= words(lane, UInt8(ascii: "\"")) | words(lane, UInt8(ascii: "\r"))
      any |= bytes.loadUnaligned(fromByteOffset: 16 &* index, as: SIMD2<UInt64>.self)
    }
    return (any[0] | any[1]) & 0x8080_8080_8080_8080 != 0
  }

  /// 0xFF for each byte that is equal, else 0.
  @inline(__always)
  private static func words(_ lane: Lane, _ byte: UInt8) -> SIMD2<UInt64> {
    unsafeBitCast(lane .== Lane(repeating: byte), to: SIMD2<UInt64>.self)
  }

  /// The highest bits of 16 bytes: a multiplication moves those of eight into one byte.
  @inline(__always)
  private static func gather(_ words: SIMD2<UInt64>) -> UInt64 {
    let high = words & SIMD2(repeating: 0x8080_8080_8080_8080)
    let first = (high[0].littleEndian &* 0x0002_0408_1020_4081) &>> 56
    let second = (high[1].littleEndian &* 0x0002_0408_1020_4081) &>> 56
    return first | second &<< 8
  }
}
