import Crypto

/// Writes the few shapes that entries are made of, into memory of its own that it uses again.
///
/// An entry is some thirty short pieces. An array would ask for each whether it is shared with
/// others, so that the memory is this writer's alone, which cannot be copied.
public struct ByteWriter: ~Copyable {
  private var start: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  /// How many bytes were written.
  public private(set) var count = 0
  private var array: [UInt8] = []

  /// The most bytes of a length or a number.
  private static let numberBytes = 10

  public init(capacity: Int = 512) {
    self.capacity = max(capacity, Self.numberBytes)
    start = .allocate(capacity: self.capacity)
  }

  deinit { start.deallocate() }

  /// A copy of what was written.
  public var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

  /// As `bytes`, in an array that is used again once nobody else has it.
  public mutating func reusedBytes() -> [UInt8] {
    array.removeAll(keepingCapacity: true)
    array.append(contentsOf: unsafeBytes)
    return array
  }

  /// Hands what was written to `body`.
  public func withUnsafeBytes<T>(_ body: (UnsafeRawBufferPointer) throws -> T) rethrows -> T {
    try body(unsafeBytes)
  }

  /// What was written, where it stands: until the next byte is written.
  var unsafeBytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }

  /// Begins anew, in the same memory.
  public mutating func removeAll() { count = 0 }

  private mutating func reserve(_ more: Int) {
    if capacity - count < more { grow(more) }
  }

  @inline(never)
  private mutating func grow(_ more: Int) {
    capacity = max(2 * capacity, count + more)
    let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
    larger.update(from: start, count: count)
    start.deallocate()
    start = larger
  }
}

// MARK: - Shapes

extension ByteWriter {
  public mutating func byte(_ value: UInt8) {
    reserve(1)
    start[count] = value
    count += 1
  }

  /// A count or length: seven bits a byte, the lowest first.
  public mutating func length(_ value: UInt64) {
    reserve(Self.numberBytes)
    var rest = value
    while rest >= 0x80 {
      start[count] = UInt8(truncatingIfNeeded: rest) | 0x80
      count += 1
      rest >>= 7
    }
    start[count] = UInt8(truncatingIfNeeded: rest)
    count += 1
  }

  /// A signed number; near zero it is short.
  public mutating func integer(_ value: Int64) {
    length(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
  }

  public mutating func text(_ text: String) {
    let isWritten: Void? = text.utf8.withContiguousStorageIfAvailable {
      block(UnsafeRawBufferPointer($0))
    }
    // Every string of Swift's own is contiguous.
    if isWritten == nil { block(Array(text.utf8)) }
  }

  /// The length, and the bytes.
  public mutating func block(_ block: [UInt8]) {
    block.withUnsafeBytes { self.block($0) }
  }

  /// The length, and the bytes.
  public mutating func block(_ block: UnsafeRawBufferPointer) {
    length(UInt64(block.count))
    append(block)
  }

  /// The 32 bytes.
  public mutating func digest(_ digest: Digest) { digest.withUnsafeBytes { append($0) } }

  private mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress else { return }
    reserve(bytes.count)
    UnsafeMutableRawPointer(start + count).copyMemory(from: source, byteCount: bytes.count)
    count += bytes.count
  }

  mutating func optional<T>(_ value: T?, _ write: (inout ByteWriter, T) -> Void) {
    byte(value == nil ? 0 : 1)
    if let value { write(&self, value) }
  }
}
