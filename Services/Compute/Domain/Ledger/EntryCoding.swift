import Crypto

/// An entry as bytes: what is stored, and what its digest covers.
///
/// `digest = SHA256(predecessor's digest ‖ bytes)`. The bytes are a version, then every field in a
/// fixed order: an integer as a zigzag varint (as protobuf's `sint64`), a text as the varint of its
/// length and its UTF-8, an optional value as 0, or 1 and the value. One entry has one encoding.
public enum EntryCoding {
  /// The first byte of every entry.
  static let version: UInt8 = 1

  /// The bytes of an entry.
  public static func encode(_ content: EntryDraft, sequence: Int64) -> [UInt8] {
    var writer = ByteWriter()
    encode(content, sequence: sequence, into: &writer)
    return writer.bytes
  }

  /// Appends the bytes of an entry.
  static func encode(_ content: EntryDraft, sequence: Int64, into writer: inout ByteWriter) {
    writer.byte(version)
    writer.integer(sequence)
    writer.text(content.cause.rawValue)
    writer.text(content.idempotencyKey)
    writer.text(content.tenant)
    writer.text(content.useCase)
    writer.text(content.participant)
    writer.text(content.run)
    writer.text(content.actor)
    writer.text(content.trace)
    writer.integer(content.time)
    writer.optional(content.meter) { writer, meter in
      writer.text(meter.provenance.rawValue)
      writer.text(meter.name)
    }
    writer.optional(content.mark) { $0.mark($1) }
    writer.optional(content.price) { writer, price in
      writer.text(price.version)
      writer.integer(price.validFrom)
      writer.integer(price.nanoEuroPerGFLOP)
    }
    writer.integer(Int64(content.postings.count))
    let postings = content.postings.span
    for index in postings.indices { writer.posting(postings[index], of: content.useCase) }
  }

  /// What the digest of an entry with `bytes` must be.
  public static func digest(of bytes: [UInt8], after previous: Digest) -> Digest {
    SHA256.hash(previous.bytes + bytes)
  }

  /// Reads what `encode` wrote.
  public static func decode(
    _ bytes: ArraySlice<UInt8>
  ) throws(EntryDamage) -> (sequence: Int64, content: EntryDraft) {
    var reader = ByteReader(bytes)
    guard try reader.byte() == version else { throw EntryDamage() }
    let sequence = try reader.integer()
    guard let cause = Cause(rawValue: try reader.text()) else { throw EntryDamage() }
    var content = EntryDraft(
      cause: cause, idempotencyKey: try reader.text(), tenant: try reader.text(),
      useCase: try reader.text(), participant: try reader.text(), run: try reader.text(),
      actor: "", meter: nil, mark: nil, price: nil, trace: "", time: 0, postings: [])
    content.actor = try reader.text()
    content.trace = try reader.text()
    content.time = try reader.integer()
    if try reader.isPresent() {
      guard let provenance = Provenance(rawValue: try reader.text()) else { throw EntryDamage() }
      content.meter = Meter(provenance: provenance, name: try reader.text())
    }
    if try reader.isPresent() { content.mark = try reader.mark() }
    if try reader.isPresent() {
      content.price = Price(
        version: try reader.text(), validFrom: try reader.integer(),
        nanoEuroPerGFLOP: try reader.integer())
    }
    content.postings = try reader.postings(useCase: content.useCase)
    guard reader.isAtEnd else { throw EntryDamage() }
    return (sequence, content)
  }
}

/// Bytes that are no entry.
public struct EntryDamage: Error, Equatable, Sendable, CustomStringConvertible {
  public init() {}
  public var description: String { "its bytes are not those of an entry" }
}

extension ByteWriter {
  fileprivate mutating func posting(_ posting: Posting, of useCase: String) {
    let account = posting.account
    byte(account.kind.code)
    // Only a forged entry posts to another use case's account; it must have its own bytes.
    text(account.useCase == useCase ? "" : account.useCase)
    text(account.participant)
    text(account.priceVersion)
    integer(posting.amount.value)
  }

  fileprivate mutating func mark(_ mark: RunMark) {
    let (name, words) = mark.state.stored
    text(name)
    text(words)
    integer(mark.counter.value)
    integer(mark.used.value)
    integer(mark.held.value)
    integer(mark.lateAllowance.value)
    integer(mark.lastReport)
    integer(mark.metered)
    optional(mark.ended) { $0.integer($1) }
  }
}

extension ByteReader {
  fileprivate mutating func mark() throws(EntryDamage) -> RunMark {
    guard let state = RunState(name: try text(), words: try text()) else { throw EntryDamage() }
    var mark = RunMark(
      state: state, counter: GFLOP(try integer()), used: GFLOP(try integer()),
      held: GFLOP(try integer()), lateAllowance: GFLOP(try integer()),
      lastReport: try integer(), metered: try integer())
    if try isPresent() { mark.ended = try integer() }
    return mark
  }

  fileprivate mutating func postings(useCase: String) throws(EntryDamage) -> [Posting] {
    let count = try integer()
    guard 0...1_000_000 ~= count else { throw EntryDamage() }
    var postings: [Posting] = []
    for _ in 0..<count {
      guard let kind = AccountKind(code: try byte()) else { throw EntryDamage() }
      let other = try text()
      // An own account has one encoding, the empty one.
      guard other.isEmpty || other != useCase else { throw EntryDamage() }
      let account = Account(
        kind: kind, useCase: other.isEmpty ? useCase : other, participant: try text(),
        priceVersion: try text())
      postings.append(Posting(account: account, amount: GFLOP(try integer())))
    }
    return postings
  }
}
