import Crypto

/// Appends entries to a tenant's chain: numbers them, digests them, and gathers their bytes.
///
/// Its buffers are used again, so that an entry costs no memory of its own.
public struct ChainWriter: Sendable {
  public private(set) var head: LedgerHead
  /// The number of the first entry that is gathered.
  public private(set) var first: Int64
  /// The entries that are gathered: of each its length, its bytes and its digest.
  public private(set) var group = ByteWriter()
  private var scratch = ByteWriter()

  public init(_ head: LedgerHead) {
    self.head = head
    first = head.sequence + 1
  }

  /// How many entries are gathered.
  public var count: Int64 { head.sequence + 1 - first }

  public mutating func append(_ content: EntryDraft) {
    let sequence = head.sequence + 1
    scratch.bytes.removeAll(keepingCapacity: true)
    head.digest.append(to: &scratch.bytes)
    EntryCoding.encode(content, sequence: sequence, into: &scratch)
    let digest = scratch.bytes.withUnsafeBytes { SHA256.hash($0) }
    group.block(scratch.bytes[Digest.byteCount...])
    digest.append(to: &group.bytes)
    head = LedgerHead(sequence: sequence, digest: digest)
  }

  /// Begins a new group, once this one is written.
  public mutating func begin() {
    group.bytes.removeAll(keepingCapacity: true)
    first = head.sequence + 1
  }
}
