import Crypto

/// Appends entries to a tenant's chain: numbers them, digests them, and gathers their bytes.
///
/// Its memory is used again, so that an entry costs none of its own; it cannot be copied.
public struct ChainWriter: ~Copyable {
  public private(set) var head: LedgerHead
  /// The number of the first entry that is gathered.
  public private(set) var first: Int64
  private var group = ByteWriter()
  /// The predecessor's digest and one entry's bytes: what is digested.
  private var entry = ByteWriter()
  private var hasher = SHA256Hasher()

  public init(_ head: LedgerHead) {
    self.head = head
    first = head.sequence + 1
  }

  /// How many entries are gathered.
  public var count: Int64 { head.sequence + 1 - first }

  public mutating func append(_ content: EntryDraft) {
    let sequence = head.sequence + 1
    entry.removeAll()
    entry.digest(head.digest)
    EntryCoding.encode(content, sequence: sequence, into: &entry)
    let bytes = entry.unsafeBytes
    hasher.update(bytes)
    let digest = hasher.finalize()
    group.block(UnsafeRawBufferPointer(rebasing: bytes[Digest.byteCount...]))
    group.digest(digest)
    head = LedgerHead(sequence: sequence, digest: digest)
  }

  /// The entries that are gathered: of each its length, its bytes and its digest.
  public mutating func gathered() -> [UInt8] { group.reusedBytes() }

  /// Begins a new group, once this one is written.
  public mutating func begin() {
    group.removeAll()
    first = head.sequence + 1
  }
}
