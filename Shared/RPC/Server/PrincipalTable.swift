/// A principal as calls bring it along. Calls that bring the same bytes have one, so that what was
/// found out about it, such as that its signature is right, need not be found out again.
public final class PresentedPrincipal: Sendable {
  /// A serialized SignedPrincipal; empty for a call without one.
  public let bytes: [UInt8]
  private let known = SetOnce<PrincipalFacts>()

  public init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  static let none = PresentedPrincipal([])

  /// What was found out about it.
  public var facts: PrincipalFacts? { known.value }

  /// Keeps what follows from the bytes alone, whenever and by whomever they are brought along; the
  /// first stays. Nothing is kept of no principal at all: that one is shared by all loops.
  public func keep(_ facts: PrincipalFacts) {
    guard !bytes.isEmpty else { return }
    _ = known.set(facts)
  }
}

/// What an interceptor finds out about a principal; its own class says what.
open class PrincipalFacts: @unchecked Sendable {
  // @unchecked Sendable: it holds nothing; what a subclass adds, its own conformance vouches for.
  public init() {}
}

/// The principals that the calls of one loop have brought along lately, by their bytes.
///
/// A table of two places for each hash, the one used last first: who is pushed out is made again.
/// What is compared with are mostly verified bytes, which no comparison that ends early should help
/// to guess: it costs nothing more, though finding the place keeps nothing secret.
///
/// Confined to the loop.
final class PrincipalTable {
  /// A power of two. The busiest callers of a service find room; their bytes are some hundreds.
  private static let hashes = 256
  /// Longer ones are rare, and looked up by the keyring itself.
  private static let maximumBytes = 1_024

  private var table = [PresentedPrincipal?](repeating: nil, count: 2 * hashes)

  func find(_ bytes: UnsafeRawBufferPointer) -> PresentedPrincipal {
    guard !bytes.isEmpty else { return .none }
    guard bytes.count >= 8, bytes.count <= PrincipalTable.maximumBytes else {
      return PresentedPrincipal([UInt8](bytes))
    }
    let place = 2 * PrincipalTable.hash(bytes)
    if let known = find(bytes, at: place) { return known }
    if let known = find(bytes, at: place + 1) {
      table.swapAt(place, place + 1)
      return known
    }
    let new = PresentedPrincipal([UInt8](bytes))
    table[place + 1] = table[place]
    table[place] = new
    return new
  }

  private func find(_ bytes: UnsafeRawBufferPointer, at place: Int) -> PresentedPrincipal? {
    guard let known = table[place], PrincipalTable.areEqual(known.bytes, bytes) else { return nil }
    return known
  }

  /// By the last bytes: they are of the signature, which is as good as random.
  private static func hash(_ bytes: UnsafeRawBufferPointer) -> Int {
    let last = bytes.loadUnaligned(fromByteOffset: bytes.count - 8, as: UInt64.self)
    return Int(truncatingIfNeeded: (last &* 0x9E37_79B9_7F4A_7C15) >> 32) & (hashes - 1)
  }

  private static func areEqual(_ known: [UInt8], _ bytes: UnsafeRawBufferPointer) -> Bool {
    guard known.count == bytes.count else { return false }
    return known.withUnsafeBytes { known in
      var difference: UInt64 = 0
      var offset = 0
      while offset + 8 <= bytes.count {
        difference |=
          known.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
          ^ bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        offset += 8
      }
      while offset < bytes.count {
        difference |= UInt64(known[offset] ^ bytes[offset])
        offset += 1
      }
      return difference == 0
    }
  }
}
